"""Leases: who may run a session's turns, and until when."""

from datetime import timedelta

from sessions.model import EventId, Lease, ReplyRecord, SessionKey, Turn
from sessions.ports.turns import Claim, Known, Renewal, Wake, Work
from storage.sqlite import inbox, records, rows, transcripts
from storage.sqlite.inbox import TurnRow
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import UNREADABLE, Step, microseconds, moment

_WITH_WORK = """
WITH RECURSIVE busy (session) AS (
    SELECT min(session) FROM turns
    UNION ALL
    SELECT (SELECT min(session) FROM turns WHERE session > busy.session)
    FROM busy WHERE busy.session IS NOT NULL
)
SELECT session FROM busy JOIN sessions s ON s.seq = session
WHERE s.holder = '' OR s.deadline <= ?
ORDER BY (SELECT accepted_at FROM turns WHERE turns.session = s.seq ORDER BY position LIMIT 1), session
"""


def acquire(step: Step, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
    """See :meth:`sessions.ports.turns.Turns.acquire`."""
    row = rows.find(step, session)
    return None if row is None else take(step, row, claim, known)


def take(step: Step, row: SessionRow, claim: Claim, known: Known | None) -> Work | None:
    """Take the lease if it is free, or has run out, and the head of the inbox is for the claimant."""
    if not row.leasable(step.now) or (due := inbox.readable_head(step, row)) is None:
        return None
    first, turn = due
    if not first.claimable(claim, step.now):
        return None
    deadline = step.now + microseconds(claim.duration)
    step.execute(
        "UPDATE sessions SET holder = ?, token = ?, fence = ?, deadline = ? WHERE seq = ?",
        (claim.holder, claim.token, row.fence + 1, deadline, row.seq),
    )
    lease = Lease(row.key, claim.holder, claim.token, row.fence + 1, moment(deadline))
    if row.holder and first.handed and first.answer is None:
        first = first._replace(takeovers=first.takeovers + 1)
        turn = first.turn(row.key)
    hand_out(step, first)
    return work(step, row, lease, turn, known, orphaned=first.orphaned(claim, step.now))


def take_or_wake(step: Step, row: SessionRow, claim: Claim | None, known: Known | None) -> Work | None:
    """Take the lease if the claimant can; if it stays free, tell the others that something waits."""
    taken = None if claim is None else take(step, row, claim, known)
    if taken is None and row.waiting and row.leasable(step.now):
        step.wake(Wake.WAITING, row.key)
    return taken


def hand_out(step: Step, first: TurnRow) -> None:
    """Note that a holder was given the turn."""
    step.execute(
        "UPDATE turns SET handed = 1, takeovers = ? WHERE session = ? AND position = ?",
        (first.takeovers, first.session, first.position),
    )


def work(
    step: Step, row: SessionRow, lease: Lease, turn: Turn, known: Known | None, *, orphaned: bool
) -> Work:
    """What a holder needs to run or deliver the turn."""
    since, news = transcripts.news(step, row, known)
    return Work(lease, turn, row.session(), news, since, orphaned)


def renew(step: Step, lease: Lease, duration: timedelta) -> Renewal:
    """See :meth:`sessions.ports.turns.Turns.renew`."""
    row = rows.find_held(step, lease)
    renewed = _extended(step, row, lease, duration)
    first = inbox.head(step, row.seq)
    stopped = first is not None and first.stop and first.answer is None
    return Renewal(renewed, first.event if first and stopped else None)


def release(step: Step, lease: Lease) -> None:
    """See :meth:`sessions.ports.turns.Turns.release`."""
    row = rows.find(step, lease.session)
    if row is not None and row.taken_by(lease):
        free(step, row)
        if row.waiting:
            step.wake(Wake.WAITING, row.key)


def free(step: Step, row: SessionRow) -> None:
    """Let the lease go; its fence stays, so that the next one is higher."""
    step.execute("UPDATE sessions SET holder = '', token = '', deadline = 0 WHERE seq = ?", (row.seq,))


def go_on(step: Step, row: SessionRow, lease: Lease, claim: Claim, known: Known | None) -> Work | None:
    """Give the holder the head under the same lease, or free the lease and wake the others."""
    due = inbox.readable_head(step, row)
    if due is not None and due[0].claimable(claim, step.now):
        first, turn = due
        extended = _extended(step, row, lease, claim.duration)
        hand_out(step, first)
        return work(step, row, extended, turn, known, orphaned=first.orphaned(claim, step.now))
    free(step, row)
    if due is not None:
        step.wake(Wake.WAITING, row.key)
    return None


def sweep(step: Step, claim: Claim, limit: int) -> tuple[Work, ...]:
    """See :meth:`sessions.ports.turns.Turns.sweep`."""
    taken: list[Work] = []
    for (session,) in step.execute(_WITH_WORK, (step.now,)).fetchall():
        if len(taken) >= limit:
            break
        try:
            with step.part():
                got = take(step, rows.load(step, session), claim, None)
        except UNREADABLE as damage:
            records.log_skipped("sweep.skipped", session, damage)
            continue
        if got is not None:
            taken.append(got)
    return tuple(taken)


def keep_waiting(step: Step, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
    """See :meth:`sessions.ports.turns.Turns.keep_waiting`."""
    row = rows.find(step, session)
    if row is None:
        return False
    return (
        step.execute(
            "UPDATE turns SET owner_until = ? WHERE session = ? AND event = ?",
            (step.now + microseconds(duration), row.seq, turn),
        ).rowcount
        == 1
    )


def note_reply(step: Step, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
    """See :meth:`sessions.ports.turns.Turns.note_reply`."""
    row = rows.find_held(step, lease)
    step.execute(
        "UPDATE turns SET reply = ?1 WHERE session = ?2 AND event = ?3 AND position ="
        " (SELECT min(position) FROM turns WHERE session = ?2)",
        (records.encode(reply), row.seq, turn),
    )


def _extended(step: Step, row: SessionRow, lease: Lease, duration: timedelta) -> Lease:
    deadline = step.now + microseconds(duration)
    step.execute("UPDATE sessions SET deadline = ? WHERE seq = ?", (deadline, row.seq))
    return Lease(lease.session, lease.holder, lease.token, lease.fence, moment(deadline))
