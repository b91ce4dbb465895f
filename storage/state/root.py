"""What belongs to no single workspace: keys, the homes of threads, listings, errands and roles."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import assert_never

import msgspec

from sessions.model import (
    EventId,
    Holder,
    Listing,
    PersonId,
    Platform,
    RoleName,
    ThreadRef,
    Workspace,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.catalog import LISTING_MEMORY, Cursor
from sessions.ports.errands import Errand
from sessions.ports.turns import EVENT_MEMORY
from storage import cursors
from storage.state.changes import (
    DropMuster,
    ForgetRoot,
    PutAlias,
    PutErrand,
    PutHome,
    PutListing,
    PutMuster,
    PutRole,
    PutWorkspace,
    RootChange,
)


class RootTables:
    """The tables above the workspaces. Only :meth:`apply` writes."""

    def __init__(self) -> None:
        self.workspaces: dict[WorkspaceId, Workspace] = {}
        self.order: list[WorkspaceId] = []
        self.keys: dict[WorkspaceKey, WorkspaceId] = {}
        self.homes: dict[ThreadRef, WorkspaceId] = {}
        self.listings: dict[tuple[ThreadRef, PersonId], PutListing] = {}
        self.errands: dict[EventId, PutErrand] = {}
        self.unfinished: dict[EventId, None] = {}
        self.roles: dict[RoleName, PutRole] = {}
        self.musters: dict[Holder, PutMuster] = {}

    def apply(self, change: RootChange) -> None:
        """Make the change."""
        match change:
            case PutWorkspace():
                if change.workspace.id not in self.workspaces:
                    self.order.append(change.workspace.id)
                self.workspaces[change.workspace.id] = change.workspace
                self.keys[change.workspace.key] = change.workspace.id
            case PutAlias():
                self.keys[change.key] = change.workspace
            case PutHome():
                self._put_home(change)
            case PutListing():
                self.listings.pop((change.thread, change.person), None)
                self.listings[change.thread, change.person] = change
            case PutErrand():
                self._put_errand(change)
            case ForgetRoot():
                self._forget(change)
            case PutRole():
                self.roles[change.role] = change
            case PutMuster() | DropMuster():
                self._put_muster(change)
            case _:
                assert_never(change)

    def find(self, key: WorkspaceKey) -> Workspace | None:
        """The workspace of that key, or of a key that its chat had before."""
        workspace = self.keys.get(key)
        return None if workspace is None else self.workspaces.get(workspace)

    def _put_home(self, change: PutHome) -> None:
        if change.workspace is None:
            self.homes.pop(change.thread, None)
        else:
            self.homes[change.thread] = change.workspace

    def _put_muster(self, change: PutMuster | DropMuster) -> None:
        if isinstance(change, DropMuster):
            self.musters.pop(change.holder, None)
        else:
            self.musters[change.holder] = change

    def _put_errand(self, change: PutErrand) -> None:
        self.errands[change.event] = change
        if change.holder:
            self.unfinished.setdefault(change.event)
        else:
            self.unfinished.pop(change.event, None)

    def _forget(self, change: ForgetRoot) -> None:
        for seen in change.listings:
            self.listings.pop(seen, None)
        for event in change.errands:
            self.errands.pop(event, None)


class RootStep:
    """One step on the root tables: it collects what it put."""

    def __init__(self, tables: RootTables, now: datetime) -> None:
        self.tables = tables
        self.now = now
        self.changes: list[RootChange] = []

    def put(self, change: RootChange) -> None:
        """Make a change and keep it."""
        self.tables.apply(change)
        self.changes.append(change)


def workspace(step: RootStep, key: WorkspaceKey, title: str, fresh: WorkspaceId) -> Workspace:
    """See :meth:`sessions.ports.catalog.Catalog.workspace`; ``fresh`` is the id of a new one."""
    found = step.tables.find(key)
    if found is None:
        found = Workspace(fresh, key, title, step.now)
        step.put(PutWorkspace(found))
    elif title and title != found.title:
        found = replace(found, title=title)
        step.put(PutWorkspace(found))
    return found


def page(
    tables: RootTables, after: Cursor | None, limit: int
) -> tuple[tuple[Workspace, ...], Cursor | None]:
    """Workspaces in order of creation, and where the page ended."""
    start = 0 if after is None else cursors.workspace_position(after)
    if after is not None and not 0 < start <= len(tables.order):
        raise cursors.unknown()
    end = start + max(limit, 0)
    shown = tables.order[start:end]
    more = shown and end < len(tables.order)
    return tuple(tables.workspaces[one] for one in shown), cursors.after_workspace(end) if more else None


def settle(step: RootStep, thread: ThreadRef, home: WorkspaceId) -> WorkspaceId | None:
    """Let the thread's binding be looked up in that workspace; returns the one where it was before."""
    former = step.tables.homes.get(thread)
    if former == home:
        return None
    step.put(PutHome(thread, home))
    return former


def save_listing(step: RootStep, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
    step.put(PutListing(thread, person, listing, step.now))


def listing(tables: RootTables, thread: ThreadRef, person: PersonId, now: datetime) -> Listing | None:
    """See :meth:`sessions.ports.catalog.Catalog.listing`."""
    seen = tables.listings.get((thread, person))
    return None if seen is None or seen.at + LISTING_MEMORY <= now else seen.listing


def migrate(step: RootStep, old: ThreadRef, new: ThreadRef) -> None:
    """Give the workspace the new chat's key and move its threads; the old key goes on leading to it.

    A workspace that the new chat got in the meantime steps aside: its key gets its id added.
    """
    tables, former, key = step.tables, chat_key(old), chat_key(new)
    found = tables.find(former)
    if found is not None and found.key != key:
        aside = tables.find(key)
        if aside is not None:
            step.put(PutWorkspace(replace(aside, key=WorkspaceKey(f"{key}:{aside.id}"))))
        step.put(PutWorkspace(replace(found, key=key)))
        step.put(PutAlias(former, found.id))
    for thread, home in list(tables.homes.items()):
        if (thread.platform, thread.chat) == (old.platform, old.chat):
            step.put(PutHome(thread, None))
            step.put(PutHome(ThreadRef(new.platform, new.chat, thread.thread), home))


def affected(tables: RootTables, old: ThreadRef, new: ThreadRef) -> list[WorkspaceId]:
    """The workspaces that may hold something of either chat."""
    chats = {(old.platform, old.chat), (new.platform, new.chat)}
    homes = [home for thread, home in tables.homes.items() if (thread.platform, thread.chat) in chats]
    found = [one.id for key in (old, new) if (one := tables.find(chat_key(key))) is not None]
    return list(dict.fromkeys(found + homes))


def chat_key(chat: ThreadRef) -> WorkspaceKey:
    """The key of the workspace that a chat has for itself."""
    return WorkspaceKey(f"{chat.platform}:{chat.chat}")


def admit(step: RootStep, errand: Errand, holder: Holder, duration: timedelta) -> bool:
    """See :meth:`sessions.ports.errands.Errands.admit`."""
    if errand.event in step.tables.errands:
        return False
    deadline = step.now + duration
    step.put(PutErrand(errand.event, errand.platform, step.now, errand.body, holder, deadline))
    return True


def finish(step: RootStep, event: EventId) -> None:
    """See :meth:`sessions.ports.errands.Errands.finish`."""
    if event in step.tables.unfinished:
        kept = step.tables.errands[event]
        step.put(msgspec.structs.replace(kept, body=b"", holder=Holder("")))


def adopt(
    step: RootStep, platforms: frozenset[Platform], holder: Holder, duration: timedelta, limit: int
) -> tuple[Errand, ...]:
    """See :meth:`sessions.ports.errands.Errands.adopt`."""
    kept = (step.tables.errands[event] for event in step.tables.unfinished)
    due = (one for one in kept if one.deadline <= step.now and one.platform in platforms)
    adopted = list(islice(due, limit))
    for one in adopted:
        step.put(msgspec.structs.replace(one, holder=holder, deadline=step.now + duration))
    return tuple(Errand(one.event, one.platform, one.body) for one in adopted)


def has_old(tables: RootTables, now: datetime) -> bool:
    """Whether :func:`forget` may find something."""
    seen, known = next(iter(tables.listings.values()), None), next(iter(tables.errands.values()), None)
    return (seen is not None and seen.at + LISTING_MEMORY <= now) or (
        known is not None and known.at + EVENT_MEMORY <= now
    )


def forget(step: RootStep, limit: int) -> None:
    """Drop at most ``limit`` listings and as many finished errands that are past their time."""
    tables = step.tables
    old = (seen for seen in tables.listings.values() if seen.at + LISTING_MEMORY <= step.now)
    listings = tuple((seen.thread, seen.person) for seen in islice(old, limit))
    known = (
        one.event
        for one in tables.errands.values()
        if one.at + EVENT_MEMORY <= step.now and one.event not in tables.unfinished
    )
    errands = tuple(islice(known, limit))
    if listings or errands:
        step.put(ForgetRoot(listings, errands))
