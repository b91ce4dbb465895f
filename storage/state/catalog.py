"""What the commands do to the tables: make, bind, put away and erase sessions, and list them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from heapq import merge
from itertools import islice

import msgspec

from sessions.errors import NameTaken, NoSuchSession
from sessions.model import (
    Answer,
    Audience,
    Ending,
    EventId,
    Message,
    Preferences,
    Session,
    SessionId,
    SessionKey,
    Status,
    ThreadRef,
    Turn,
)
from sessions.names import fold
from sessions.ports.catalog import DELETED_NOTE, Cursor, NewSession, SessionPage
from sessions.ports.turns import Wake
from storage import cursors
from storage.state.changes import (
    Command,
    DropSession,
    PutBinding,
    PutInbound,
    PutReceipt,
    PutSession,
)
from storage.state.root import chat_key
from storage.state.step import Step
from storage.state.tables import Tables, by_activity


def create(step: Step, new: NewSession, thread: ThreadRef | None, event: EventId) -> Session:
    """See :meth:`sessions.ports.catalog.Catalog.create`. The workspace is this one."""
    seen = step.receipt(Command.CREATE, event)
    if seen is not None and seen.session is not None:
        return seen.session
    if step.tables.named(new.name) is not None or new.id in step.tables.sessions:
        raise NameTaken(f"There is a session named {new.name} already. Resume it, or take another name.")
    session = Session(
        key=SessionKey(step.tables.workspace, new.id),
        name=new.name,
        title=new.title,
        status=Status.ACTIVE,
        audience=new.audience,
        starter=new.starter,
        created_at=step.now,
        active_at=step.now,
        preferences=new.preferences,
    )
    step.put(PutSession(session))
    if thread is not None:
        step.put(PutBinding(thread, new.id))
    return _sign(step, Command.CREATE, event, step.tables.sessions[new.id])


def bind(step: Step, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
    """See :meth:`sessions.ports.catalog.Catalog.bind`."""
    seen = step.receipt(Command.BIND, event)
    if seen is not None and seen.session is not None:
        return seen.session
    found = step.tables.live(session.id)
    if found is None:
        raise NoSuchSession("That session does not exist any more.")
    if found.status is Status.ARCHIVED:
        step.put(PutSession(replace(found, status=Status.ACTIVE, archived_at=None)))
    step.put(PutBinding(thread, session.id))
    return _sign(step, Command.BIND, event, step.tables.sessions[session.id])


def bound(tables: Tables, thread: ThreadRef) -> Session | None:
    """See :meth:`sessions.ports.catalog.Catalog.bound`."""
    session = tables.bindings.get(thread)
    return None if session is None else tables.live(session)


def unbind(step: Step, thread: ThreadRef) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.unbind`."""
    if thread in step.tables.bindings:
        step.put(PutBinding(thread, None))


def retitle(step: Step, session: SessionKey, title: str) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.retitle`."""
    found = step.tables.live(session.id)
    if found is not None and found.title != title:
        step.put(PutSession(replace(found, title=title)))


def archive(step: Step, session: SessionKey, *, archived: bool) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.archive`."""
    found = step.tables.live(session.id)
    if found is not None and (found.status is Status.ARCHIVED) != archived:
        status, at = (Status.ARCHIVED, step.now) if archived else (Status.PAUSED, None)
        step.put(PutSession(replace(found, status=status, archived_at=at)))


def expire(step: Step, seen: Session) -> bool:
    """See :meth:`sessions.ports.catalog.Catalog.expire`."""
    id_, found = seen.key.id, step.tables.live(seen.key.id)
    if found is None or id_ in step.tables.inboxes or not step.is_free(id_):
        return False
    if (found.active_at, found.archived_at) != (seen.active_at, seen.archived_at):
        return False
    if found.archived_at is None:
        step.put(PutSession(replace(found, status=Status.ARCHIVED, archived_at=step.now)))
    else:
        _unbind_all(step, id_)
        step.put(DropSession(id_))
    return True


def page(
    tables: Tables,
    audiences: frozenset[Audience] | None,
    after: Cursor | None,
    limit: int,
    *,
    skip: int = 0,
    idle_since: datetime | None = None,
) -> SessionPage:
    """See :meth:`sessions.ports.catalog.Catalog.page`."""
    seen = tables.audiences() if audiences is None else audiences & tables.audiences()
    begin = cursors.session_start(after, idle_since)
    start = None if begin is None else (-begin[0], begin[1])
    ranks = merge(*(tables.recent(audience).after(start) for audience in seen))
    found = tuple(tables.sessions[session] for _, session in islice(ranks, skip, skip + limit + 1))
    total = sum(len(tables.recent(audience)) for audience in seen)
    shown = found[:limit]
    more = shown and len(found) > limit
    return SessionPage(shown, total, _cursor(shown[-1]) if more else None)


def names(
    tables: Tables, audiences: frozenset[Audience] | None, prefix: str, limit: int
) -> tuple[str, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.names`."""
    seen = tables.audiences() if audiences is None else audiences & tables.audiences()
    start = fold(prefix)
    ranks = merge(*(tables.alphabetical(audience).after((start, SessionId(""))) for audience in seen))
    return tuple(islice(_names_from(tables, ranks, start), limit))


def transcript(
    tables: Tables, session: SessionKey, before: int | None, limit: int
) -> tuple[Message, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.transcript`."""
    messages = tables.transcripts.get(session.id, [])
    end = len(messages) if before is None else max(0, min(before, len(messages)))
    return tuple(messages[max(0, end - limit) : end])


def waiting(tables: Tables, session: SessionKey) -> tuple[Turn, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.waiting`."""
    if session.id not in tables.sessions:
        return ()
    return tuple(tables.turn(one) for one in tables.inboxes.get(session.id, ()))


def delete(step: Step, session: SessionKey, event: EventId) -> Session:
    """See :meth:`sessions.ports.catalog.Catalog.delete`."""
    seen = step.receipt(Command.DELETE, event)
    if seen is not None and seen.session is not None:
        return seen.session
    tables = step.tables
    found = tables.live(session.id)
    if found is None:
        raise NoSuchSession("That session does not exist any more.")
    _void_and_wake(step, session.id)
    _unbind_all(step, session.id)
    if session.id in tables.inboxes:
        _answer_waiting(step, session.id)
        bare = replace(found, name="", title="", preferences=Preferences())
        step.put(PutSession(replace(bare, status=Status.DELETED, archived_at=None)))
    else:
        step.put(DropSession(session.id))
    return _sign(step, Command.DELETE, event, found)


def recorded(tables: Tables, event: EventId) -> Session | None:
    """See :meth:`sessions.ports.catalog.Catalog.recorded`. The workspace is this one."""
    receipts = (tables.receipts.get((command, event)) for command in Command)
    return next((one.session for one in receipts if one is not None and one.session is not None), None)


def migrate(step: Step, old: ThreadRef, new: ThreadRef) -> None:
    """Move this workspace's bindings and waiting Inbounds; see :meth:`sessions.ports.Catalog.migrate`."""
    tables = step.tables
    for thread, session in list(tables.bindings.items()):
        if _is_in(thread, old):
            step.put(PutBinding(thread, None))
            step.put(PutBinding(moved(thread, new), session))
    for session, inbox in tables.inboxes.items():
        for one in inbox:
            place = one.inbound.place
            if _is_in(place.thread, old):
                key = chat_key(new) if place.workspace == chat_key(old) else place.workspace
                place = replace(place, workspace=key, thread=moved(place.thread, new))
                inbound = replace(one.inbound, place=place)
                step.put(PutInbound(session, inbound, one.accepted_at))


def moved(thread: ThreadRef, chat: ThreadRef) -> ThreadRef:
    """The same thread in another chat."""
    return ThreadRef(chat.platform, chat.chat, thread.thread)


def _is_in(thread: ThreadRef, chat: ThreadRef) -> bool:
    return (thread.platform, thread.chat) == (chat.platform, chat.chat)


def _sign(step: Step, command: Command, event: EventId, session: Session) -> Session:
    step.put(PutReceipt(command, event, step.now, session=session))
    return session


def _unbind_all(step: Step, session: SessionId) -> None:
    for thread in step.tables.bound_threads(session):
        step.put(PutBinding(thread, None))


def _void_and_wake(step: Step, session: SessionId) -> None:
    lease, head = step.tables.leases.get(session), step.head(session)
    if lease is not None and lease.holder:
        step.put(msgspec.structs.replace(lease, void=True))
        step.wake(Wake.STOP, session, head.inbound.event if head and head.is_running else None)
    if head is not None and step.is_free(session):
        step.wake(Wake.WAITING, session)


def _answer_waiting(step: Step, session: SessionId) -> None:
    unanswered = Answer(Ending.UNANSWERED, note=DELETED_NOTE)
    for one in step.tables.inboxes[session]:
        if one.progress.answer is None:
            step.put(PutInbound(session, replace(one.inbound, text=""), one.accepted_at))
            step.put(msgspec.structs.replace(one.progress, answer=unanswered))


def _names_from(
    tables: Tables, ranks: Iterator[tuple[int | str, SessionId]], start: str
) -> Iterator[str]:
    for folded, session in ranks:
        if not str(folded).startswith(start):
            return
        yield tables.sessions[session].name


def _cursor(session: Session) -> Cursor:
    rank, identity = by_activity(session)
    return cursors.after_session(-rank, identity)
