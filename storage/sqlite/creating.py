"""Sessions come, change and go: made under a free name, put away, erased to a tombstone."""

from dataclasses import replace

from sessions.errors import NameTaken, NoSuchSession
from sessions.model import (
    Answer,
    Audience,
    Ending,
    EventId,
    Session,
    SessionKey,
    ThreadRef,
    WorkspaceId,
)
from sessions.names import fold
from sessions.ports.catalog import DELETED_NOTE, NewSession
from sessions.ports.turns import Proposal, Wake
from storage.sqlite import binding, events, inbox, records, rows, transcripts
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import Step, instant


def create(
    step: Step, workspace: WorkspaceId, new: NewSession, thread: ThreadRef | None, event: EventId
) -> Session:
    """See :meth:`sessions.ports.catalog.Catalog.create`."""
    if (seen := events.recall(step, events.Kind.CREATE, event)) is not None and seen[1] is not None:
        return records.decode(Session, seen[1])
    if step.execute("SELECT 1 FROM workspaces WHERE id = ?", (workspace,)).fetchone() is None:
        raise NoSuchSession("That workspace does not exist.")
    if taken(step, workspace, new.name):
        raise NameTaken(
            f"A session named {new.name} exists here already. Resume it, or choose another name."
        )
    row = insert(step, workspace, new)
    if thread is not None:
        row = binding.put(step, thread, row)
    made = row.session()
    events.remember(step, events.Kind.CREATE, event, row.seq, records.encode(made))
    return made


def insert(step: Step, workspace: WorkspaceId, new: NewSession) -> SessionRow:
    """Make the session, bound to nothing. The name must be free."""
    seq = step.execute(
        "INSERT INTO sessions (workspace, id, name, folded, title, audience, starter, created_at,"
        " active_at, model, system) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            workspace,
            new.id,
            new.name,
            fold(new.name),
            new.title,
            new.audience,
            new.starter,
            step.now,
            step.now,
            new.preferences.model,
            new.preferences.system,
        ),
    ).lastrowid
    count(step, workspace, new.audience, 1)
    rows.bury(step, (seq or 0) - 1)
    return rows.load(step, seq or 0)


def free_name(step: Step, workspace: WorkspaceId, proposal: Proposal) -> str:
    """The proposed name, with as much of the id as makes it free."""
    # The end of the id: its beginning may be a time that others share.
    for candidate in (proposal.name, f"{proposal.name}-{proposal.id[-6:]}"):
        if not taken(step, workspace, candidate):
            return candidate
    return f"{proposal.name}-{proposal.id}"


def taken(step: Step, workspace: WorkspaceId, name: str) -> bool:
    """Whether a session of the workspace has that name."""
    return (
        step.execute(
            "SELECT 1 FROM sessions WHERE workspace = ? AND folded = ?", (workspace, fold(name))
        ).fetchone()
        is not None
    )


def count(step: Step, workspace: WorkspaceId, audience: Audience, change: int) -> None:
    """Note that the workspace has so many more sessions of the audience."""
    step.execute(
        "INSERT INTO audiences (workspace, audience, sessions) VALUES (?, ?, max(?3, 0))"
        " ON CONFLICT DO UPDATE SET sessions = sessions + ?3",
        (workspace, audience, change),
    )


def retitle(step: Step, session: SessionKey, title: str) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.retitle`."""
    step.execute(
        "UPDATE sessions SET title = ? WHERE workspace = ? AND id = ? AND deleted = 0",
        (title, session.workspace, session.id),
    )


def archive(step: Step, session: SessionKey, archived: bool) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.archive`."""
    step.execute(
        "UPDATE sessions SET archived = ?1 WHERE workspace = ?2 AND id = ?3 AND deleted = 0"
        " AND (archived = 0 OR ?1 = 0)",
        (step.now if archived else 0, session.workspace, session.id),
    )


def expire(step: Step, seen: Session) -> bool:
    """See :meth:`sessions.ports.catalog.Catalog.expire`."""
    row = rows.find_living(step, seen.key)
    if row is None or row.waiting or not row.leasable(step.now):
        return False
    archived = 0 if seen.archived_at is None else instant(seen.archived_at)
    if (row.active_at, row.archived) != (instant(seen.active_at), archived):
        return False
    if row.archived:
        _erase(step, row)
    else:
        archive(step, seen.key, True)
    return True


def delete(step: Step, session: SessionKey, event: EventId) -> Session:
    """See :meth:`sessions.ports.catalog.Catalog.delete`."""
    if (seen := events.recall(step, events.Kind.DELETE, event)) is not None and seen[1] is not None:
        return records.decode(Session, seen[1])
    row = rows.find_living(step, session)
    if row is None:
        raise NoSuchSession("That session does not exist any more. List the sessions to see which do.")
    there_was = row.session()
    events.remember(step, events.Kind.DELETE, event, row.seq, records.encode(there_was))
    _wake_for_deletion(step, row)
    _leave_unanswered(step, row)
    _erase(step, row)
    return there_was


def _wake_for_deletion(step: Step, row: SessionRow) -> None:
    first = inbox.head(step, row.seq)
    if row.holder:
        running = first is not None and bool(first.handed) and first.answer is None
        step.wake(Wake.STOP, row.key, first.event if first is not None and running else None)
    if first is not None and row.leasable(step.now):
        step.wake(Wake.WAITING, row.key)


def _erase(step: Step, row: SessionRow) -> None:
    step.execute("DELETE FROM bindings WHERE session = ?", (row.seq,))
    transcripts.erase(step, row)
    step.execute(
        "UPDATE sessions SET name = '', folded = NULL, title = '', system = '', model = '',"
        " bindings = 0, archived = 0, deleted = fence + 1, messages = 0, user_messages = 0,"
        " agent_messages = 0, tokens = 0, context = 0, size = 0, estimated = 0"
        " WHERE seq = ?",
        (row.seq,),
    )
    rows.bury(step, row.seq)
    count(step, row.workspace, row.audience, -1)


def _leave_unanswered(step: Step, row: SessionRow) -> None:
    step.execute(
        "UPDATE events SET outcome = ? WHERE kind = ? AND event IN"
        " (SELECT event FROM turns WHERE session = ? AND answer IS NULL)",
        (events.DROPPED, events.Kind.TURN, row.seq),
    )
    unanswered = records.encode(Answer(Ending.UNANSWERED, note=DELETED_NOTE))
    for turn in inbox.waiting(step, row):
        if turn.answer is None:
            # What was said goes with the session; where to answer it stays.
            emptied = records.encode(replace(turn.inbound, text=""))
            step.execute(
                "UPDATE turns SET answer = ?, inbound = ? WHERE session = ? AND event = ?",
                (unanswered, emptied, row.seq, turn.id),
            )
