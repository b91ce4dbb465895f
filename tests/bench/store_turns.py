"""A turn through a store: accept, commit, deliver; and sessions to do it in."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from sessions.model import (
    OPEN,
    Answer,
    Ending,
    EventId,
    Holder,
    Inbound,
    Message,
    Person,
    PersonId,
    Place,
    Platform,
    Role,
    SessionId,
    SessionKey,
    ThreadRef,
    TurnResult,
    Usage,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.catalog import NewSession
from sessions.ports.store import Store
from sessions.ports.turns import Claim, Known, Proposal

ADA = Person(PersonId("telegram:1"), "Ada")
WORKSPACE = WorkspaceKey("telegram:-100")
AT = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "x" * 200
CLAIM = Claim(Holder("bench"), "token", timedelta(seconds=30), frozenset(Platform))

_numbers = count(1)


@dataclass(slots=True)
class BenchSession:
    """A session, the thread it is bound to, how many messages it has, and what will be said there."""

    key: SessionKey
    thread: ThreadRef
    messages: int
    said: deque[tuple[Inbound, TurnResult]] = field(default_factory=deque)

    def stock(self, turns: int) -> None:
        """Make that many turns beforehand, where making them should not be measured."""
        self.said.extend(self.make() for _ in range(turns))

    def make(self) -> tuple[Inbound, TurnResult]:
        """A message and what its turn comes to."""
        inbound = _inbound(self.thread)
        return inbound, _result(inbound, 1)


async def prepare(store: Store, sessions: int, messages: int) -> list[BenchSession]:
    """Make bound sessions of that many messages."""
    return list(await asyncio.gather(*(_prepare_one(store, messages) for _ in range(sessions))))


async def turn(store: Store, session: BenchSession) -> None:
    """Take one Inbound through the store, as the engine does."""
    inbound, result = session.said.popleft() if session.said else session.make()
    known = Known(session.key.id, session.messages)
    accepted = await store.accept(inbound, Proposal(SessionId("unused"), "unused"), CLAIM, known)
    if accepted.work is None:
        raise RuntimeError("the lease was not free")
    lease = accepted.work.lease
    committed = await store.commit(lease, result)
    session.messages = committed.session.tally.messages
    await store.delivered(lease, inbound.event, CLAIM, Known(session.key.id, session.messages))


async def fill(store: Store, sessions: int) -> SessionKey:
    """Make that many sessions in the workspace; returns one of them."""
    workspace = await store.workspace(WORKSPACE)
    made = 0
    while made < sessions:
        batch = min(1000, sessions - made)
        found = await asyncio.gather(*(_create(store, workspace.id, None) for _ in range(batch)))
        made += batch
    return found[-1]


async def _prepare_one(store: Store, messages: int) -> BenchSession:
    workspace = await store.workspace(WORKSPACE)
    thread = ThreadRef(Platform.TELEGRAM, "-100", str(next(_numbers)))
    key = await _create(store, workspace.id, thread)
    if messages:
        inbound = _inbound(thread)
        accepted = await store.accept(inbound, Proposal(SessionId("unused"), "unused"), CLAIM, None)
        if accepted.work is None:
            raise RuntimeError("the lease was not free")
        await store.commit(accepted.work.lease, _result(inbound, messages // 2))
        await store.delivered(accepted.work.lease, inbound.event, CLAIM, Known(key.id, messages))
    return BenchSession(key, thread, messages)


async def _create(store: Store, workspace: WorkspaceId, thread: ThreadRef | None) -> SessionKey:
    number = next(_numbers)
    new = NewSession(SessionId(f"s{number:08x}"), f"bench-{number}", OPEN, ADA.id)
    session = await store.create(workspace, new, thread, EventId(f"bench:create:{number}"))
    return session.key


def _inbound(thread: ThreadRef) -> Inbound:
    number = next(_numbers)
    event = EventId(f"telegram:1:-100:{number}")
    return Inbound(event, Place(WORKSPACE, thread), ADA, TEXT, number, str(number), AT)


def _result(inbound: Inbound, exchanges: int) -> TurnResult:
    asked = Message(Role.USER, TEXT, inbound.event, AT, ADA)
    said = Message(Role.ASSISTANT, TEXT, inbound.event, AT)
    return TurnResult(
        inbound.event, Answer(Ending.ANSWERED, TEXT), (asked, said) * exchanges, Usage(100, 100)
    )
