"""A strict chat platform and a store's grant in memory, told when to fail: the far end of a reply."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from bots.outlet import Asked, Closed, Flooded, MessageGone, Unreachable
from sessions.errors import LeaseLost, StoreUnavailable
from sessions.model import (
    Answer,
    EventId,
    Inbound,
    Person,
    PersonId,
    Place,
    Platform,
    ReplyRecord,
    SessionId,
    SessionKey,
    ThreadRef,
    Turn,
    WorkspaceId,
    WorkspaceKey,
)
from tests.bots.virtual import now

LIMIT = 10
TIME_OUT = timedelta(seconds=5)
FLOOD = timedelta(seconds=7)
AT = datetime(2026, 1, 1, tzinfo=UTC)


class Fate(Enum):
    """What becomes of one call."""

    FINE = auto()
    FLOODED = auto()
    LOST_BEFORE = auto()
    LOST_AFTER = auto()
    HANGS = auto()
    GONE = auto()
    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()


@dataclass(frozen=True, slots=True)
class Content:
    """What one message says."""

    text: str
    note: str = ""
    repeat: bool = False
    run: str = ""


PLACEHOLDER = Content("…")


@dataclass(slots=True)
class World:
    """What outlives a process: the messages a person sees, the stored turn, and what will fail."""

    fates: deque[Fate] = field(default_factory=deque)
    keep_fates: deque[Fate] = field(default_factory=deque)
    messages: dict[str, Content] = field(default_factory=dict)
    sent_as: dict[str, int] = field(default_factory=dict)
    record: ReplyRecord = ReplyRecord()
    answer: Answer | None = None
    lease_ends: float = float("inf")
    closed: bool = False
    calls: list[tuple[float, str, int | str]] = field(default_factory=list)
    kept: list[ReplyRecord] = field(default_factory=list)
    crashed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def seen(self) -> list[Content]:
        return list(self.messages.values())

    @property
    def turn(self) -> Turn:
        return replace(turn(), reply=self.record, answer=self.answer)

    async def crash(self) -> None:
        self.crashed.set()
        await asyncio.Event().wait()

    def said(self, kind: str) -> list[tuple[float, str, int | str]]:
        return [call for call in self.calls if call[1] == kind]


def turn(event: str = "telegram:1:2:3") -> Turn:
    person = Person(PersonId("telegram:42"), "Ada")
    place = Place(WorkspaceKey("telegram:1"), ThreadRef(Platform.TELEGRAM, "1"))
    inbound = Inbound(EventId(event), place, person, "hello", 3, "3", AT)
    return Turn(SessionKey(WorkspaceId("w"), SessionId("s")), inbound, AT)


class MemoryGrant:
    """A lease's leave to send, as long as the world says."""

    def __init__(self, world: World) -> None:
        self._world = world

    def longest_call(self) -> float:
        return 3600.0

    def seconds_left(self) -> float:
        return self._world.lease_ends - now()

    async def keep(self, reply: ReplyRecord) -> None:
        fate = self._world.keep_fates.popleft() if self._world.keep_fates else Fate.FINE
        await asyncio.sleep(0.01)
        if fate is Fate.CRASH_BEFORE:
            await self._world.crash()
        if fate is Fate.LOST_BEFORE:
            raise StoreUnavailable("busy")
        if self.seconds_left() <= 0:
            raise LeaseLost
        self._world.record = reply
        self._world.kept.append(reply)
        if fate is Fate.CRASH_AFTER:
            await self._world.crash()


class MemoryOutlet:
    """One process's way to the chat. Asserts what no reply may ever do."""

    def __init__(self, world: World, *, can_find: bool = False, chat: str = "1") -> None:
        self._world = world
        self._can_find = can_find
        self._chat = chat
        self._flooded_until = 0.0
        self.renders = 0

    @property
    def chat(self) -> str:
        return self._chat

    @property
    def time_out(self) -> timedelta:
        return TIME_OUT

    @property
    def placeholder(self) -> Content:
        return PLACEHOLDER

    @property
    def can_find(self) -> bool:
        return self._can_find

    def render(self, text: str, note: str) -> tuple[Content, ...]:
        self.renders += 1
        return rendered(text, note)

    def mark_repeat(self, part: Content) -> Content:
        return replace(part, repeat=True)

    def offer(self, part: Content, asked: Asked) -> Content:
        return replace(part, run=asked.run)

    async def send(self, part: Content, index: int) -> str:
        assert self._world.record.parts, "a send without a stored intent"
        assert not self._world.record.parts[-1].message, "a send without a stored intent"
        assert (part == PLACEHOLDER) is (index == 0), "text goes under a stored id, or a stored intent"
        fate = await self._fate("send", index)
        message = f"m{len(self._world.sent_as) + 1}"
        self._world.sent_as[message] = index
        self._world.messages[message] = part
        await self._reply_to(fate)
        return message

    async def edit(self, message: str, part: Content) -> None:
        assert message in [kept.message for kept in self._world.record.parts], (
            "an edit before its id is stored"
        )
        fate = await self._fate("edit", message)
        if fate is Fate.GONE:
            self._world.messages.pop(message, None)
        if message not in self._world.messages:
            raise MessageGone
        self._world.messages[message] = part
        await self._reply_to(fate)

    async def delete(self, message: str) -> None:
        fate = await self._fate("delete", message)
        self._world.messages.pop(message, None)
        await self._reply_to(fate)

    async def find(self, index: int) -> str | None:
        fate = await self._fate("find", index)
        await self._reply_to(fate)
        found = [m for m in self._world.messages if self._world.sent_as[m] == index]
        return found[-1] if found else None

    async def typing(self) -> None:
        assert now() >= self._flooded_until, "a call while the chat is flooded"
        self._world.calls.append((now(), "typing", 0))

    async def _fate(self, kind: str, what: int | str) -> Fate:
        left = self._world.lease_ends - now()
        assert left > TIME_OUT.total_seconds(), "a call that may outlive the lease"
        assert now() >= self._flooded_until, "a call while the chat is flooded"
        self._world.calls.append((now(), kind, what))
        if self._world.closed:
            raise Closed("kicked")
        fate = self._world.fates.popleft() if self._world.fates else Fate.FINE
        await asyncio.sleep(0.05)
        match fate:
            case Fate.FLOODED:
                self._flooded_until = now() + FLOOD.total_seconds()
                raise Flooded(FLOOD)
            case Fate.LOST_BEFORE:
                raise Unreachable
            case Fate.CRASH_BEFORE:
                await self._world.crash()
            case _:
                pass
        return fate

    async def _reply_to(self, fate: Fate) -> None:
        match fate:
            case Fate.LOST_AFTER:
                raise Unreachable
            case Fate.HANGS:
                await asyncio.Event().wait()
            case Fate.CRASH_AFTER:
                await self._world.crash()
            case _:
                pass


def rendered(text: str, note: str) -> tuple[Content, ...]:
    pieces: Iterable[str] = (text[at : at + LIMIT] for at in range(0, len(text), LIMIT))
    parts = [Content(piece) for piece in pieces if piece.strip()]
    if note:
        parts.append(Content("", note)) if not parts else parts.__setitem__(
            -1, replace(parts[-1], note=note)
        )
    return tuple(parts)
