"""The SQLite store: every port call one transaction on the database's thread."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

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
from sessions.ports.catalog import Cursor, NewSession, Quarantined, SessionPage, WorkspacePage
from sessions.ports.errands import Errand
from sessions.ports.roles import Crew
from sessions.ports.turns import Accepted, Claim, Committed, Known, Proposal, Renewal, Wakeup, Work
from storage.clock import utc_now
from storage.fulltext.keeping import KeepsKnowledge
from storage.shelves import Shelves
from storage.sqlite import (
    accepting,
    binding,
    committing,
    creating,
    errands,
    events,
    leases,
    looking,
    roles,
    workspaces,
)
from storage.sqlite.step import Clock, Step
from storage.sqlite.wakeups import Hints
from storage.sqlite.writer import Writer
from storage.wellformed import mends_text

if TYPE_CHECKING:
    from sessions.ports.bringing import Brought
    from storage.shelf import Kind, N, Put, Slot
    from storage.sqlite.knowledge import SqliteDocuments

FORGET_LIMIT = 1_000
"""How many events, and as many of each other kind, a sweep forgets at most."""


@mends_text
class SqliteStore(Shelves, KeepsKnowledge):
    """One database file, shared with the other processes that have it open."""

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self._hints = Hints()
        self._db = Writer(path, clock, self._hints)
        self._path = path

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, clock: Clock = utc_now) -> AsyncIterator[Self]:
        """Open the database of that path, made if it is missing; leaving the context closes it.

        Raises SettingError when the path cannot hold a Parley database, StoreUnavailable when the file
        is locked.
        """
        store = cls(path, clock)
        try:
            await store._db.start()
            yield store
        finally:
            await store.close()

    async def check(self) -> None:
        """See :meth:`sessions.ports.store.Store.check`. Writes a page and syncs."""
        await self._db.write(_check)

    async def close(self) -> None:
        """Finish what was begun and let go of the file. Repeating it is a no-op."""
        self._hints.end()
        await self._close_documents()
        await self._db.close()

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        return await self._db.write(accepting.accept, inbound, proposal, claim, known)

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.acquire`."""
        return await self._db.write(leases.acquire, session, claim, known)

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """See :meth:`sessions.ports.turns.Turns.renew`."""
        return await self._db.write(leases.renew, lease, duration)

    async def keep_waiting(self, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.turns.Turns.keep_waiting`."""
        return await self._db.write(leases.keep_waiting, session, turn, duration)

    async def note_reply(self, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
        """See :meth:`sessions.ports.turns.Turns.note_reply`."""
        await self._db.write(leases.note_reply, lease, turn, reply)

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """See :meth:`sessions.ports.turns.Turns.commit`."""
        return await self._db.write(committing.commit, lease, result)

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.delivered`."""
        return await self._db.write(committing.delivered, lease, turn, claim, known)

    async def release(self, lease: Lease) -> None:
        """See :meth:`sessions.ports.turns.Turns.release`."""
        await self._db.write(leases.release, lease)

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`."""
        return await self._db.write(_sweep, claim, limit)

    async def stop(
        self,
        session: SessionKey,
        event: EventId,
        *,
        turn: EventId | None = None,
        said_at: datetime | None = None,
    ) -> EventId | None:
        """See :meth:`sessions.ports.turns.Turns.stop`."""
        return await self._db.write(committing.stop, session, event, turn, said_at)

    @asynccontextmanager
    async def wakeups(self) -> AsyncIterator[AsyncIterator[Wakeup]]:
        """See :meth:`sessions.ports.turns.Turns.wakeups`."""
        with self._hints.listen() as wakeups:
            # Any call: it rouses the thread, which looks for others' hints while somebody listens.
            await self._db.read(_nothing)
            yield wakeups

    async def workspace(self, key: WorkspaceKey, title: str = "") -> Workspace:
        """See :meth:`sessions.ports.catalog.Catalog.workspace`."""
        return await self._db.write(workspaces.obtain, key, title)

    async def find_workspace(self, key: WorkspaceKey) -> Workspace | None:
        """See :meth:`sessions.ports.catalog.Catalog.find_workspace`."""
        return await self._db.read(workspaces.find, key)

    async def workspaces(self, after: Cursor | None, limit: int) -> WorkspacePage:
        """See :meth:`sessions.ports.catalog.Catalog.workspaces`."""
        return await self._db.read(workspaces.page, after, limit)

    async def create(
        self, workspace: WorkspaceId, new: NewSession, thread: ThreadRef | None, event: EventId
    ) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.create`."""
        return await self._db.write(creating.create, workspace, new, thread, event)

    async def bring(self, workspace: WorkspaceId, brought: "Brought") -> Session:
        """See :meth:`sessions.ports.bringing.Bringing.bring`."""
        from storage.sqlite import bringing

        return await self._db.write(bringing.bring, workspace, brought)

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.bind`."""
        return await self._db.write(binding.bind, session, thread, event)

    async def bound(self, thread: ThreadRef) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.bound`."""
        return await self._db.read(binding.bound, thread)

    async def unbind(self, thread: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.unbind`."""
        await self._db.write(binding.unbind, thread)

    async def retitle(self, session: SessionKey, title: str) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.retitle`."""
        await self._db.write(creating.retitle, session, title)

    async def archive(self, session: SessionKey, *, archived: bool) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.archive`."""
        await self._db.write(creating.archive, session, archived)

    async def get(self, session: SessionKey) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.get`."""
        return await self._db.read(looking.get, session)

    async def by_name(self, workspace: WorkspaceId, name: str) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.by_name`."""
        return await self._db.read(looking.by_name, workspace, name)

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
        return await self._db.read(looking.page, workspace, audiences, after, limit, skip, idle_since)

    async def names(
        self,
        workspace: WorkspaceId,
        audiences: frozenset[Audience] | None,
        prefix: str,
        limit: int,
    ) -> tuple[str, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.names`."""
        return await self._db.read(looking.names, workspace, audiences, prefix, limit)

    async def transcript(
        self, session: SessionKey, before: int | None, limit: int
    ) -> tuple[Message, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.transcript`."""
        return await self._db.read(looking.transcript, session, before, limit)

    async def waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.waiting`."""
        return await self._db.read(looking.waiting, session)

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.delete`."""
        return await self._db.write(creating.delete, session, event)

    async def expire(self, seen: Session) -> bool:
        """See :meth:`sessions.ports.catalog.Catalog.expire`."""
        return await self._db.write(creating.expire, seen)

    async def recorded(self, workspace: WorkspaceId, event: EventId) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.recorded`."""
        return await self._db.read(events.recorded, workspace, event)

    async def save_listing(self, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
        await self._db.write(errands.save_listing, thread, person, listing)

    async def listing(self, thread: ThreadRef, person: PersonId) -> Listing | None:
        """See :meth:`sessions.ports.catalog.Catalog.listing`."""
        return await self._db.read(errands.listing, thread, person)

    async def migrate(self, old: ThreadRef, new: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.migrate`."""
        await self._db.write(workspaces.migrate, old, new)

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.quarantined`."""
        return await self._db.read(looking.quarantined)

    async def admit(self, errand: Errand, holder: Holder, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.errands.Errands.admit`."""
        return await self._db.write(errands.admit, errand, holder, duration)

    async def finish(self, event: EventId) -> None:
        """See :meth:`sessions.ports.errands.Errands.finish`."""
        await self._db.write(errands.finish, event)

    async def adopt(
        self, platforms: frozenset[Platform], holder: Holder, duration: timedelta, limit: int
    ) -> tuple[Errand, ...]:
        """See :meth:`sessions.ports.errands.Errands.adopt`."""
        return await self._db.write(errands.adopt, platforms, holder, duration, limit)

    async def hold_role(self, role: RoleName, holder: Holder, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.roles.Roles.hold_role`."""
        return await self._db.write(roles.hold_role, role, holder, duration)

    async def leave_role(self, role: RoleName, holder: Holder) -> None:
        """See :meth:`sessions.ports.roles.Roles.leave_role`."""
        await self._db.write(roles.leave_role, role, holder)

    async def muster(self, holder: Holder, lanes: int, duration: timedelta) -> Crew:
        """See :meth:`sessions.ports.roles.Roles.muster`."""
        return await self._db.write(roles.muster, holder, lanes, duration)

    async def dismiss(self, holder: Holder) -> None:
        """See :meth:`sessions.ports.roles.Roles.dismiss`."""
        await self._db.write(roles.dismiss, holder)

    async def _shelve(self, workspace: WorkspaceId, slot: "Slot[N]") -> "Put":
        from storage.sqlite import shelving

        return await self._db.write(shelving.shelve, workspace, slot)

    async def _shelved(
        self, workspace: WorkspaceId, kind: "Kind[N]", key: str | None = None
    ) -> "tuple[N, ...]":
        from storage.sqlite import shelving

        return await self._db.read(shelving.shelved, workspace, kind, key)

    async def _unshelve(self, workspace: WorkspaceId, kind: "Kind[N]", key: str) -> "N | None":
        from storage.sqlite import shelving

        return await self._db.write(shelving.unshelve, workspace, kind, key)

    def _open_documents(self) -> "SqliteDocuments":
        from storage.sqlite.knowledge import SqliteDocuments

        return SqliteDocuments(self._db, self._path)


def _sweep(step: Step, claim: Claim, limit: int) -> tuple[Work, ...]:
    from storage.fulltext import documents
    from storage.sqlite import shelving

    events.forget(step, FORGET_LIMIT)
    errands.forget_listings(step, FORGET_LIMIT)
    shelving.forget(step, FORGET_LIMIT)
    documents.clean(step, step.now)
    return leases.sweep(step, claim, limit)


def _check(step: Step) -> None:
    """Put a row and take it away: a full disk or a lost right shows only when a page is written."""
    row = step.execute(
        "INSERT INTO wakeups (origin, wake, workspace, session) VALUES ('', '', '', '')"
    ).lastrowid
    step.execute("DELETE FROM wakeups WHERE seq = ?", (row,))


def _nothing(step: Step) -> None:
    """Change nothing."""
