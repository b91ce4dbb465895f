"""The store contract over journals: each port method as a job for the thread that owns them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sessions.errors import NoSuchSession
from sessions.model import EventId, Inbound, Session, ThreadRef, Workspace, WorkspaceId, WorkspaceKey
from sessions.ports.catalog import Cursor, NewSession, Quarantined, WorkspacePage
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Wakeup, Work
from storage.clock import utc_now
from storage.file import rounds
from storage.file.folder import Folder
from storage.file.keeper import Call, Keeper, Task
from storage.file.listening import listen
from storage.file.repair import repair
from storage.file.worker import Worker
from storage.fulltext.keeping import KeepsKnowledge
from storage.state import catalog, turns
from storage.state.root import RootStep, RootTables
from storage.state.step import Step
from storage.state.store import TableStore
from storage.state.subscriptions import Subscriptions
from storage.state.tables import Tables
from storage.wellformed import takes_any_text

if TYPE_CHECKING:
    from storage.file.knowledge import FileDocuments

T = TypeVar("T")


@takes_any_text
class FileStore(KeepsKnowledge, TableStore):
    """A directory of journals; see :mod:`storage.file`. Several processes may have it open."""

    def __init__(self, keeper: Keeper, worker: Worker, subscriptions: Subscriptions) -> None:
        """Take the parts; :meth:`open` makes them."""
        self._keeper = keeper
        self._worker = worker
        self._subscriptions = subscriptions

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, *, clock: Callable[[], datetime] = utc_now
    ) -> AsyncIterator["FileStore"]:
        """Open the directory, made if there is none; leaving the context closes it.

        Raises SettingError for one that is not ours, not writable or of a newer format.
        """
        folder, subscriptions = Folder(path), Subscriptions()
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(folder.prepare)

        def tell(wakeups: list[Wakeup]) -> None:
            loop.call_soon_threadsafe(subscriptions.publish, wakeups)

        keeper = await asyncio.to_thread(Keeper, folder, clock, tell)
        worker = Worker(keeper.perform, keeper.write_copies, keeper.close)
        store = cls(keeper, worker, subscriptions)
        try:
            await store.repair()
            yield store
        finally:
            await store.close()

    async def repair(self) -> None:
        """Bring back what can be found of records that the root journal lost."""
        await self._call(lambda: repair(self._keeper))

    async def check(self) -> None:
        """See :meth:`sessions.ports.store.Store.check`. Writes a file, syncs and removes it."""
        await self._call(self._keeper.check)

    async def close(self) -> None:
        """See :meth:`sessions.ports.store.Store.close`."""
        await self._close_documents()
        await self._worker.close()

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        return await self._routed(
            lambda: self._keeper.find_or_make(inbound.place.workspace),
            lambda step: turns.accept(step, inbound, proposal, claim, known),
        )

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`."""
        return await self._call(lambda: rounds.sweep(self._keeper, claim, limit))

    @asynccontextmanager
    async def wakeups(self) -> AsyncIterator[AsyncIterator[Wakeup]]:
        """See :meth:`sessions.ports.turns.Turns.wakeups`."""
        with self._subscriptions.subscribe() as own:
            yield await listen(own, self._keeper.folder.hints, self._keeper.origin)

    async def workspace(self, key: WorkspaceKey, title: str = "") -> Workspace:
        """See :meth:`sessions.ports.catalog.Catalog.workspace`."""

        def find() -> Workspace:
            found = self._keeper.find_or_make(key, title)
            return self._keeper.root().workspaces[found]

        return await self._call(find)

    async def workspaces(self, after: Cursor | None, limit: int) -> WorkspacePage:
        """See :meth:`sessions.ports.catalog.Catalog.workspaces`."""
        return await self._call(lambda: rounds.workspaces(self._keeper, after, limit))

    async def create(
        self, workspace: WorkspaceId, new: NewSession, thread: ThreadRef | None, event: EventId
    ) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.create`."""

        def route() -> WorkspaceId:
            if workspace not in self._keeper.root().workspaces:
                raise NoSuchSession("That workspace does not exist.")
            return workspace

        return await self._routed(route, lambda step: catalog.create(step, new, thread, event))

    async def bound(self, thread: ThreadRef) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.bound`."""

        def look() -> Session | None:
            home = self._keeper.root().homes.get(thread)
            return None if home is None else catalog.bound(self._keeper.read(home), thread)

        return await self._call(look)

    async def unbind(self, thread: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.unbind`."""

        def unbind() -> None:
            home = self._keeper.root().homes.get(thread)
            if home is not None:
                self._keeper.run(home, lambda step: catalog.unbind(step, thread))

        await self._call(unbind)

    async def migrate(self, old: ThreadRef, new: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.migrate`. A repeat finishes what a crash began."""
        await self._call(lambda: rounds.migrate(self._keeper, old, new))

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.quarantined`. Reads all journals."""
        return await self._call(lambda: rounds.quarantined(self._keeper))

    def _open_documents(self) -> "FileDocuments":
        from storage.file.knowledge import FileDocuments

        return FileDocuments(self._keeper.folder, self._keeper.quarantine, self._keeper.clock)

    async def _step(
        self,
        workspace: WorkspaceId,
        rule: Callable[[Step], T],
        *,
        durable: bool = True,
        erases: bool = False,
    ) -> T:
        return await self._routed(lambda: workspace, rule, durable=durable, erases=erases)

    async def _routed(
        self,
        route: Callable[[], WorkspaceId],
        rule: Callable[[Step], T],
        *,
        durable: bool = True,
        erases: bool = False,
    ) -> T:
        results: list[T] = []
        await self._worker.do(
            Task(
                route=route,
                rule=lambda step: results.append(rule(step)),
                durable=durable,
                erases=erases,
            )
        )
        return results[0]

    async def _read(self, workspace: WorkspaceId, look: Callable[[Tables], T]) -> T:
        return await self._call(lambda: look(self._keeper.read(workspace)))

    async def _root_step(self, rule: Callable[[RootStep], T], *, durable: bool = True) -> T:
        return await self._call(lambda: self._keeper.run_root(rule, durable=durable))

    async def _read_root(self, look: Callable[[RootTables, datetime], T]) -> T:
        keeper = self._keeper
        return await self._call(lambda: look(keeper.root(), keeper.clock()))

    async def _call(self, run: Callable[[], T]) -> T:
        results: list[T] = []
        await self._worker.do(Call(run=lambda: results.append(run())))
        return results[0]
