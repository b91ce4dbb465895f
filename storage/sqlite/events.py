"""What was seen before, so that a repeat changes nothing."""

from enum import StrEnum
from typing import NamedTuple

from sessions.model import EventId, Session, WorkspaceId
from sessions.ports.turns import EVENT_MEMORY
from storage.sqlite import records
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


def recall(step: Step, kind: Kind, event: EventId) -> tuple[int | None, bytes | None] | None:
    """The session's row number and the outcome of an event that was noted."""
    row: tuple[int | None, bytes | None] | None = step.execute(
        "SELECT session, outcome FROM events WHERE event = ? AND kind = ?", (event, kind)
    ).fetchone()
    return row


class TurnEvent(NamedTuple):
    """What is remembered of a turn: the row number of its session, and when it was accepted."""

    session: int
    at: int


def turn_of(step: Step, turn: EventId) -> TurnEvent:
    """What is remembered of a turn that was accepted."""
    row = step.execute(
        "SELECT session, seen_at FROM events WHERE event = ? AND kind = ?", (turn, Kind.TURN)
    ).fetchone()
    return TurnEvent._make(row)


def drop(step: Step, event: EventId) -> None:
    """Note that the turn will never be committed."""
    step.execute(
        "UPDATE events SET outcome = ? WHERE event = ? AND kind = ?", (DROPPED, event, Kind.TURN)
    )


def end(step: Step, event: EventId, token: str) -> None:
    """Note under which lease the last turn of a tombstone left it."""
    seen = recall(step, Kind.TURN, event)
    before = b"" if seen is None or seen[1] is None else seen[1]
    step.execute(
        "UPDATE events SET outcome = ? WHERE event = ? AND kind = ?",
        (before + _ended_under(token), event, Kind.TURN),
    )


def ended_under(outcome: bytes | None, token: str) -> bool:
    """Whether :func:`end` noted that lease."""
    return outcome is not None and outcome.endswith(_ended_under(token))


def dropped(outcome: bytes | None) -> bool:
    """Whether the turn was given up without being committed."""
    return outcome is not None and outcome.startswith(DROPPED)


def recorded(step: Step, workspace: WorkspaceId, event: EventId) -> Session | None:
    """See :meth:`sessions.ports.catalog.Catalog.recorded`."""
    for kind in (Kind.CREATE, Kind.BIND, Kind.DELETE):
        seen = recall(step, kind, event)
        if seen is not None and seen[1] is not None:
            session = records.decode(Session, seen[1])
            if session.key.workspace == workspace:
                return session
    return None


def _ended_under(token: str) -> bytes:
    return b" under " + token.encode()


def forget(step: Step, limit: int) -> None:
    """Forget up to ``limit`` of the oldest events, if their time is over and their turn has left."""
    step.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events ORDER BY seq LIMIT ?) AND seen_at < ?"
        " AND NOT EXISTS"
        " (SELECT 1 FROM turns t WHERE t.session = events.session AND t.event = events.event)",
        (limit, step.now - microseconds(EVENT_MEMORY)),
    )
