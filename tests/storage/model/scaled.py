"""A store on the model's scale: its clock in slots, its fences counted from one."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Self

from sessions.model import (
    Audience,
    EventId,
    Inbound,
    Lease,
    Message,
    ReplyRecord,
    Session,
    SessionKey,
    Status,
    ThreadRef,
    Turn,
    TurnResult,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.catalog import Cursor
from sessions.ports.store import Store
from sessions.ports.turns import Accepted, Claim, Committed, Known, Proposal, Renewal, Work
from tests.storage.conftest import Advance, Backend
from tests.storage.model.plain import BEGIN
from tests.storage.model.talk import GONE

SLOT = timedelta(seconds=30)
"""Every duration is a number of these. A store's clock may also run by itself, for less than one."""
TICK = timedelta(milliseconds=1)
PAGE = 3


class Scaled:
    """Two processes' stores on one set of data, used in turns. Times are rounded down to slots.

    A deleted session is :data:`GONE`, whatever little a store says of it.
    """

    def __init__(self, stores: tuple[Store, ...], advance: Advance, began_at: datetime) -> None:
        self._stores = stores
        self._advance = advance
        self._began_at = began_at
        self._calls = count()
        self._leases: dict[tuple[SessionKey, int], Lease] = {}
        self._fences: dict[SessionKey, list[int]] = {}

    @classmethod
    async def over(cls, backend: Backend, first: WorkspaceKey) -> Self:
        """Make the first workspace: its birth is the beginning of time."""
        stores = (backend.store, await backend.second())
        began_at = (await backend.store.workspace(first)).created_at
        return cls(stores, backend.advance, began_at)

    async def pass_slots(self, slots: int) -> None:
        """Move the clock."""
        await self._advance(SLOT * slots)

    async def workspace(self, key: WorkspaceKey) -> WorkspaceId:
        """Find the workspace or make it."""
        return (await self._store.workspace(key)).id

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """Accept at a moment of its own, so that no two events are equally old."""
        await self._advance(TICK)
        got = await self._store.accept(inbound, proposal, claim, known)
        work = None if got.work is None else self._work(got.work, known)
        return replace(got, session=self._session(got.session), work=work)

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """Acquire."""
        work = await self._store.acquire(session, claim, known)
        return None if work is None else self._work(work, known)

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """Renew."""
        got = await self._store.renew(self._own(lease), duration)
        return replace(got, lease=self._lease(got.lease))

    async def keep_waiting(self, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
        """Keep an owned turn waiting."""
        return await self._store.keep_waiting(session, turn, duration)

    async def note_reply(self, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
        """Note where the answer stands."""
        await self._store.note_reply(self._own(lease), turn, reply)

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """Commit at a moment of its own."""
        await self._advance(TICK)
        got = await self._store.commit(self._own(lease), result)
        return replace(got, session=self._session(got.session))

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """Say that the answer was delivered."""
        work = await self._store.delivered(self._own(lease), turn, claim, known)
        return None if work is None else self._work(work, known)

    async def release(self, lease: Lease) -> None:
        """Release."""
        await self._store.release(self._own(lease))

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """Sweep."""
        return tuple(self._work(work) for work in await self._store.sweep(claim, limit))

    async def stop(
        self, session: SessionKey, event: EventId, turn: EventId | None, said_at: datetime | None
    ) -> EventId | None:
        """Stop."""
        return await self._store.stop(session, event, turn=turn, said_at=said_at)

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """Delete."""
        return self._session(await self._store.delete(session, event))

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """Bind."""
        return self._session(await self._store.bind(session, thread, event))

    async def archive(self, session: SessionKey, archived: bool) -> None:
        """Archive, or take back."""
        await self._store.archive(session, archived=archived)

    async def expire(self, session: SessionKey) -> bool:
        """Expire it as it is."""
        seen = await self._store.get(session)
        return seen is not None and await self._store.expire(seen)

    async def get(self, session: SessionKey) -> Session | None:
        """Look up."""
        return self._maybe(await self._store.get(session))

    async def by_name(self, workspace: WorkspaceId, name: str) -> Session | None:
        """Look up by name."""
        return self._maybe(await self._store.by_name(workspace, name))

    async def bound(self, thread: ThreadRef) -> Session | None:
        """Look up by thread."""
        return self._maybe(await self._store.bound(thread))

    async def page(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None
    ) -> tuple[Session, ...]:
        """Turn all pages."""
        sessions: list[Session] = []
        after: Cursor | None = None
        while True:
            page = await self._store.page(workspace, audiences, after, PAGE)
            sessions += map(self._session, page.sessions)
            if page.next is None:
                assert page.total == len(sessions), "the total is not the number of those listed"
                return tuple(sessions)
            after = page.next

    async def names(self, workspace: WorkspaceId) -> tuple[str, ...]:
        """All names."""
        return await self._store.names(workspace, None, "", 1_000)

    async def transcript(self, session: SessionKey) -> tuple[Message, ...]:
        """The whole transcript."""
        return await self._store.transcript(session, None, 1_000_000)

    async def waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        """The inbox."""
        return tuple(map(self._turn, await self._store.waiting(session)))

    @property
    def _store(self) -> Store:
        return self._stores[next(self._calls) % len(self._stores)]

    def _own(self, lease: Lease) -> Lease:
        return self._leases[lease.session, lease.fence]

    def _lease(self, lease: Lease) -> Lease:
        fences = self._fences.setdefault(lease.session, [])
        if lease.fence not in fences:
            assert not fences or lease.fence > fences[-1], "a new lease without a higher fence"
            fences.append(lease.fence)
        counted = fences.index(lease.fence) + 1
        self._leases[lease.session, counted] = lease
        return replace(lease, fence=counted, deadline=self._slot(lease.deadline))

    def _work(self, work: Work, known: Known | None = None) -> Work:
        turn, session = self._turn(work.turn), self._session(work.session)
        rounded = replace(work, lease=self._lease(work.lease), turn=turn, session=session)
        return _without_known(rounded, known)

    def _turn(self, turn: Turn) -> Turn:
        return replace(turn, accepted_at=self._slot(turn.accepted_at))

    def _session(self, session: Session) -> Session:
        if session.status is Status.DELETED:
            assert (session.name, session.title) == ("", ""), "a deleted session has its name"
            return GONE
        created, active = self._slot(session.created_at), self._slot(session.active_at)
        archived = None if session.archived_at is None else self._slot(session.archived_at)
        return replace(session, created_at=created, active_at=active, archived_at=archived)

    def _maybe(self, session: Session | None) -> Session | None:
        return None if session is None else self._session(session)

    def _slot(self, at: datetime) -> datetime:
        return BEGIN + (at - self._began_at) // SLOT * SLOT


def _without_known(work: Work, known: Known | None) -> Work:
    """A store may hand out more than the caller asked for; what is known must be the same messages."""
    have, end = 0, work.since + len(work.news)
    if known is not None and known.session == work.lease.session.id and known.messages <= end:
        have = known.messages
    since = max(have, work.since)
    return replace(work, since=since, news=work.news[since - work.since :])
