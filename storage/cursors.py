"""Where pages end, as text that callers hand back."""

from datetime import UTC, datetime, timedelta

from sessions.errors import UsageError
from sessions.model import SessionId
from sessions.ports.catalog import Cursor

_DIGITS = 18
"""More than any time in microseconds has, and still within 64 bits."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def after_session(active_at: int, session: str) -> Cursor:
    """Behind the session that was active at that time, in microseconds since the epoch."""
    return Cursor(f"{active_at}.{session}")


def session_position(cursor: Cursor) -> tuple[int, SessionId]:
    """Time and id of the session that a page ended with. Raises UsageError for another text."""
    time, dot, session = cursor.position.partition(".")
    if not dot:
        raise unknown()
    return _number(time), SessionId(session)


def session_start(after: Cursor | None, idle_since: datetime | None) -> tuple[int, SessionId] | None:
    """Time and id behind which a page begins; None for the newest session. Raises UsageError."""
    starts = [] if after is None else [session_position(after)]
    if idle_since is not None:
        starts.append(((idle_since - _EPOCH) // _MICROSECOND, SessionId("")))
    return max(starts, key=lambda start: (-start[0], start[1]), default=None)


def after_workspace(number: int) -> Cursor:
    """Behind the workspace of that number."""
    return Cursor(str(number))


def workspace_position(cursor: Cursor) -> int:
    """The number of the workspace that a page ended with. Raises UsageError for another text."""
    return _number(cursor.position)


def unknown() -> UsageError:
    """What is said of a cursor that no page gave."""
    return UsageError("That page is not there any more. List again from the start.")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS:
        raise unknown()
    return int(text)
