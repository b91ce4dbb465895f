"""What must hold of any store whatever the model says, kept by listening to its answers."""

from datetime import datetime, timedelta

from sessions.model import (
    EventId,
    Inbound,
    Lease,
    Message,
    Session,
    SessionKey,
    ThreadRef,
    TurnResult,
    WorkspaceId,
)
from sessions.ports.store import Store
from sessions.ports.turns import Accepted, Claim, Committed, Known, Proposal, Renewal, Work
from tests.storage.conftest import Advance
from tests.storage.model.plain import BEGIN
from tests.storage.model.scaled import SLOT, Scaled


class Watched(Scaled):
    """A store that fails the test when its own answers contradict each other."""

    def __init__(self, stores: tuple[Store, ...], advance: Advance, began_at: datetime) -> None:
        super().__init__(stores, advance, began_at)
        self._now = BEGIN
        self._valid: dict[SessionKey, Lease] = {}
        self._said: dict[SessionKey, tuple[Message, ...]] = {}
        self._committed: set[EventId] = set()
        self._deleted: dict[SessionKey, Session] = {}

    async def pass_slots(self, slots: int) -> None:
        """Move the clock."""
        await super().pass_slots(slots)
        self._now += SLOT * slots

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """Accept."""
        got = await super().accept(inbound, proposal, claim, known)
        self._take(got.work)
        return got

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """Acquire."""
        return self._take(await super().acquire(session, claim, known))

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """Renew."""
        got = await super().renew(lease, duration)
        self._hold(got.lease)
        return got

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """Commit: once per turn."""
        got = await super().commit(lease, result)
        if got.fresh:
            assert result.turn not in self._committed, "a turn was committed twice"
            self._committed.add(result.turn)
            self._said[lease.session] = self._said.get(lease.session, ()) + result.messages
        return got

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """Deliver; the lease goes with the last one."""
        work = await super().delivered(lease, turn, claim, known)
        if work is None:
            self._let_go(lease)
        return self._take(work)

    async def release(self, lease: Lease) -> None:
        """Release."""
        await super().release(lease)
        self._let_go(lease)

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """Sweep."""
        works = await super().sweep(claim, limit)
        assert len(works) <= limit, "a sweep took more than it was asked to"
        for work in works:
            self._take(work)
        return works

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """Delete."""
        was = await super().delete(session, event)
        self._deleted[session] = was
        self._said.pop(session, None)
        return was

    async def expire(self, session: SessionKey) -> bool:
        """Expire; one that was archived is gone then."""
        was = await self.get(session)
        expired = await super().expire(session)
        if expired and was is not None and was.archived_at is not None:
            self._deleted[session] = was
            self._said.pop(session, None)
        return expired

    async def check_session(self, key: SessionKey) -> None:
        """Its transcript is what was committed; of a deleted one nothing can be read."""
        session, said = await self.get(key), await self.transcript(key)
        assert said == self._said.get(key, ()), "the transcript is not what was committed"
        turns = [turn.id for turn in await self.waiting(key)]
        assert len(turns) == len(set(turns)), "a turn waits twice"
        was = self._deleted.get(key)
        if was is None:
            assert session is not None, "a session vanished"
            assert session.tally.messages == len(said), "the tally is not the transcript's length"
            return
        assert (session, said) == (None, ()), "a deleted session can be read"
        named = await self.by_name(key.workspace, was.name)
        assert named is None or named.key != key, "a deleted session keeps its name"

    async def check_listing(self, workspace: WorkspaceId, threads: tuple[ThreadRef, ...]) -> None:
        """Pages, names and bindings tell of the same living sessions, newest activity first."""
        listed = await self.page(workspace, None)
        keys = [session.key for session in listed]
        assert not set(keys) & set(self._deleted), "a deleted session is listed"
        times = [session.active_at for session in listed]
        assert times == sorted(times, reverse=True), "the newest activity is not first"
        by_audience = [
            session
            for audience in {session.audience for session in listed}
            for session in await self.page(workspace, frozenset({audience}))
        ]
        assert sorted(map(repr, by_audience)) == sorted(map(repr, listed)), "audiences do not add up"
        names = await self.names(workspace)
        assert sorted(names) == sorted(session.name for session in listed), "names and pages differ"
        for session in listed:
            assert await self.get(session.key) == session, "page and get differ"
        for thread in threads:
            bound = await self.bound(thread)
            assert bound is None or bound in listed or bound.key.workspace != workspace

    def _take(self, work: Work | None) -> Work | None:
        if work is not None:
            valid = self._valid.get(work.lease.session)
            free = valid is None or valid.deadline <= self._now or valid.fence == work.lease.fence
            assert free, "two holders at once"
            self._hold(work.lease)
        return work

    def _hold(self, lease: Lease) -> None:
        self._valid[lease.session] = lease

    def _let_go(self, lease: Lease) -> None:
        valid = self._valid.get(lease.session)
        if valid is not None and valid.fence == lease.fence:
            del self._valid[lease.session]
