"""The store contract over journals: each port method as a job for the thread that owns them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

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
from storage.file import rounds
from storage.file.folder import Folder
from storage.file.keeper import Call, Keeper, Task
from storage.file.listening import listen
from storage.file.repair import repair
from storage.file.worker import Worker
from storage.state import catalog, leasing, root, turns
from storage.state.root import RootStep
from storage.state.step import Step
from storage.state.subscriptions import Subscriptions
from storage.state.tables import Tables

T = TypeVar("T")


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class FileStore:
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

    async def close(self) -> None:
        """See :meth:`sessions.ports.store.Store.close`."""
        await self._worker.close()

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        return await self._routed(
            lambda: self._keeper.find_or_make(inbound.place.workspace),
            lambda step: turns.accept(step, inbound, proposal, claim, known),
        )

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.acquire`."""
        return await self._step(
            session.workspace, lambda step: leasing.acquire(step, session, claim, known)
        )

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """See :meth:`sessions.ports.turns.Turns.renew`. Not synced."""
        return await self._step(
            lease.session.workspace, lambda step: leasing.renew(step, lease, duration), durable=False
        )

    async def keep_waiting(self, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.turns.Turns.keep_waiting`. Not synced."""
        return await self._step(
            session.workspace,
            lambda step: leasing.keep_waiting(step, session, turn, duration),
            durable=False,
        )

    async def note_reply(self, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
        """See :meth:`sessions.ports.turns.Turns.note_reply`."""
        await self._step(
            lease.session.workspace, lambda step: leasing.note_reply(step, lease, turn, reply)
        )

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """See :meth:`sessions.ports.turns.Turns.commit`."""
        return await self._step(lease.session.workspace, lambda step: turns.commit(step, lease, result))

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.delivered`."""
        return await self._step(
            lease.session.workspace, lambda step: turns.delivered(step, lease, turn, claim, known)
        )

    async def release(self, lease: Lease) -> None:
        """See :meth:`sessions.ports.turns.Turns.release`. Not synced."""
        await self._step(
            lease.session.workspace, lambda step: leasing.release(step, lease), durable=False
        )

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`."""
        return await self._call(lambda: rounds.sweep(self._keeper, claim, limit))

    async def stop(self, session: SessionKey, event: EventId) -> EventId | None:
        """See :meth:`sessions.ports.turns.Turns.stop`."""
        return await self._step(session.workspace, lambda step: turns.stop(step, session, event))

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

    async def find_workspace(self, key: WorkspaceKey) -> Workspace | None:
        """See :meth:`sessions.ports.catalog.Catalog.find_workspace`."""
        return await self._call(lambda: self._keeper.root().find(key))

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

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.bind`."""
        return await self._step(
            session.workspace, lambda step: catalog.bind(step, session, thread, event)
        )

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

    async def retitle(self, session: SessionKey, title: str) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.retitle`."""
        await self._step(session.workspace, lambda step: catalog.retitle(step, session, title))

    async def archive(self, session: SessionKey, *, archived: bool) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.archive`."""
        await self._step(
            session.workspace, lambda step: catalog.archive(step, session, archived=archived)
        )

    async def get(self, session: SessionKey) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.get`."""
        return await self._read(session.workspace, lambda tables: tables.live(session.id))

    async def by_name(self, workspace: WorkspaceId, name: str) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.by_name`."""
        return await self._read(workspace, lambda tables: tables.named(name))

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
        return await self._read(
            workspace, lambda tables: catalog.page(tables, audiences, after, limit, skip)
        )

    async def names(
        self,
        workspace: WorkspaceId,
        audiences: frozenset[Audience] | None,
        prefix: str,
        limit: int,
    ) -> tuple[str, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.names`."""
        return await self._read(workspace, lambda tables: catalog.names(tables, audiences, prefix, limit))

    async def transcript(
        self, session: SessionKey, before: int | None, limit: int
    ) -> tuple[Message, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.transcript`."""
        return await self._read(
            session.workspace, lambda tables: catalog.transcript(tables, session, before, limit)
        )

    async def waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.waiting`."""
        return await self._read(session.workspace, lambda tables: catalog.waiting(tables, session))

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.delete`. Rewrites the journal without the session."""
        return await self._step(
            session.workspace, lambda step: catalog.delete(step, session, event), erases=True
        )

    async def save_listing(self, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
        await self._root_step(lambda step: root.save_listing(step, thread, person, listing))

    async def listing(self, thread: ThreadRef, person: PersonId) -> Listing | None:
        """See :meth:`sessions.ports.catalog.Catalog.listing`."""
        keeper = self._keeper
        return await self._call(lambda: root.listing(keeper.root(), thread, person, keeper.clock()))

    async def migrate(self, old: ThreadRef, new: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.migrate`. A repeat finishes what a crash began."""
        await self._call(lambda: rounds.migrate(self._keeper, old, new))

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.quarantined`. Reads all journals."""
        return await self._call(lambda: rounds.quarantined(self._keeper))

    async def admit(self, errand: Errand, holder: Holder, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.errands.Errands.admit`."""
        return await self._root_step(lambda step: root.admit(step, errand, holder, duration))

    async def finish(self, event: EventId) -> None:
        """See :meth:`sessions.ports.errands.Errands.finish`."""
        await self._root_step(lambda step: root.finish(step, event))

    async def adopt(
        self, platforms: frozenset[Platform], holder: Holder, duration: timedelta, limit: int
    ) -> tuple[Errand, ...]:
        """See :meth:`sessions.ports.errands.Errands.adopt`."""
        return await self._root_step(lambda step: root.adopt(step, platforms, holder, duration, limit))

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

    async def _root_step(self, rule: Callable[[RootStep], T]) -> T:
        return await self._call(lambda: self._keeper.run_root(rule))

    async def _call(self, run: Callable[[], T]) -> T:
        results: list[T] = []
        await self._worker.do(Call(run=lambda: results.append(run())))
        return results[0]
