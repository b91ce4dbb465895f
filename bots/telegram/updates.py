"""Reads updates: what a person said, commanded or pressed, and what became of a chat."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from bots.telegram.schema import CallbackQuery, Chat, Mention, Message, Update, User
from bots.wording import UNSEEN
from bots.words import Room
from sessions.model import (
    Ask,
    EventId,
    Inbound,
    Person,
    PersonId,
    Place,
    Platform,
    Task,
    ThreadRef,
    WorkspaceKey,
)

WANTED = ("message", "callback_query")
"""The kinds of updates that are asked for."""

_HEADS = "|".join((*Room, "plan", "stop", "retry", "help", "start"))
_COMMAND = re.compile(rf"/({_HEADS})(@\w+)?(?=\s|$)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something came from. ``administers`` is known only of those who speak as the chat itself."""

    place: Place
    person: Person
    event: EventId
    message: int
    private: bool
    administers: bool = False

    @property
    def chat(self) -> str:
        """The chat's id."""
        return self.place.thread.chat


@dataclass(frozen=True, slots=True)
class Said:
    """Text for the session. In a group it counts if it is ``addressed`` or the thread is bound."""

    origin: Origin
    text: str
    sent_at: datetime
    addressed: bool
    title: str = ""

    def inbound(self, ask: Ask = Ask.ANSWER) -> Inbound:
        """Return it as the engine takes it."""
        return inbound_of(self.origin, self.text, self.sent_at, ask)


@dataclass(frozen=True, slots=True)
class Commanded:
    """One of the bot's commands, without the mention it may have come with."""

    origin: Origin
    text: str
    sent_at: datetime
    title: str = ""


@dataclass(frozen=True, slots=True)
class Wordless:
    """A message without text for the model: a picture, a sticker, or nothing but the bot's name."""

    origin: Origin
    addressed: bool
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button; ``data`` is whatever the client sent. Without ``origin`` its message is out of reach."""

    origin: Origin | None
    query: str
    data: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A topic or a group has this title."""

    thread: ThreadRef
    title: str


@dataclass(frozen=True, slots=True)
class ClosedTopic:
    """A topic takes no messages for the time being."""

    thread: ThreadRef


@dataclass(frozen=True, slots=True)
class Reopened:
    """A topic takes messages again."""

    thread: ThreadRef


@dataclass(frozen=True, slots=True)
class Moved:
    """A chat has another id."""

    old: ThreadRef
    new: ThreadRef


@dataclass(frozen=True, slots=True)
class Removed:
    """A topic is not there any more; no update tells, a refused send does."""

    thread: ThreadRef


Change = Renamed | ClosedTopic | Reopened | Moved | Removed
Event = Said | Commanded | Wordless | Pressed | Change


class Reader:
    """Reads updates for the bot of that id and username."""

    def __init__(self, bot_id: int, username: str) -> None:
        self._id = bot_id
        self._name = username
        name = rf"@{re.escape(username)}(?!\w)"
        self._mention = re.compile(rf"^\s*{name}[,:]?|\s*(?<!\w){name}", re.ASCII | re.IGNORECASE)

    def read(self, update: Update) -> Event | None:
        """Return what an update tells; None for what the bot takes no part in."""
        if update.message is not None:
            return self._message(update.message)
        if update.callback_query is not None:
            return self._pressed(update.callback_query)
        return None

    def _message(self, message: Message) -> Event | None:
        if (change := _change(message)) is not None:
            return change
        person = _speaker(message)
        if person is None or message.is_automatic_forward:
            return None
        said, entities = message.text or message.caption, message.entities or message.caption_entities
        if not said and not message.has_content:
            return None
        origin = self._origin(message, person)
        addressed = origin.private or self._is_addressed(message, said, entities)
        text = said if origin.private else self._mention.sub("", said)
        if not text.strip():
            return Wordless(origin, addressed, empty=bool(said) and not message.has_content)
        return self._words(message, origin, text.strip(), addressed=addressed)

    def _words(
        self, message: Message, origin: Origin, text: str, *, addressed: bool
    ) -> Said | Commanded | None:
        sent_at = datetime.fromtimestamp(message.date, UTC)
        title = _title(message)
        if message.text and (command := _COMMAND.match(text)) is not None:
            if command[2] and command[2][1:].casefold() != self._name.casefold():
                return None
            return Commanded(origin, text, sent_at, title)
        if text.startswith("/") and not (origin.private or addressed):
            return None
        words = f"{text}\n\n{UNSEEN}" if message.caption else text
        return Said(origin, words, sent_at, addressed, title)

    def _pressed(self, query: CallbackQuery) -> Pressed:
        message = query.message
        # A message that is too old or deleted comes without its date, and without its topic.
        if message is None or not message.date:
            return Pressed(None, query.id, query.data)
        origin = Origin(
            place=_place(message),
            person=Person(_person_id(query.sender.id), _name_of(query.sender)),
            event=EventId(f"telegram:{self._id}:cb:{query.id}"),
            message=message.message_id,
            private=message.chat.private,
        )
        return Pressed(origin, query.id, query.data)

    def _origin(self, message: Message, person: Person) -> Origin:
        chat = message.chat
        as_chat = message.sender_chat is not None and message.sender_chat.id == chat.id
        return Origin(
            place=_place(message),
            person=person,
            event=EventId(f"telegram:{self._id}:{chat.id}:{message.message_id}"),
            message=message.message_id,
            private=chat.private,
            administers=chat.private or as_chat,
        )

    def _is_addressed(self, message: Message, said: str, entities: tuple[Mention, ...]) -> bool:
        replied = message.reply_to_message
        if replied is not None and replied.sender is not None and replied.sender.id == self._id:
            # Whatever is said in a topic refers to its creation, which may be the bot's.
            return replied.forum_topic_created is None
        if any(entity.user is not None and entity.user.id == self._id for entity in entities):
            return True
        return self._mention.search(said) is not None


def inbound_of(
    origin: Origin, text: str, sent_at: datetime, ask: Ask, task: Task | None = None
) -> Inbound:
    """Return an Inbound. What a command asks for has its own event: the command's is the errand's."""
    return Inbound(
        event=event_of(origin, ask),
        place=origin.place,
        author=origin.person,
        text=text,
        number=origin.message,
        message=str(origin.message),
        sent_at=sent_at,
        ask=ask,
        task=task,
    )


def event_of(origin: Origin, ask: Ask) -> EventId:
    """Return the event of what is asked for."""
    return origin.event if ask is Ask.ANSWER else EventId(f"{origin.event}:{ask}")


def thread_of(chat: int, topic: int = 0) -> ThreadRef:
    """Return the name of a chat, or of a topic in it."""
    return ThreadRef(Platform.TELEGRAM, str(chat), str(topic) if topic else "")


def _place(message: Message) -> Place:
    chat = message.chat
    home = chat.title or f"{chat.first_name} {chat.last_name}".strip()
    return Place(WorkspaceKey(f"telegram:{chat.id}"), _thread(message), home=home)


def _thread(message: Message) -> ThreadRef:
    """Return the topic; General and reply threads of plain groups are the chat itself."""
    return thread_of(message.chat.id, message.message_thread_id if message.is_topic_message else 0)


def _speaker(message: Message) -> Person | None:
    """Return who speaks: a person, or a chat for those who speak anonymously or as a channel."""
    chat, user = message.sender_chat, message.sender
    if chat is not None:
        return Person(_person_id(chat.id), chat.title or "anonymous")
    if user is None or user.is_bot:
        return None
    return Person(_person_id(user.id), _name_of(user))


def _person_id(number: int) -> PersonId:
    return PersonId(f"telegram:{number}")


def _name_of(user: User) -> str:
    return f"{user.first_name} {user.last_name}".strip() or user.username or str(user.id)


def _title(message: Message) -> str:
    """Return what the thread is called, as far as the message tells."""
    if not message.is_topic_message:
        return message.chat.title
    replied = message.reply_to_message
    created = replied.forum_topic_created if replied is not None else None
    return created.name if created is not None else ""


def _change(message: Message) -> Change | None:
    """Return what a service message tells of its chat or topic."""
    chat, thread = message.chat, _thread(message)
    if message.migrate_to_chat_id:
        return Moved(_whole(chat), thread_of(message.migrate_to_chat_id))
    if message.migrate_from_chat_id:
        return Moved(thread_of(message.migrate_from_chat_id), _whole(chat))
    if message.forum_topic_closed is not None:
        return ClosedTopic(thread)
    if message.forum_topic_reopened is not None:
        return Reopened(thread)
    named = message.forum_topic_created or message.forum_topic_edited
    if named is not None and named.name:
        return Renamed(thread, named.name)
    if message.new_chat_title:
        return Renamed(_whole(chat), message.new_chat_title)
    return None


def _whole(chat: Chat) -> ThreadRef:
    return thread_of(chat.id)
