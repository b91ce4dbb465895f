"""The end of a turn: commit, delivered, and the wish that it ends."""

from sessions.errors import LeaseLost
from sessions.model import EventId, Lease, Role, SessionKey, TurnResult
from sessions.ports.turns import Claim, Committed, Known, Wake, Work
from storage.sqlite import events, inbox, leases, records, rows, transcripts
from storage.sqlite.inbox import TurnRow
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import Step


def commit(step: Step, lease: Lease, result: TurnResult) -> Committed:
    """See :meth:`sessions.ports.turns.Turns.commit`."""
    row = rows.find(step, lease.session)
    first = None if row is None else inbox.head(step, row.seq)
    due = row is not None and first is not None and first.event == result.turn and first.answer is None
    if row is None or first is None or not due or not row.held_by(lease):
        if row is not None and _was_committed(step, row, result.turn):
            return Committed(row.session(), fresh=False)
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
        raise rows.lost(row)
    first = inbox.head(step, row.seq)
    if first is not None and first.event == turn:
        if first.answer is None:
            raise LeaseLost("the turn is not committed")
        if row.waiting == 1:
            _finish(step, row, first)
            return None
        inbox.remove(step, first)
    return leases.go_on(step, row, lease, claim, known)


def stop(step: Step, session: SessionKey, event: EventId) -> EventId | None:
    """See :meth:`sessions.ports.turns.Turns.stop`."""
    if (seen := events.recall(step, events.Kind.STOP, event)) is not None:
        return None if seen[1] is None else EventId(seen[1].decode())
    row = rows.find_living(step, session)
    first = None if row is None else inbox.head(step, row.seq)
    running = first is not None and bool(first.handed) and first.answer is None
    if row is None or first is None or not running:
        events.remember(step, events.Kind.STOP, event)
        return None
    events.remember(step, events.Kind.STOP, event, row.seq, first.event.encode())
    step.execute(
        "UPDATE turns SET stop = 1 WHERE session = ? AND position = ?", (row.seq, first.position)
    )
    step.wake(Wake.STOP, row.key, first.event)
    return first.event


def _finish(step: Step, row: SessionRow, last: TurnRow) -> None:
    """Take the last turn from the inbox and free the lease in one go: nearly every turn ends so."""
    step.execute("DELETE FROM turns WHERE session = ? AND position = ?", (last.session, last.position))
    step.execute(
        "UPDATE sessions SET waiting = 0, holder = '', token = '', deadline = 0 WHERE seq = ?", (row.seq,)
    )


def _was_committed(step: Step, row: SessionRow, turn: EventId) -> bool:
    """An accepted turn has its answer, or has left the inbox, which only a committed one does."""
    seen = events.recall(step, events.Kind.TURN, turn)
    if seen is None or seen[0] != row.seq or seen[1] == events.DROPPED:
        return False
    return not inbox.holds(step, row.seq, turn, unanswered=True)


def _freed_by(step: Step, row: SessionRow, lease: Lease, turn: EventId) -> bool:
    """The lease was the last one, and went when this turn was delivered."""
    if row.holder or row.fence != lease.fence:
        return False
    seen = events.recall(step, events.Kind.TURN, turn)
    return seen is not None and seen[0] == row.seq and not inbox.holds(step, row.seq, turn)


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
