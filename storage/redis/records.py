"""Sessions and turns as the scripts keep them.

They are msgpack arrays, whose order lua/session.lua and lua/inbox.lua name for their side.
"""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from sessions.errors import StoreDamaged
from sessions.model import (
    Answer,
    Ask,
    Audience,
    EventId,
    Holder,
    Inbound,
    Lease,
    Person,
    PersonId,
    Place,
    Platform,
    Preferences,
    ReplyRecord,
    Session,
    SessionId,
    SessionKey,
    Status,
    Tally,
    Task,
    ThreadRef,
    Turn,
    Wishes,
    WorkspaceId,
)
from storage import codec
from storage.rules import status

T = TypeVar("T")

VERSION = 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SessionRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A session with its lease. Times are microseconds since the epoch; ``archived`` is one, or 0."""

    version: int
    id: SessionId
    name: str
    folded: str
    title: str
    audience: Audience
    starter: PersonId
    created_at: int
    active_at: int
    archived: int
    deleted: bool
    threads: list[str]
    model: str
    system: str
    messages: int
    user_messages: int
    agent_messages: int
    tokens: int
    context: int
    size: int
    estimated: bool
    holder: Holder
    token: str
    fence: int
    deadline: int
    void: bool
    due_as: str

    def status(self) -> Status:
        """Derived from bindings and from being put away."""
        return status(deleted=self.deleted, archived=bool(self.archived), bound=bool(self.threads))

    def session(self, workspace: WorkspaceId) -> Session:
        """The noun."""
        return Session(
            SessionKey(workspace, self.id),
            self.name,
            self.title,
            self.status(),
            self.audience,
            self.starter,
            moment(self.created_at),
            moment(self.active_at),
            Tally(
                self.messages,
                self.user_messages,
                self.agent_messages,
                self.tokens,
                self.context,
                self.size,
                self.estimated,
            ),
            Preferences(self.model, self.system),
            moment(self.archived) if self.archived else None,
        )

    def lease(self, key: SessionKey) -> Lease:
        """Who holds it."""
        return Lease(key, self.holder, self.token, self.fence, moment(self.deadline))


class _Rest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What only people and platforms need of an Inbound, and no script."""

    place: Place
    author: Person
    number: int
    message: str
    sent_at: datetime
    ask: Ask
    wishes: Wishes = Wishes()
    task: Task | None = None


class TurnRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A turn in an inbox. ``number`` has leading zeros: Lua's numbers end at 2^53, Discord's do not.

    ``text`` stands beside the rest of the Inbound, so that a script can take it away.
    """

    event: EventId
    thread: str
    number: str
    platform: str
    owner: Holder
    owner_until: int
    accepted_at: int
    handed: bool
    takeovers: int
    stop: bool
    reply: str
    answer: str
    sent_at: int
    text: str
    inbound: str

    def noun(self) -> Inbound:
        """The Inbound. Raises StoreDamaged."""
        rest = codec.decode(_Rest, self.inbound.encode())
        return Inbound(
            self.event,
            rest.place,
            rest.author,
            self.text,
            rest.number,
            rest.message,
            rest.sent_at,
            rest.ask,
            self.owner,
            rest.wishes,
            rest.task,
        )

    def turn(self, key: SessionKey, inbound: Inbound | None = None) -> Turn:
        """The noun; who has the Inbound spares its decoding. Raises StoreDamaged."""
        return Turn(
            key,
            inbound if inbound is not None and inbound.event == self.event else self.noun(),
            moment(self.accepted_at),
            self.takeovers,
            self.stop,
            codec.decode(ReplyRecord, self.reply.encode()) if self.reply else ReplyRecord(),
            codec.decode(Answer, self.answer.encode()) if self.answer else None,
        )


_sessions = msgspec.msgpack.Decoder(SessionRecord)
_turns = msgspec.msgpack.Decoder(TurnRecord)


def session_record(record: bytes) -> SessionRecord:
    """Decode a session. Raises StoreDamaged."""
    found = _decoded(_sessions, record, "session")
    if found.version != VERSION:
        raise StoreDamaged(f"a session record of unknown version {found.version}")
    return found


def turn_record(record: bytes) -> TurnRecord:
    """Decode a turn. Raises StoreDamaged."""
    return _decoded(_turns, record, "turn")


def queued(inbound: Inbound) -> tuple[object, ...]:
    """The fields of a new turn, in their order; the script sets its times."""
    place = inbound.place
    return (
        inbound.event,
        thread_field(place.thread),
        f"{inbound.number:020d}",
        place.thread.platform,
        inbound.owner,
        0,
        0,
        False,
        0,
        False,
        "",
        "",
        instant(inbound.sent_at),
        inbound.text,
        inbound_field(inbound),
    )


def inbound_field(inbound: Inbound) -> str:
    """What a turn's own fields do not say of its Inbound."""
    rest = _Rest(
        inbound.place,
        inbound.author,
        inbound.number,
        inbound.message,
        inbound.sent_at,
        inbound.ask,
        inbound.wishes,
        inbound.task,
    )
    return codec.encode(rest).decode()


def thread_field(thread: ThreadRef) -> str:
    """A thread as bindings and inboxes name it."""
    return f"{chat_field(thread)}{thread.thread}"


def thread_of(field: str) -> ThreadRef:
    """The thread that is named so."""
    platform, chat, thread = field.split("\0")
    return ThreadRef(Platform(platform), chat, thread)


def chat_field(chat: ThreadRef) -> str:
    """What the names of all threads of a chat begin with."""
    return f"{chat.platform}\0{chat.chat}\0"


def instant(time: datetime) -> int:
    """Microseconds since the epoch."""
    return (time - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The aware UTC datetime of that many microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=micros)


def microseconds(duration: timedelta) -> int:
    """The duration in the unit of the records."""
    return duration // _MICROSECOND


def _decoded(decoder: msgspec.msgpack.Decoder[T], record: bytes, what: str) -> T:
    try:
        return decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Not the error's own words: they may quote the record.
        raise StoreDamaged(f"an unreadable {what} record ({type(error).__name__})") from None
