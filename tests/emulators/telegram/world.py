"""The state of the emulated Telegram: users, chats, messages, and the bot among them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.emulators.telegram.changes import Changes
from tests.emulators.telegram.flood import Flood
from tests.emulators.telegram.model import (
    CallbackAnswer,
    ChatAction,
    ChatId,
    ChatKind,
    Draft,
    MemberStatus,
    Message,
    MessageId,
    Revision,
    ThreadId,
    Topic,
    User,
    UserId,
    WorldError,
)
from tests.emulators.telegram.updates import UpdateQueue
from tests.emulators.telegram.wire import JsonObject


@dataclass(frozen=True, slots=True)
class Settings:
    """How this Telegram and its bot are set up.

    With `privacy_mode` the bot sees in groups only what is meant for it; `private_topics` is the
    bot's topic mode in private chats.
    """

    flood: Flood = field(default_factory=Flood)
    privacy_mode: bool = False
    private_topics: bool = True
    bot_name: str = "Parley"
    bot_username: str = "parley_bot"
    callback_lifetime: timedelta = timedelta(seconds=60)
    draft_lifetime: timedelta = timedelta(seconds=30)
    webhook_retry: timedelta = timedelta(milliseconds=200)


@dataclass(slots=True)
class Chat:
    """A chat and all that happened in it; `sequence` numbers its messages."""

    id: ChatId
    kind: ChatKind
    title: str
    sequence: "itertools.count[int]"
    is_forum: bool = False
    members: dict[UserId, MemberStatus] = field(default_factory=dict)
    topics: dict[ThreadId, Topic] = field(default_factory=dict)
    messages: dict[MessageId, Message] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    drafts_shown: dict[ThreadId | None, Draft] = field(default_factory=dict)
    actions: list[ChatAction] = field(default_factory=list)
    blocked: bool = False
    migrated_to: ChatId | None = None

    @property
    def private(self) -> bool:
        return self.kind is ChatKind.PRIVATE

    def status(self, user_id: UserId) -> MemberStatus:
        return self.members.get(user_id, MemberStatus.LEFT)


@dataclass(slots=True)
class Callback:
    """A pressed button that waits for its answer."""

    id: str
    at: datetime
    answer: CallbackAnswer | None = None
    expired: bool = False


class World:
    """Everything there is; methods of the Bot API and people change it through here."""

    def __init__(self, bot_id: int, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.changes = Changes()
        self.updates = UpdateQueue(self.changes.notify)
        self.bot = User(UserId(bot_id), settings.bot_name, settings.bot_username, is_bot=True)
        self.users: dict[UserId, User] = {self.bot.id: self.bot}
        self.chats: dict[ChatId, Chat] = {}
        self.callbacks: dict[str, Callback] = {}
        self.commands: dict[str, list[JsonObject]] = {}
        self.profile: dict[str, str] = {}
        self._clock = clock
        self._shared_sequence = itertools.count(1)
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        return self._clock()

    def next_number(self) -> int:
        return next(self._numbers)

    def add_user(self, first_name: str, username: str | None, language: str) -> User:
        user = User(UserId(1000 + self.next_number()), first_name, username, language)
        self.users[user.id] = user
        return user

    def open_private_chat(self, user: User) -> Chat:
        """Return the chat of a user and the bot; it exists from the user's first message on."""
        chat_id = ChatId(user.id)
        if chat_id not in self.chats:
            chat = Chat(chat_id, ChatKind.PRIVATE, user.first_name, self._shared_sequence)
            chat.members = {user.id: MemberStatus.MEMBER, self.bot.id: MemberStatus.MEMBER}
            self.chats[chat_id] = chat
        return self.chats[chat_id]

    def add_group(self, title: str, creator: User, kind: ChatKind, *, is_forum: bool) -> Chat:
        number = self.next_number()
        supergroup = kind is ChatKind.SUPERGROUP
        chat_id = ChatId(-1_002_000_000_000 - number if supergroup else -4_000_000 - number)
        sequence = itertools.count(1) if supergroup else self._shared_sequence
        chat = Chat(chat_id, kind, title, sequence, is_forum)
        chat.members[creator.id] = MemberStatus.CREATOR
        self.chats[chat_id] = chat
        return chat

    def chat(self, chat_id: int) -> Chat:
        try:
            return self.chats[ChatId(chat_id)]
        except KeyError:
            raise WorldError(f"there is no chat {chat_id}") from None

    def message(self, chat: Chat, message_id: int) -> Message | None:
        """Return a message that is still there."""
        message = chat.messages.get(MessageId(message_id))
        return None if message is None or message.deleted_at else message

    def post(self, chat: Chat, draft: Message) -> Message:
        """Put a message into its chat: gives it its number, time and first revision."""
        at = self.now()
        message = replace(
            draft,
            id=MessageId(next(chat.sequence)),
            at=at,
            history=(Revision(at, draft.text, draft.entities, draft.reply_markup),),
        )
        chat.messages[message.id] = message
        self.changes.notify()
        return message

    def revise(self, chat: Chat, message: Message, *, hide_edit: bool = False) -> Message:
        """Put a changed message in place of the one with its number."""
        at = self.now()
        revision = Revision(at, message.text, message.entities, message.reply_markup)
        edited_at = message.edited_at if hide_edit else at
        revised = replace(message, edited_at=edited_at, history=(*message.history, revision))
        return self.put(chat, revised)

    def put(self, chat: Chat, message: Message) -> Message:
        chat.messages[message.id] = message
        self.changes.notify()
        return message

    def delete(self, chat: Chat, message: Message) -> None:
        self.put(chat, replace(message, deleted_at=self.now()))

    def blank(self, chat: Chat, sender: User, thread_id: int | None = None) -> Message:
        """Return an unsent message to fill in."""
        thread = None if thread_id is None else ThreadId(thread_id)
        return Message(MessageId(0), chat.id, sender, self.now(), thread_id=thread)


def utc_now() -> datetime:
    return datetime.now(UTC)
