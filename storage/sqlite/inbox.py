"""The inboxes: which turn is due, and where a late one goes."""

from typing import NamedTuple

from sessions.errors import StoreDamaged
from sessions.model import Answer, EventId, Holder, Inbound, Platform, ReplyRecord, SessionKey, Turn
from sessions.ports.turns import Claim
from storage.sqlite import events, records, rows
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import Step, moment


class TurnRow(NamedTuple):
    """A row of ``turns`` without what only ordering needs."""

    session: int
    position: int
    event: EventId
    platform: Platform
    owner: Holder
    owner_until: int
    accepted_at: int
    handed: int
    takeovers: int
    stop: int
    reply: bytes | None
    answer: bytes | None
    inbound: bytes

    def turn(self, key: SessionKey) -> Turn:
        """The noun. Raises StoreDamaged."""
        inbound = records.decode(Inbound, self.inbound)
        if (inbound.event, inbound.place.thread.platform) != (self.event, self.platform):
            raise StoreDamaged("a turn whose columns are not those of its Inbound")
        return Turn(
            key,
            inbound,
            moment(self.accepted_at),
            self.takeovers,
            bool(self.stop),
            ReplyRecord() if self.reply is None else records.decode(ReplyRecord, self.reply),
            None if self.answer is None else records.decode(Answer, self.answer),
        )

    def orphaned(self, claim: Claim, now: int) -> bool:
        """The only process that could show the answer is another, and was silent for too long."""
        return bool(self.owner) and self.owner != claim.holder and self.owner_until <= now

    def claimable(self, claim: Claim, now: int) -> bool:
        """The claimant can deliver the answer, or nobody else is left to say what became of it."""
        if self.orphaned(claim, now):
            return True
        return self.platform in claim.platforms and self.owner in ("", claim.holder)


_SELECT = "SELECT " + ", ".join(TurnRow._fields)
_FIRST = _SELECT + " FROM turns WHERE session = ? ORDER BY position LIMIT 1"
_AT = _SELECT + " FROM turns WHERE session = ? AND position = ?"
_ALL = _SELECT + " FROM turns WHERE session = ? ORDER BY position"


def head(step: Step, session: int) -> TurnRow | None:
    """The first turn of the inbox, unread."""
    row = step.execute(_FIRST, (session,)).fetchone()
    return None if row is None else TurnRow._make(row)


def readable_head(step: Step, row: SessionRow) -> tuple[TurnRow, Turn] | None:
    """The first turn of the inbox that can be read; those before it are put aside."""
    while (first := head(step, row.seq)) is not None:
        try:
            return first, first.turn(row.key)
        except StoreDamaged as damage:
            put_aside(step, row.key, first, damage)
    return None


def waiting(step: Step, row: SessionRow) -> tuple[Turn, ...]:
    """The whole inbox, head first."""
    turns: list[Turn] = []
    for found in map(TurnRow._make, step.execute(_ALL, (row.seq,)).fetchall()):
        try:
            turns.append(found.turn(row.key))
        except StoreDamaged as damage:
            put_aside(step, row.key, found, damage)
    return tuple(turns)


def put_aside(step: Step, key: SessionKey, row: TurnRow, why: StoreDamaged) -> None:
    """Move a turn that cannot be read to the quarantine; it will never be committed."""
    kept = b"\n".join(part for part in (row.inbound, row.reply, row.answer) if isinstance(part, bytes))
    records.put_aside(step, f"inbox of {key}, turn {row.event}", why, kept)
    events.drop(step, row.event)
    remove(step, row)


def put_aside_at(step: Step, row: SessionRow, position: int, why: StoreDamaged) -> None:
    """Move the turn of that position to the quarantine."""
    found = step.execute(_AT, (row.seq, position)).fetchone()
    put_aside(step, row.key, TurnRow._make(found), why)


def remove(step: Step, row: TurnRow) -> None:
    """Take the turn from its inbox."""
    step.execute("DELETE FROM turns WHERE session = ? AND position = ?", (row.session, row.position))
    step.execute("UPDATE sessions SET waiting = waiting - 1 WHERE seq = ?", (row.session,))
    rows.bury(step, row.session)


def append(step: Step, row: SessionRow, inbound: Inbound, owner_until: int, *, handed: bool) -> TurnRow:
    """Put the Inbound into its place; the session's counter is the caller's to move."""
    position = 1 if row.waiting == 0 else _make_room(step, row.seq, inbound)
    thread = inbound.place.thread
    record = records.encode(inbound)
    step.execute(
        "INSERT INTO turns (session, position, event, platform, chat, thread, number, accepted_at, owner,"
        " owner_until, handed, inbound) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.seq,
            position,
            inbound.event,
            thread.platform,
            thread.chat,
            thread.thread,
            inbound.number,
            step.now,
            inbound.owner,
            owner_until,
            handed,
            record,
        ),
    )
    return TurnRow(
        row.seq,
        position,
        inbound.event,
        thread.platform,
        inbound.owner,
        owner_until,
        step.now,
        handed,
        0,
        0,
        None,
        None,
        record,
    )


def ahead(step: Step, session: int, event: EventId) -> int:
    """How many turns stand before this one; 0 when it is not in the inbox."""
    (count,) = step.execute(
        "SELECT count(*) FROM turns WHERE session = ?1 AND position <"
        " (SELECT position FROM turns WHERE session = ?1 AND event = ?2)",
        (session, event),
    ).fetchone()
    return int(count)


def holds(step: Step, session: int, event: EventId, *, unanswered: bool = False) -> bool:
    """The turn is in the inbox, and has no answer if that is asked."""
    found = step.execute(
        "SELECT answer IS NULL FROM turns WHERE session = ? AND event = ?", (session, event)
    ).fetchone()
    return found is not None and (not unanswered or bool(found[0]))


def _make_room(step: Step, session: int, inbound: Inbound) -> int:
    """Return the position for the Inbound, having moved its thread's later ones each to the next one's.

    Threads keep the positions they have: only who stands on which of a thread's own changes.
    """
    thread = inbound.place.thread
    (free,) = step.execute(
        "SELECT coalesce(max(position), 0) + 1 FROM turns WHERE session = ?", (session,)
    ).fetchone()
    later = step.execute(
        "SELECT position FROM turns WHERE session = ? AND platform = ? AND chat = ? AND thread = ?"
        " AND number > ? AND handed = 0 ORDER BY position DESC",
        (session, thread.platform, thread.chat, thread.thread, inbound.number),
    ).fetchall()
    for (position,) in later:
        step.execute(
            "UPDATE turns SET position = ? WHERE session = ? AND position = ?", (free, session, position)
        )
        free = position
    return int(free)
