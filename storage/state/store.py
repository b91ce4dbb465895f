"""The port methods that are one rule on one workspace's tables, or on the root's."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sessions.model import (
    Audience,
    EventId,
    Holder,
    Lease,
    Listing,
    Message,
    PersonId,
    Platform,
    ReplyRecord,
    RoleName,
    Session,
    SessionKey,
    ThreadRef,
    Turn,
    TurnResult,
    Workspace,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.bringing import Brought
from sessions.ports.catalog import Cursor, SessionPage
from sessions.ports.errands import Errand
from sessions.ports.roles import Crew
from sessions.ports.turns import Claim, Committed, Known, Renewal, Work
from storage.shelf import Kind, N, Put, Slot, nowhere
from storage.shelves import Shelves
from storage.state import bringing, catalog, leasing, roles, root, shelving, turns
from storage.state.root import RootStep, RootTables
from storage.state.step import Step
from storage.state.tables import Tables
from storage.wellformed import takes_any_text

T = TypeVar("T")


@takes_any_text
class TableStore(Shelves, ABC):
    """Half a store. A subclass says how a step is taken, and adds what concerns several tables."""

    @abstractmethod
    async def _step(
        self,
        workspace: WorkspaceId,
        rule: Callable[[Step], T],
        *,
        durable: bool = True,
        erases: bool = False,
    ) -> T:
        """Run the rule on the workspace's tables as one step, and give its hints.

        What is not ``durable`` may be lost in a power loss. What a step ``erases`` is kept nowhere.
        """

    @abstractmethod
    async def _read(self, workspace: WorkspaceId, look: Callable[[Tables], T]) -> T:
        """Look at the workspace's tables; empty ones where it does not exist."""

    @abstractmethod
    async def _root_step(self, rule: Callable[[RootStep], T], *, durable: bool = True) -> T:
        """Run the rule on the root tables as one step; ``durable`` as for :meth:`_step`."""

    @abstractmethod
    async def _read_root(self, look: Callable[[RootTables, datetime], T]) -> T:
        """Look at the root tables at this time."""

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

    async def stop(
        self,
        session: SessionKey,
        event: EventId,
        *,
        turn: EventId | None = None,
        said_at: datetime | None = None,
    ) -> EventId | None:
        """See :meth:`sessions.ports.turns.Turns.stop`."""
        return await self._step(
            session.workspace, lambda step: turns.stop(step, session, event, turn, said_at)
        )

    async def find_workspace(self, key: WorkspaceKey) -> Workspace | None:
        """See :meth:`sessions.ports.catalog.Catalog.find_workspace`."""
        return await self._read_root(lambda tables, _: tables.find(key))

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.bind`."""
        return await self._step(
            session.workspace, lambda step: catalog.bind(step, session, thread, event)
        )

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
        idle_since: datetime | None = None,
    ) -> SessionPage:
        """See :meth:`sessions.ports.catalog.Catalog.page`."""
        look = partial(
            catalog.page,
            audiences=audiences,
            after=after,
            limit=limit,
            skip=skip,
            idle_since=idle_since,
        )
        return await self._read(workspace, look)

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
        """See :meth:`sessions.ports.catalog.Catalog.delete`."""
        return await self._step(
            session.workspace, lambda step: catalog.delete(step, session, event), erases=True
        )

    async def expire(self, seen: Session) -> bool:
        """See :meth:`sessions.ports.catalog.Catalog.expire`."""
        erases = seen.archived_at is not None
        return await self._step(
            seen.key.workspace, lambda step: catalog.expire(step, seen), erases=erases
        )

    async def recorded(self, workspace: WorkspaceId, event: EventId) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.recorded`."""
        return await self._read(workspace, lambda tables: catalog.recorded(tables, event))

    async def bring(self, workspace: WorkspaceId, brought: Brought) -> Session:
        """See :meth:`sessions.ports.bringing.Bringing.bring`."""
        if not await self._read_root(lambda tables, _: workspace in tables.workspaces):
            raise nowhere()
        return await self._step(workspace, lambda step: bringing.bring(step, brought))

    async def save_listing(self, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
        await self._root_step(lambda step: root.save_listing(step, thread, person, listing))

    async def listing(self, thread: ThreadRef, person: PersonId) -> Listing | None:
        """See :meth:`sessions.ports.catalog.Catalog.listing`."""
        return await self._read_root(lambda tables, now: root.listing(tables, thread, person, now))

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

    async def hold_role(self, role: RoleName, holder: Holder, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.roles.Roles.hold_role`. Not synced."""
        return await self._root_step(
            lambda step: roles.hold_role(step, role, holder, duration), durable=False
        )

    async def leave_role(self, role: RoleName, holder: Holder) -> None:
        """See :meth:`sessions.ports.roles.Roles.leave_role`. Not synced."""
        await self._root_step(lambda step: roles.leave_role(step, role, holder), durable=False)

    async def muster(self, holder: Holder, lanes: int, duration: timedelta) -> Crew:
        """See :meth:`sessions.ports.roles.Roles.muster`. Not synced."""
        return await self._root_step(
            lambda step: roles.muster(step, holder, lanes, duration), durable=False
        )

    async def dismiss(self, holder: Holder) -> None:
        """See :meth:`sessions.ports.roles.Roles.dismiss`. Not synced."""
        await self._root_step(lambda step: roles.dismiss(step, holder), durable=False)

    async def _shelve(self, workspace: WorkspaceId, slot: Slot[N]) -> Put:
        if not await self._read_root(lambda tables, _: workspace in tables.workspaces):
            raise nowhere()
        return await self._step(workspace, lambda step: shelving.shelve(step, slot))

    async def _shelved(
        self, workspace: WorkspaceId, kind: Kind[N], key: str | None = None
    ) -> tuple[N, ...]:
        return await self._read(workspace, lambda tables: tables.shelf.of(kind, key))

    async def _unshelve(self, workspace: WorkspaceId, kind: Kind[N], key: str) -> N | None:
        return await self._step(workspace, lambda step: shelving.unshelve(step, kind, key), erases=True)
