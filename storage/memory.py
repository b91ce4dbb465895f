"""The memory store: the contract's rules on tables that end with the process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from sessions.errors import NoSuchSession
from sessions.model import (
    Audience,
    EventId,
    Holder,
    Inbound,
    Lease,
    Listing,
    Message,
    PersonId,
    Platform,
    ReplyRecord,
    Session,
    SessionKey,
    ThreadRef,
    Turn,
    TurnResult,
    Workspace,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.catalog import Cursor, NewSession, Quarantined, SessionPage, WorkspacePage
from sessions.ports.errands import Errand
from sessions.ports.turns import Accepted, Claim, Committed, Known, Proposal, Renewal, Wakeup, Work
from storage.state import catalog, leasing, root, turns
from storage.state.root import RootStep, RootTables
from storage.state.step import Step
from storage.state.subscriptions import Subscriptions
from storage.state.sweeping import FORGET_LIMIT, due
from storage.state.tables import Tables


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class MemoryStore:
    """All data in this process. A method has no await inside, so the event loop makes it atomic."""

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._root = RootTables()
        self._tables: dict[WorkspaceId, Tables] = {}
        self._subscriptions = Subscriptions()

    async def close(self) -> None:
        """Nothing to let go of; the data stays with the object."""

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        home = await self.workspace(inbound.place.workspace)
        step = self._step(home.id)
        accepted = turns.accept(step, inbound, proposal, claim, known)
        if accepted.started:
            self._settle(inbound.place.thread, home.id)
        self._subscriptions.publish(step.wakes)
        return accepted

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.acquire`."""
        return leasing.acquire(self._step(session.workspace), session, claim, known)

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """See :meth:`sessions.ports.turns.Turns.renew`."""
        return leasing.renew(self._step(lease.session.workspace), lease, duration)

    async def keep_waiting(self, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.turns.Turns.keep_waiting`."""
        return leasing.keep_waiting(self._step(session.workspace), session, turn, duration)

    async def note_reply(self, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
        """See :meth:`sessions.ports.turns.Turns.note_reply`."""
        leasing.note_reply(self._step(lease.session.workspace), lease, turn, reply)

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """See :meth:`sessions.ports.turns.Turns.commit`."""
        return turns.commit(self._step(lease.session.workspace), lease, result)

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.delivered`."""
        step = self._step(lease.session.workspace)
        work = turns.delivered(step, lease, turn, claim, known)
        self._subscriptions.publish(step.wakes)
        return work

    async def release(self, lease: Lease) -> None:
        """See :meth:`sessions.ports.turns.Turns.release`."""
        step = self._step(lease.session.workspace)
        leasing.release(step, lease)
        self._subscriptions.publish(step.wakes)

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`."""
        root.forget(RootStep(self._root, self._clock()), FORGET_LIMIT)
        steps = {workspace: self._step(workspace) for workspace in self._tables}
        for step in steps.values():
            turns.forget(step, FORGET_LIMIT)
        waiting = sorted(one for step in steps.values() for one in due(step, claim))[:limit]
        taken = (
            leasing.acquire(steps[one.session.workspace], one.session, claim, None) for one in waiting
        )
        return tuple(work for work in taken if work is not None)

    async def stop(self, session: SessionKey, event: EventId) -> EventId | None:
        """See :meth:`sessions.ports.turns.Turns.stop`."""
        step = self._step(session.workspace)
        stopped = turns.stop(step, session, event)
        self._subscriptions.publish(step.wakes)
        return stopped

    @asynccontextmanager
    async def wakeups(self) -> AsyncIterator[AsyncIterator[Wakeup]]:
        """See :meth:`sessions.ports.turns.Turns.wakeups`."""
        with self._subscriptions.subscribe() as wakeups:
            yield wakeups

    async def workspace(self, key: WorkspaceKey, title: str = "") -> Workspace:
        """See :meth:`sessions.ports.catalog.Catalog.workspace`."""
        fresh = WorkspaceId(token_hex(16))
        found = root.workspace(RootStep(self._root, self._clock()), key, title, fresh)
        self._tables.setdefault(found.id, Tables(found.id))
        return found

    async def find_workspace(self, key: WorkspaceKey) -> Workspace | None:
        """See :meth:`sessions.ports.catalog.Catalog.find_workspace`."""
        return self._root.find(key)

    async def workspaces(self, after: Cursor | None, limit: int) -> WorkspacePage:
        """See :meth:`sessions.ports.catalog.Catalog.workspaces`."""
        found, cursor = root.page(self._root, after, limit)
        counted = ((one, self._tables[one.id].count()) for one in found)
        return WorkspacePage(tuple(counted), cursor)

    async def create(
        self, workspace: WorkspaceId, new: NewSession, thread: ThreadRef | None, event: EventId
    ) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.create`."""
        if workspace not in self._tables:
            raise NoSuchSession("That workspace does not exist.")
        step = self._step(workspace)
        created = catalog.create(step, new, thread, event)
        if thread is not None and step.changes:
            self._settle(thread, workspace)
        return created

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.bind`."""
        step = self._step(session.workspace)
        found = catalog.bind(step, session, thread, event)
        if step.changes:
            self._settle(thread, session.workspace)
        return found

    async def bound(self, thread: ThreadRef) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.bound`."""
        home = self._root.homes.get(thread)
        return None if home is None else catalog.bound(self._tables[home], thread)

    async def unbind(self, thread: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.unbind`."""
        home = self._root.homes.get(thread)
        if home is not None:
            catalog.unbind(self._step(home), thread)

    async def retitle(self, session: SessionKey, title: str) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.retitle`."""
        catalog.retitle(self._step(session.workspace), session, title)

    async def archive(self, session: SessionKey, *, archived: bool) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.archive`."""
        catalog.archive(self._step(session.workspace), session, archived=archived)

    async def get(self, session: SessionKey) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.get`."""
        return self._read(session.workspace).live(session.id)

    async def by_name(self, workspace: WorkspaceId, name: str) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.by_name`."""
        return self._read(workspace).named(name)

    async def page(
        self,
        workspace: WorkspaceId,
        audiences: frozenset[Audience] | None,
        after: Cursor | None,
        limit: int,
        *,
        skip: int = 0,
    ) -> SessionPage:
        """See :meth:`sessions.ports.catalog.Catalog.page`."""
        return catalog.page(self._read(workspace), audiences, after, limit, skip)

    async def names(
        self,
        workspace: WorkspaceId,
        audiences: frozenset[Audience] | None,
        prefix: str,
        limit: int,
    ) -> tuple[str, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.names`."""
        return catalog.names(self._read(workspace), audiences, prefix, limit)

    async def transcript(
        self, session: SessionKey, before: int | None, limit: int
    ) -> tuple[Message, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.transcript`."""
        return catalog.transcript(self._read(session.workspace), session, before, limit)

    async def waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.waiting`."""
        return catalog.waiting(self._read(session.workspace), session)

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.delete`."""
        step = self._step(session.workspace)
        deleted = catalog.delete(step, session, event)
        self._subscriptions.publish(step.wakes)
        return deleted

    async def save_listing(self, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
        root.save_listing(RootStep(self._root, self._clock()), thread, person, listing)

    async def listing(self, thread: ThreadRef, person: PersonId) -> Listing | None:
        """See :meth:`sessions.ports.catalog.Catalog.listing`."""
        return root.listing(self._root, thread, person, self._clock())

    async def migrate(self, old: ThreadRef, new: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.migrate`."""
        for workspace in root.affected(self._root, old, new):
            catalog.migrate(self._step(workspace), old, new)
        root.migrate(RootStep(self._root, self._clock()), old, new)

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.quarantined`. Memory has no records to damage."""
        return ()

    async def admit(self, errand: Errand, holder: Holder, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.errands.Errands.admit`."""
        return root.admit(RootStep(self._root, self._clock()), errand, holder, duration)

    async def finish(self, event: EventId) -> None:
        """See :meth:`sessions.ports.errands.Errands.finish`."""
        root.finish(RootStep(self._root, self._clock()), event)

    async def adopt(
        self, platforms: frozenset[Platform], holder: Holder, duration: timedelta, limit: int
    ) -> tuple[Errand, ...]:
        """See :meth:`sessions.ports.errands.Errands.adopt`."""
        return root.adopt(RootStep(self._root, self._clock()), platforms, holder, duration, limit)

    def _step(self, workspace: WorkspaceId) -> Step:
        return Step(self._read(workspace), self._clock())

    def _read(self, workspace: WorkspaceId) -> Tables:
        return self._tables.get(workspace) or Tables(workspace)

    def _settle(self, thread: ThreadRef, workspace: WorkspaceId) -> None:
        former = root.settle(RootStep(self._root, self._clock()), thread, workspace)
        if former is not None:
            catalog.unbind(self._step(former), thread)
