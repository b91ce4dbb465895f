"""The catalog of a store: workspaces, sessions, bindings and transcripts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sessions.model import (
    Audience,
    EventId,
    Listing,
    Message,
    PersonId,
    Preferences,
    Session,
    SessionId,
    SessionKey,
    ThreadRef,
    Turn,
    Workspace,
    WorkspaceId,
    WorkspaceKey,
)

LISTING_MEMORY = timedelta(hours=1)
"""How long the numbers of a listing stay usable."""


DELETED_NOTE = "Not answered: the session was deleted."
"""What the people whose Inbounds waited in a deleted session are told."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to make by name."""

    id: SessionId
    name: str
    audience: Audience
    starter: PersonId
    title: str = ""
    preferences: Preferences = Preferences()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: opaque to callers, stable while sessions are added or become active."""

    position: str


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Sessions, newest activity first; ``total`` counts all that the viewer may see."""

    sessions: tuple[Session, ...]
    total: int
    next: Cursor | None = None


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """Workspaces in order of creation, each with the number of its sessions."""

    workspaces: tuple[tuple[Workspace, int], ...]
    next: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be read: where it was, why, and where its bytes are kept."""

    where: str
    why: str
    kept: str


class Catalog(Protocol):
    """Workspaces, sessions, bindings and transcripts: what the commands work on."""

    async def workspace(self, key: WorkspaceKey, title: str = "") -> Workspace:
        """Find the workspace of that key or make it; a title that is given replaces the stored one."""
        ...

    async def find_workspace(self, key: WorkspaceKey) -> Workspace | None:
        """Look a workspace up without making it."""
        ...

    async def workspaces(self, after: Cursor | None, limit: int) -> WorkspacePage:
        """Page through all workspaces."""
        ...

    async def create(
        self, workspace: WorkspaceId, new: NewSession, thread: ThreadRef | None, event: EventId
    ) -> Session:
        """Make a session and bind it to the thread, if one is given.

        Raises NameTaken (names are compared by :func:`sessions.names.fold`). A repeated event changes
        nothing and returns what the first one did.
        """
        ...

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """Bind the thread to the session instead of what it was bound to; an archived one wakes up.

        Raises NoSuchSession. A repeated event changes nothing and returns what the first one did.
        Inbounds that were accepted stay with their session.
        """
        ...

    async def bound(self, thread: ThreadRef) -> Session | None:
        """The session the thread is bound to."""
        ...

    async def unbind(self, thread: ThreadRef) -> None:
        """Bind the thread to nothing. No-op when it is not bound."""
        ...

    async def retitle(self, session: SessionKey, title: str) -> None:
        """Give the session another title. No-op when it is gone."""
        ...

    async def archive(self, session: SessionKey, *, archived: bool) -> None:
        """Put the session away, or take it back (active or paused by its bindings).

        No-op when gone. One that is put away already keeps the time of the first.
        """
        ...

    async def get(self, session: SessionKey) -> Session | None:
        """Look a session up by its id, inside its workspace."""
        ...

    async def by_name(self, workspace: WorkspaceId, name: str) -> Session | None:
        """Look a session up by its name, compared by :func:`sessions.names.fold`."""
        ...

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
        """Sessions of these audiences (None: all), by last activity, newest first, ties by id.

        ``skip`` leaves out that many after the cursor; its cost may grow with it. ``idle_since`` leaves
        out those with an activity after that time, at no cost; ``total`` counts them all the same.
        """
        ...

    async def names(
        self,
        workspace: WorkspaceId,
        audiences: frozenset[Audience] | None,
        prefix: str,
        limit: int,
    ) -> tuple[str, ...]:
        """Session names whose folded form starts with the folded prefix, in that form's order."""
        ...

    async def transcript(
        self, session: SessionKey, before: int | None, limit: int
    ) -> tuple[Message, ...]:
        """The ``limit`` messages that end just before index ``before`` (None: the end), oldest first."""
        ...

    async def waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        """The session's inbox, head first."""
        ...

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """Erase the session: name, bindings, transcript; leave a tombstone and return what was there.

        Wakes the lease's holder with STOP (or, where nobody holds it, all with WAITING). The lease stays
        with its holder, for whom every method but ``release`` raises SessionGone, so that nobody else
        writes to the answer while the holder still may; the tombstone can be acquired once the lease is
        released or has run out. Every turn in the inbox that has no answer is given one that ended
        UNANSWERED with :data:`DELETED_NOTE`, to be delivered by whoever acquires the tombstone. Raises
        NoSuchSession; a repeated event returns what the first one did.
        """
        ...

    async def expire(self, seen: Session) -> bool:
        """Go on with a session in which nothing happens: archive it, or erase one that is archived.

        Only if it is as it was seen: no Inbound was accepted and no turn committed since, nobody archived
        it or took it back; and only while nothing waits in its inbox and nobody holds its lease. Returns
        whether it did; a repeat does nothing and returns False. What is erased leaves neither a tombstone
        nor a record of what was done: only its events stay known for their time.
        """
        ...

    async def save_listing(self, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
        """Remember for LISTING_MEMORY what this person saw listed in this thread."""
        ...

    async def listing(self, thread: ThreadRef, person: PersonId) -> Listing | None:
        """What this person last saw listed in this thread."""
        ...

    async def migrate(self, old: ThreadRef, new: ThreadRef) -> None:
        """A chat has a new id: its workspace key, bindings and waiting Inbounds move along.

        Both refs name chats (their thread is ignored; threads keep theirs). Repeating it is a no-op.
        """
        ...

    async def recorded(self, workspace: WorkspaceId, event: EventId) -> Session | None:
        """What create, bind or delete returned for this event, while it is remembered."""
        ...

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """Records that could not be read and were put aside."""
        ...
