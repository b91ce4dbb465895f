"""The session commands as plain async methods: one implementation for every surface.

A surface parses its own input, calls a method, and renders the outcome. What a person did wrong is raised
as a :class:`~sessions.errors.UserError`. A method that changes something may be called again for the
same event: the change happens once and the outcome is the same.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sessions.errors import (
    NameTaken,
    NoListing,
    NoSuchSession,
    NothingBound,
    NothingToRetry,
    NotPermitted,
    UsageError,
    WiderAudience,
)
from sessions.model import (
    OPEN,
    OPERATOR,
    Audience,
    EventId,
    Listing,
    Person,
    Place,
    Preferences,
    Role,
    Session,
    SessionId,
    SessionKey,
    Workspace,
)
from sessions.names import fold, parse_name
from sessions.outcomes import (
    ConfirmDelete,
    Deleted,
    Helped,
    Kept,
    Listed,
    Resumed,
    Shown,
    Started,
    Stopped,
)
from sessions.ports.catalog import Catalog, NewSession
from sessions.ports.turns import Turns

PAGE_SIZE = 10
RECENT_MESSAGES = 4
WORDS = ("start", "list", "resume", "show", "delete", "help")


_GONE = "That session is gone. Say “list” to see what is there."


class CommandStore(Catalog, Turns, Protocol):
    """The ports of a store that the commands use."""


async def _never() -> bool:
    return False


async def _nothing(_: Audience) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who gives a command, where, and by which event.

    ``administers`` asks the platform whether the person administers the chat; ``reads`` whether the
    person can read a private channel. Both are asked only when the answer matters. The operator (of the
    command line) may see and do everything. ``said_at`` keeps a stop that is carried out late from
    stopping what was asked after it.
    """

    person: Person
    place: Place
    event: EventId
    said_at: datetime | None = None
    administers: Callable[[], Awaitable[bool]] = _never
    reads: Callable[[Audience], Awaitable[bool]] = _nothing
    operator: bool = False

    @property
    def audiences(self) -> frozenset[Audience] | None:
        """Whose sessions may be named and listed here; None means all."""
        return None if self.operator else frozenset({OPEN, self.place.audience})


def new_session_id() -> SessionId:
    """Return an id that nobody can guess and that fits into a button."""
    return SessionId(os.urandom(8).hex())


def automatic_name() -> str:
    """Return a name for a session that nobody named."""
    return f"chat-{os.urandom(3).hex()}"


class SessionCommands:
    """The six words of ``/session``. Parameters after ``caller`` are what a person can say."""

    def __init__(self, store: CommandStore) -> None:
        self._store = store

    async def start(
        self,
        caller: Caller,
        name: str | None = None,
        *,
        bind: bool = True,
        preferences: Preferences = Preferences(),  # noqa: B008 - frozen
    ) -> Started:
        """Make a session and bind the caller's thread to it. Raises InvalidName or NameTaken."""
        audience = OPEN if caller.place.audience == OPERATOR else caller.place.audience
        new = NewSession(
            id=new_session_id(),
            name=automatic_name() if name is None else parse_name(name),
            audience=audience,
            starter=caller.person.id,
            preferences=preferences,
        )
        thread = caller.place.thread if bind else None
        workspace = await self._workspace(caller)
        try:
            return Started(await self._store.create(workspace.id, new, thread, caller.event))
        except NameTaken:
            if name is None:
                return await self.start(caller, bind=bind, preferences=preferences)
            await self._explain_taken(caller, workspace, new.name)
            raise

    async def list(self, caller: Caller, page: int = 1) -> Listed:
        """List a page of what the caller may see, newest activity first, and remember the numbers."""
        if page < 1:
            raise UsageError("Pages count from 1. Say “list 2” for example.")
        workspace = await self._workspace(caller)
        skip = (page - 1) * PAGE_SIZE
        found = await self._store.page(workspace.id, caller.audiences, None, PAGE_SIZE, skip=skip)
        pages = max(1, -(-found.total // PAGE_SIZE))
        if page > pages:
            last = "There is only one page." if pages == 1 else f"The last page is {pages}."
            raise UsageError(f"There is no page {page}. {last}")
        await self._remember(caller, skip, tuple(session.key.id for session in found.sessions))
        return Listed(found.sessions, found.total, skip + 1, page, pages)

    async def resume(self, caller: Caller, session: str) -> Resumed:
        """Bind the caller's thread to a session by name or number.

        Raises NoSuchSession, NoListing, or WiderAudience: what is said in a private channel stays there,
        so the session's audience must be the place's.
        """
        done = await self._recorded(caller)
        return await self._bind(caller, done or await self._resolve(caller, session))

    async def resume_id(self, caller: Caller, session: SessionId) -> Resumed:
        """Do what :meth:`resume` does, for the id that a button carries."""
        return await self._bind(caller, await self._by_id(caller, session))

    async def show(self, caller: Caller, session: str | None = None) -> Shown:
        """Show a session, by default the one bound here. Raises NothingBound, NoSuchSession."""
        found = await self._named_or_bound(caller, session)
        recent = await self._store.transcript(found.key, None, RECENT_MESSAGES)
        waiting = await self._store.waiting(found.key)
        return Shown(found, recent, sum(turn.answer is None for turn in waiting))

    async def delete(
        self, caller: Caller, session: str | None = None, *, confirmed: bool = False
    ) -> ConfirmDelete | Deleted:
        """Ask whether to delete a session, by default the one bound here, or do it.

        Raises NotPermitted for everybody but the starter and administrators.
        """
        done = await self._recorded(caller) if confirmed else None
        if done is not None:
            return Deleted(done)
        found = await self._named_or_bound(caller, session)
        return await self._delete(caller, found, confirmed=confirmed)

    async def delete_id(self, caller: Caller, session: SessionId) -> Deleted | ConfirmDelete:
        """Delete the session whose id a confirmation carries; the caller's right is checked again."""
        done = await self._recorded(caller)
        if done is not None:
            return Deleted(done)
        return await self._delete(caller, await self._by_id(caller, session), confirmed=True)

    async def keep_id(self, caller: Caller, session: SessionId) -> Kept:
        """Take a delete back; whoever may do that may delete. Raises NoSuchSession when it is done."""
        found = await self._by_id(caller, session)
        await self._check_delete(caller, found)
        return Kept(found)

    async def help(self, caller: Caller) -> Helped:
        """Tell the words."""
        return Helped()

    async def stop(self, caller: Caller) -> Stopped:
        """Ask the running answer of the session bound here to end; waiting Inbounds follow."""
        bound = await self._bound(caller)
        turn = await self._store.stop(bound.key, caller.event, said_at=caller.said_at)
        return Stopped(bound, turn is not None)

    async def check_retry(self, caller: Caller) -> Session:
        """Return the bound session if it has a turn to run again. Raises NothingBound, NothingToRetry."""
        bound = await self._bound(caller)
        newest = await self._store.transcript(bound.key, None, 1)
        if not newest:
            raise NothingToRetry("There is nothing to retry: this session has no message yet.")
        return bound

    async def _workspace(self, caller: Caller) -> Workspace:
        return await self._store.workspace(caller.place.workspace, caller.place.home)

    async def _recorded(self, caller: Caller) -> Session | None:
        """What this very event led to before, if it was carried out once and not answered."""
        return await self._store.recorded((await self._workspace(caller)).id, caller.event)

    async def _explain_taken(self, caller: Caller, workspace: Workspace, name: str) -> None:
        holder = await self._store.by_name(workspace.id, name)
        if holder is not None and not self._may_see(caller, holder):
            raise NameTaken("That name cannot be used here. Take another one.")

    async def _remember(self, caller: Caller, skip: int, ids: tuple[SessionId, ...]) -> None:
        thread, person = caller.place.thread, caller.person.id
        earlier: tuple[SessionId, ...] = ()
        if skip:
            listing = await self._store.listing(thread, person)
            earlier = listing.ids[:skip] if listing else ()
            earlier += (SessionId(""),) * (skip - len(earlier))
        await self._store.save_listing(thread, person, Listing(earlier + ids))

    async def _named_or_bound(self, caller: Caller, session: str | None) -> Session:
        return await self._bound(caller) if session is None else await self._resolve(caller, session)

    async def _bound(self, caller: Caller) -> Session:
        bound = await self._store.bound(caller.place.thread)
        if bound is None:
            raise NothingBound(
                "No session is bound here. Start one with “start”, pick one with “list” and “resume”, "
                "or just write a message."
            )
        return bound

    async def _resolve(self, caller: Caller, said: str) -> Session:
        """Find what a person named. An exact name beats a number."""
        workspace = await self._workspace(caller)
        wanted = said.strip()
        if not wanted:
            raise UsageError("Say which session, by its name or its number in the list.")
        named = await self._store.by_name(workspace.id, wanted)
        if named is not None and self._may_see(caller, named):
            return named
        if wanted.isdecimal():
            return await self._numbered(caller, workspace, wanted)
        if named is not None and await caller.reads(named.audience):
            raise WiderAudience(
                f"“{named.name}” belongs to a private channel. Use it there: here others could read it."
            )
        raise NoSuchSession(await self._unknown(caller, workspace, wanted))

    async def _numbered(self, caller: Caller, workspace: Workspace, digits: str) -> Session:
        listing = await self._store.listing(caller.place.thread, caller.person.id)
        if listing is None:
            raise NoListing("Numbers refer to a list. Say “list” first, then use its numbers.")
        number = int(digits) if len(digits) < 10 else 0
        shown = digits if number else f"{digits[:9]}…"
        if not 1 <= number <= len(listing.ids) or not listing.ids[number - 1]:
            raise NoListing(f"There is no number {shown} in the last list. Say “list” to see it again.")
        session = await self._store.get(SessionKey(workspace.id, listing.ids[number - 1]))
        if session is None or not self._may_see(caller, session):
            raise NoSuchSession(_GONE)
        return session

    async def _unknown(self, caller: Caller, workspace: Workspace, wanted: str) -> str:
        shown = wanted if len(wanted) <= 64 else wanted[:63] + "…"
        near = await self._store.names(workspace.id, caller.audiences, fold(wanted)[:3], 3)
        hint = f" Did you mean {' or '.join(f'“{name}”' for name in near)}?" if near else ""
        return f"There is no session “{shown}”.{hint} Say “list” to see what is there."

    async def _by_id(self, caller: Caller, session: SessionId) -> Session:
        workspace = await self._workspace(caller)
        found = await self._store.get(SessionKey(workspace.id, session))
        if found is None or not self._may_see(caller, found):
            raise NoSuchSession(_GONE)
        return found

    def _may_see(self, caller: Caller, session: Session) -> bool:
        audiences = caller.audiences
        return audiences is None or session.audience in audiences

    async def _bind(self, caller: Caller, found: Session) -> Resumed:
        if caller.place.audience not in (found.audience, OPERATOR):
            raise WiderAudience(
                f"“{found.name}” can be read by everybody here, this channel cannot. "
                "Resume it outside of the private channel, or start a new session in it."
            )
        session = await self._store.bind(found.key, caller.place.thread, caller.event)
        recent = await self._store.transcript(session.key, None, RECENT_MESSAGES)
        last = next((message for message in reversed(recent) if message.role is Role.USER), None)
        return Resumed(session, last)

    async def _delete(
        self, caller: Caller, found: Session, *, confirmed: bool
    ) -> ConfirmDelete | Deleted:
        await self._check_delete(caller, found)
        if not confirmed:
            return ConfirmDelete(found)
        return Deleted(await self._store.delete(found.key, caller.event))

    async def _check_delete(self, caller: Caller, found: Session) -> None:
        may = caller.operator or found.starter == caller.person.id or await caller.administers()
        if not may:
            raise NotPermitted(
                f"Only the person who started “{found.name}” or an administrator of this chat "
                "can delete it."
            )
