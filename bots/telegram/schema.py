"""The fields of the Bot API that Parley reads and writes, and nothing more.

Decoding skips what is not named here, which is where a typed model of the whole API spends its time.
https://core.telegram.org/bots/api
"""

import msgspec
from msgspec import Raw


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Formatting of a stretch of text; offset and length are UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    custom_emoji_id: str | None = None


class User(msgspec.Struct, frozen=True):
    """A person or a bot."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""


class Chat(msgspec.Struct, frozen=True):
    """A private chat, a group, a supergroup or a channel."""

    id: int
    type: str
    title: str = ""
    first_name: str = ""
    last_name: str = ""

    @property
    def private(self) -> bool:
        """Whether it is the chat of one person with the bot."""
        return self.type == "private"


class Mention(msgspec.Struct, frozen=True):
    """An entity of a received text; ``user`` is set where somebody without a username is meant."""

    type: str
    offset: int
    length: int
    user: User | None = None


class Topic(msgspec.Struct, frozen=True):
    """The name of a topic that was created or edited; empty when only its icon changed."""

    name: str = ""


class Nothing(msgspec.Struct, frozen=True):
    """An object whose presence says it all."""


class Replied(msgspec.Struct, frozen=True):
    """The message that another one answers.

    In a topic that is its creation for everything that answers nothing else.
    """

    message_id: int
    sender: User | None = msgspec.field(name="from", default=None)
    forum_topic_created: Topic | None = None


class Message(msgspec.Struct, frozen=True):
    """A message as it comes in an update."""

    message_id: int
    chat: Chat
    date: int = 0
    sender: User | None = msgspec.field(name="from", default=None)
    sender_chat: Chat | None = None
    message_thread_id: int = 0
    is_topic_message: bool = False
    is_automatic_forward: bool = False
    text: str = ""
    entities: tuple[Mention, ...] = ()
    caption: str = ""
    caption_entities: tuple[Mention, ...] = ()
    reply_to_message: Replied | None = None
    media_group_id: str = ""
    forum_topic_created: Topic | None = None
    forum_topic_edited: Topic | None = None
    forum_topic_closed: Nothing | None = None
    forum_topic_reopened: Nothing | None = None
    migrate_to_chat_id: int = 0
    migrate_from_chat_id: int = 0
    new_chat_title: str = ""
    photo: Raw = Raw()
    sticker: Raw = Raw()
    voice: Raw = Raw()
    audio: Raw = Raw()
    video: Raw = Raw()
    video_note: Raw = Raw()
    animation: Raw = Raw()
    document: Raw = Raw()
    contact: Raw = Raw()
    location: Raw = Raw()
    poll: Raw = Raw()
    dice: Raw = Raw()
    story: Raw = Raw()
    paid_media: Raw = Raw()
    checklist: Raw = Raw()
    rich_message: Raw = Raw()

    @property
    def has_content(self) -> bool:
        """Whether a person put something into it that is not text; service messages have nothing."""
        return any(
            (
                self.photo,
                self.sticker,
                self.voice,
                self.audio,
                self.video,
                self.video_note,
                self.animation,
                self.document,
                self.contact,
                self.location,
                self.poll,
                self.dice,
                self.story,
                self.paid_media,
                self.checklist,
                self.rich_message,
            )
        )


class CallbackQuery(msgspec.Struct, frozen=True):
    """A pressed button; ``message`` is missing where the button is not under a message of the bot."""

    id: str
    sender: User = msgspec.field(name="from")
    message: Message | None = None
    data: str = ""


class Update(msgspec.Struct, frozen=True):
    """One event; kinds that were not asked for leave it empty."""

    update_id: int
    message: Message | None = None
    callback_query: CallbackQuery | None = None


class Sent(msgspec.Struct, frozen=True):
    """What is needed of a message that the bot sent."""

    message_id: int


class Button(msgspec.Struct, frozen=True, omit_defaults=True):
    """A button that sends ``callback_data`` (1 to 64 bytes)."""

    text: str
    callback_data: str
    style: str = ""


class Keyboard(msgspec.Struct, frozen=True):
    """Rows of buttons under a message."""

    inline_keyboard: tuple[tuple[Button, ...], ...]


class NoPreview(msgspec.Struct, frozen=True):
    """Links grow no preview under an answer."""

    is_disabled: bool = True


class ReplyTo(msgspec.Struct, frozen=True):
    """The message that is answered, if it is still there."""

    message_id: int
    allow_sending_without_reply: bool = True


class SendMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """https://core.telegram.org/bots/api#sendmessage."""

    chat_id: int
    text: str
    entities: tuple[Entity, ...] = ()
    message_thread_id: int = 0
    reply_parameters: ReplyTo | None = None
    reply_markup: Keyboard | None = None
    link_preview_options: NoPreview | None = None


class EditMessageText(msgspec.Struct, frozen=True, omit_defaults=True):
    """https://core.telegram.org/bots/api#editmessagetext."""

    chat_id: int
    message_id: int
    text: str
    entities: tuple[Entity, ...] = ()
    reply_markup: Keyboard | None = None
    link_preview_options: NoPreview | None = None


class Undress(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#editmessagereplymarkup without a keyboard takes it away."""

    chat_id: int
    message_id: int


class DeleteMessage(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#deletemessage."""

    chat_id: int
    message_id: int


class SendChatAction(msgspec.Struct, frozen=True, omit_defaults=True):
    """https://core.telegram.org/bots/api#sendchataction."""

    chat_id: int
    action: str
    message_thread_id: int = 0


class GetUpdates(msgspec.Struct, frozen=True, omit_defaults=True):
    """https://core.telegram.org/bots/api#getupdates; ``timeout`` in seconds."""

    timeout: int
    allowed_updates: tuple[str, ...]
    offset: int = 0


class SetWebhook(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#setwebhook; updates that wait are kept."""

    url: str
    secret_token: str
    allowed_updates: tuple[str, ...]
    max_connections: int


class WebhookInfo(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#webhookinfo; the date is in seconds, 0 without an error."""

    url: str
    pending_update_count: int = 0
    last_error_date: int = 0
    last_error_message: str = ""


class Parameters(msgspec.Struct, frozen=True):
    """What the refusal of a call says to do instead."""

    retry_after: float = 0.0
    migrate_to_chat_id: int = 0


class Response(msgspec.Struct, frozen=True):
    """The envelope of every answer."""

    ok: bool
    result: Raw = Raw()
    error_code: int = 0
    description: str = ""
    parameters: Parameters = Parameters()
