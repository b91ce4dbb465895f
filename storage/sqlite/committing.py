"""The end of a turn: commit, delivered, and the wish that it ends."""

from datetime import datetime

from sessions.errors import LeaseLost
from sessions.model import EventId, Lease, Role, Session, SessionKey, TurnResult
from sessions.ports.turns import Claim, Committed, Known, Wake, Work
from storage.rules import gone, is_meant
from storage.sqlite import events, inbox, leases, records, rows, transcripts
from storage.sqlite.inbox import TurnRow
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import Step, moment


def commit(step: Step, lease: Lease, result: TurnResult) -> Committed:
    """See :meth:`sessions.ports.turns.Turns.commit`."""
    row = rows.find(step, lease.session)
    first = None if row is None else inbox.head(step, row.seq)
    due = row is not None and first is not None and first.event == result.turn and first.answer is None
    if row is None or first is None or not due or not row.held_by(lease):
        if (before := _committed_before(step, lease.session, row, result.turn)) is not None:
            return Committed(before, fresh=False)
        raise rows.lost(row)
    transcripts.append(step, row, result.messages)
    step.execute(
        "UPDATE turns SET answer = ? WHERE session = ? AND position = ?",
        (records.encode(result.answer), row.seq, first.position),
    )
    row = _tallied(row, result)._replace(active_at=max(row.active_at, step.now))
    step.execute(
        "UPDATE sessions SET active_at = ?, messages = ?, user_messages = ?, agent_messages = ?,"
        " tokens = ?, context = ?, size = ?, estimated = ? WHERE seq = ?",
        (
            row.active_at,
            row.messages,
            row.user_messages,
            row.agent_messages,
            row.tokens,
            row.context,
            row.size,
            row.estimated,
            row.seq,
        ),
    )
    return Committed(row.session(), fresh=True)


def delivered(step: Step, lease: Lease, turn: EventId, claim: Claim, known: Known | None) -> Work | None:
    """See :meth:`sessions.ports.turns.Turns.delivered`."""
    row = rows.find(step, lease.session)
    if row is None or not row.held_by(lease):
        if row is not None and _freed_by(step, row, lease, turn):
            return leases.take(step, row, claim, known)
        if row is None and _ended_under(step, lease, turn):
            return None
        raise rows.lost(row)
    first = inbox.head(step, row.seq)
    if first is not None and first.event == turn:
        if first.answer is None:
            raise LeaseLost("the turn is not committed")
        if row.waiting == 1:
            _finish(step, row, first, lease)
            return None
        inbox.remove(step, first)
    return leases.go_on(step, row, lease, claim, known)


def stop(
    step: Step, session: SessionKey, event: EventId, turn: EventId | None, said_at: datetime | None
) -> EventId | None:
    """See :meth:`sessions.ports.turns.Turns.stop`."""
    if (seen := events.recall(step, events.Kind.STOP, event)) is not None:
        return None if seen[1] is None else EventId(seen[1].decode())
    row = rows.find_living(step, session)
    due = None if row is None else inbox.readable_head(step, row)
    first = None if due is None or not is_meant(due[1].inbound, turn, said_at) else due[0]
    if row is None or first is None or not first.handed or first.answer is not None:
        events.remember(step, events.Kind.STOP, event)
        return None
    events.remember(step, events.Kind.STOP, event, row.seq, first.event.encode())
    step.execute(
        "UPDATE turns SET stop = 1 WHERE session = ? AND position = ?", (row.seq, first.position)
    )
    step.wake(Wake.STOP, row.key, first.event)
    return first.event


def _finish(step: Step, row: SessionRow, last: TurnRow, lease: Lease) -> None:
    """Take the last turn from the inbox and free the lease in one go: nearly every turn ends so."""
    step.execute("DELETE FROM turns WHERE session = ? AND position = ?", (last.session, last.position))
    step.execute(
        "UPDATE sessions SET waiting = 0, holder = '', token = '', deadline = 0 WHERE seq = ?", (row.seq,)
    )
    if row.deleted:
        events.end(step, last.event, lease.token)
        rows.bury(step, row.seq)


def _committed_before(
    step: Step, key: SessionKey, row: SessionRow | None, turn: EventId
) -> Session | None:
    """The session, if the turn has its answer or has left the inbox, which only a committed one does."""
    seen = events.recall(step, events.Kind.TURN, turn)
    if seen is None or events.dropped(seen[1]):
        return None
    if row is None:
        # Nothing is left of the session; a turn of one that is left cannot have been its own.
        left = rows.find_numbered(step, seen[0])
        return gone(key, moment(events.turn_of(step, turn).at)) if left is None else None
    if seen[0] != row.seq or inbox.holds(step, row.seq, turn, unanswered=True):
        return None
    return row.session()


def _freed_by(step: Step, row: SessionRow, lease: Lease, turn: EventId) -> bool:
    """The lease was the last one, and went when this turn was delivered."""
    if row.holder or row.fence != lease.fence:
        return False
    seen = events.recall(step, events.Kind.TURN, turn)
    return seen is not None and seen[0] == row.seq and not inbox.holds(step, row.seq, turn)


def _ended_under(step: Step, lease: Lease, turn: EventId) -> bool:
    """The tombstone went when this turn, its last one, was delivered under this lease."""
    seen = events.recall(step, events.Kind.TURN, turn)
    return seen is not None and events.ended_under(seen[1], lease.token)


def _tallied(row: SessionRow, result: TurnResult) -> SessionRow:
    usage = result.usage
    spent = usage.prompt + usage.completion
    roles = [message.role for message in result.messages]
    return row._replace(
        messages=row.messages + len(roles),
        user_messages=row.user_messages + roles.count(Role.USER),
        agent_messages=row.agent_messages + roles.count(Role.ASSISTANT),
        tokens=row.tokens + spent,
        # A turn that ended without a call leaves the newest call what it was.
        context=spent or row.context,
        size=row.size + sum(len(message.content.encode()) for message in result.messages),
        estimated=int(row.estimated or usage.estimated),
    )
