"""Bindings: which session a thread talks to."""

from sessions.errors import NoSuchSession
from sessions.model import EventId, Place, Session, SessionKey, ThreadRef
from storage.sqlite import events, records, rows
from storage.sqlite.rows import ROW, SessionRow
from storage.sqlite.step import Step

_BOUND_IN = (
    ROW + " FROM bindings b JOIN sessions s ON s.seq = b.session"
    " JOIN workspace_keys k ON k.key = ? AND k.workspace = s.workspace"
    " WHERE b.platform = ? AND b.chat = ? AND b.thread = ?"
)
_BOUND = (
    ROW + " FROM bindings b JOIN sessions s ON s.seq = b.session"
    " WHERE b.platform = ? AND b.chat = ? AND b.thread = ?"
)


def bound_in(step: Step, place: Place) -> SessionRow | None:
    """The session the thread is bound to, if that is one of the place's workspace."""
    thread = place.thread
    row = step.execute(
        _BOUND_IN, (place.workspace, thread.platform, thread.chat, thread.thread)
    ).fetchone()
    return None if row is None else SessionRow._make(row)


def bound(step: Step, thread: ThreadRef) -> Session | None:
    """See :meth:`sessions.ports.catalog.Catalog.bound`."""
    row = step.execute(_BOUND, (thread.platform, thread.chat, thread.thread)).fetchone()
    return None if row is None else SessionRow._make(row).session()


def bind(step: Step, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
    """See :meth:`sessions.ports.catalog.Catalog.bind`."""
    if (seen := events.recall(step, events.Kind.BIND, event)) is not None and seen[1] is not None:
        return records.decode(Session, seen[1])
    row = rows.find_living(step, session)
    if row is None:
        raise NoSuchSession("That session does not exist any more. List the sessions to see which do.")
    step.execute("UPDATE sessions SET archived = 0 WHERE seq = ?", (row.seq,))
    made = put(step, thread, row._replace(archived=0)).session()
    events.remember(step, events.Kind.BIND, event, row.seq, records.encode(made))
    return made


def put(step: Step, thread: ThreadRef, row: SessionRow) -> SessionRow:
    """Bind the thread to the session of that row, whatever it was bound to."""
    unbind(step, thread)
    step.execute(
        "INSERT INTO bindings (platform, chat, thread, session) VALUES (?, ?, ?, ?)",
        (thread.platform, thread.chat, thread.thread, row.seq),
    )
    (bindings,) = step.execute(
        "UPDATE sessions SET bindings = bindings + 1 WHERE seq = ? RETURNING bindings", (row.seq,)
    ).fetchone()
    return row._replace(bindings=bindings)


def unbind(step: Step, thread: ThreadRef) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.unbind`."""
    for (session,) in step.execute(
        "DELETE FROM bindings WHERE platform = ? AND chat = ? AND thread = ? RETURNING session",
        (thread.platform, thread.chat, thread.thread),
    ).fetchall():
        step.execute("UPDATE sessions SET bindings = bindings - 1 WHERE seq = ?", (session,))


def move(step: Step, old: ThreadRef, new: ThreadRef) -> None:
    """Move all bindings of a chat to its new id; they stand above what was bound there meanwhile."""
    found = step.execute(
        "SELECT thread, session FROM bindings WHERE platform = ? AND chat = ?", (old.platform, old.chat)
    ).fetchall()
    for thread, session in found:
        unbind(step, ThreadRef(old.platform, old.chat, thread))
        put(step, ThreadRef(new.platform, new.chat, thread), rows.load(step, session))
