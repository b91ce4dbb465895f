"""What was seen before, so that a repeat changes nothing."""

from enum import StrEnum

from sessions.model import EventId
from sessions.ports.turns import EVENT_MEMORY
from storage.sqlite.step import Step, microseconds

DROPPED = b"dropped"
"""The outcome of a turn that will never be committed."""


class Kind(StrEnum):
    """What an event did. One chat message may be an errand and the command that it asked for."""

    TURN = "turn"
    ERRAND = "errand"
    CREATE = "create"
    BIND = "bind"
    DELETE = "delete"
    STOP = "stop"


def remember(
    step: Step, kind: Kind, event: EventId, session: int | None = None, outcome: bytes | None = None
) -> bool:
    """Note the event; False when it was noted before."""
    return (
        step.execute(
            "INSERT INTO events (kind, event, seen_at, session, outcome) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (kind, event, step.now, session, outcome),
        ).rowcount
        == 1
    )


def recall(step: Step, kind: Kind, event: EventId) -> tuple[int, bytes | None] | None:
    """The session and the outcome of an event that was noted."""
    row: tuple[int, bytes | None] | None = step.execute(
        "SELECT session, outcome FROM events WHERE event = ? AND kind = ?", (event, kind)
    ).fetchone()
    return row


def session_of(step: Step, turn: EventId) -> int:
    """The row number of the session that a turn was accepted for, which is known."""
    (session,) = step.execute(
        "SELECT session FROM events WHERE event = ? AND kind = ?", (turn, Kind.TURN)
    ).fetchone()
    return int(session)


def drop(step: Step, event: EventId) -> None:
    """Note that the turn will never be committed."""
    step.execute(
        "UPDATE events SET outcome = ? WHERE event = ? AND kind = ?", (DROPPED, event, Kind.TURN)
    )


def forget(step: Step, limit: int) -> None:
    """Forget up to ``limit`` of the oldest events, if their time is over and their turn has left."""
    step.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events ORDER BY seq LIMIT ?) AND seen_at < ?"
        " AND NOT EXISTS"
        " (SELECT 1 FROM turns t WHERE t.session = events.session AND t.event = events.event)",
        (limit, step.now - microseconds(EVENT_MEMORY)),
    )
