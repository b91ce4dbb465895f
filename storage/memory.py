"""The memory store: the contract's rules on tables that end with the process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, TypeVar

from sessions.errors import NoSuchSession
from sessions.model import EventId, Inbound, Session, ThreadRef, Workspace, WorkspaceId, WorkspaceKey
from sessions.ports.catalog import Cursor, NewSession, Quarantined, WorkspacePage
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Wakeup, Work
from storage.clock import utc_now
from storage.fulltext.keeping import KeepsKnowledge
from storage.state import catalog, leasing, root, turns
from storage.state.changes import PutBinding
from storage.state.root import RootStep, RootTables
from storage.state.step import Step
from storage.state.store import TableStore
from storage.state.subscriptions import Subscriptions
from storage.state.sweeping import FORGET_LIMIT, due
from storage.state.tables import Tables
from storage.wellformed import takes_any_text

if TYPE_CHECKING:
    from storage.fulltext.inside import MemoryDocuments

T = TypeVar("T")


@takes_any_text
class MemoryStore(KeepsKnowledge, TableStore):
    """All data in this process. A step has no await inside, so the event loop makes it atomic."""

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._root = RootTables()
        self._tables: dict[WorkspaceId, Tables] = {}
        self._subscriptions = Subscriptions()

    async def check(self) -> None:
        """Memory is there as long as the process is."""

    async def close(self) -> None:
        """Nothing to let go of; the data stays with the object."""

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        home = self._find_or_make(inbound.place.workspace)
        return await self._step(home.id, lambda step: turns.accept(step, inbound, proposal, claim, known))

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`."""
        root.forget(self._new_root_step(), FORGET_LIMIT)
        steps = {workspace: self._new_step(workspace) for workspace in self._tables}
        for step in steps.values():
            turns.forget(step, FORGET_LIMIT)
        waiting = sorted(one for step in steps.values() for one in due(step, claim))[:limit]
        taken = (
            leasing.acquire(steps[one.session.workspace], one.session, claim, None) for one in waiting
        )
        return tuple(work for work in taken if work is not None)

    @asynccontextmanager
    async def wakeups(self) -> AsyncIterator[AsyncIterator[Wakeup]]:
        """See :meth:`sessions.ports.turns.Turns.wakeups`."""
        with self._subscriptions.subscribe() as wakeups:
            yield wakeups

    async def workspace(self, key: WorkspaceKey, title: str = "") -> Workspace:
        """See :meth:`sessions.ports.catalog.Catalog.workspace`."""
        return self._find_or_make(key, title)

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
        return await self._step(workspace, lambda step: catalog.create(step, new, thread, event))

    async def bound(self, thread: ThreadRef) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.bound`."""
        home = self._root.homes.get(thread)
        return None if home is None else catalog.bound(self._tables[home], thread)

    async def unbind(self, thread: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.unbind`."""
        home = self._root.homes.get(thread)
        if home is not None:
            catalog.unbind(self._new_step(home), thread)

    async def migrate(self, old: ThreadRef, new: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.migrate`."""
        for workspace in root.affected(self._root, old, new):
            catalog.migrate(self._new_step(workspace), old, new)
        root.migrate(self._new_root_step(), old, new)

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.quarantined`. Memory has no records to damage."""
        return ()

    def _open_documents(self) -> "MemoryDocuments":
        from storage.fulltext.inside import MemoryDocuments

        return MemoryDocuments(self._clock)

    async def _step(
        self,
        workspace: WorkspaceId,
        rule: Callable[[Step], T],
        *,
        durable: bool = True,
        erases: bool = False,
    ) -> T:
        step = self._new_step(workspace)
        result = rule(step)
        for change in step.changes:
            if isinstance(change, PutBinding) and change.session:
                self._settle(change.thread, workspace)
        self._subscriptions.publish(step.wakes)
        return result

    async def _read(self, workspace: WorkspaceId, look: Callable[[Tables], T]) -> T:
        return look(self._tables_of(workspace))

    async def _root_step(self, rule: Callable[[RootStep], T], *, durable: bool = True) -> T:
        return rule(self._new_root_step())

    async def _read_root(self, look: Callable[[RootTables, datetime], T]) -> T:
        return look(self._root, self._clock())

    def _find_or_make(self, key: WorkspaceKey, title: str = "") -> Workspace:
        found = root.workspace(self._new_root_step(), key, title, WorkspaceId(token_hex(16)))
        self._tables.setdefault(found.id, Tables(found.id))
        return found

    def _settle(self, thread: ThreadRef, workspace: WorkspaceId) -> None:
        former = root.settle(self._new_root_step(), thread, workspace)
        if former is not None:
            catalog.unbind(self._new_step(former), thread)

    def _new_step(self, workspace: WorkspaceId) -> Step:
        return Step(self._tables_of(workspace), self._clock())

    def _new_root_step(self) -> RootStep:
        return RootStep(self._root, self._clock())

    def _tables_of(self, workspace: WorkspaceId) -> Tables:
        return self._tables.get(workspace) or Tables(workspace)
