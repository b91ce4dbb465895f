"""What one port call may do inside its transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sessions.errors import StoreDamaged
from sessions.model import EventId, SessionKey
from sessions.ports.turns import Wake, Wakeup

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WAKEUPS_KEPT = 1024


class WritesNeededError(Exception):
    """A step that was started for reading has to put a record aside: run it again for writing."""


UNREADABLE = (
    StoreDamaged,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    TypeError,
    ValueError,
    OverflowError,
)
"""What comes of a row in which something stands that no program of ours put there."""


class Step:
    """One port call in its transaction: statements, the time, and the hints to give afterwards."""

    __slots__ = ("execute", "executemany", "now", "origin", "wakeups", "writable")

    def __init__(
        self, connection: sqlite3.Connection, now: datetime, origin: str, *, writable: bool
    ) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.now = instant(now)
        self.origin = origin
        self.writable = writable
        self.wakeups: list[Wakeup] = []

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the step that may fail by itself: an error takes back what the part wrote."""
        self.execute("SAVEPOINT part")
        try:
            yield
        except UNREADABLE:
            self.execute("ROLLBACK TO part")
            self.execute("RELEASE part")
            raise
        self.execute("RELEASE part")

    def wake(self, wake: Wake, session: SessionKey, turn: EventId | None = None) -> None:
        """Hint to every process, this one included, once the step is durable."""
        self.wakeups.append(Wakeup(wake, session, turn))
        seq = self.execute(
            "INSERT INTO wakeups (origin, wake, workspace, session, turn) VALUES (?, ?, ?, ?, ?)",
            (self.origin, wake, session.workspace, session.id, turn),
        ).lastrowid
        self.execute("DELETE FROM wakeups WHERE seq <= ?", ((seq or 0) - _WAKEUPS_KEPT,))


def instant(moment: datetime) -> int:
    """Microseconds since the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(instant: int) -> datetime:
    """The aware UTC datetime of that many microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=instant)


def microseconds(duration: timedelta) -> int:
    """The duration in the unit of the tables."""
    return duration // _MICROSECOND
