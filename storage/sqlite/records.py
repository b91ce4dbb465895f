"""Records inside the database: encoded, decoded, and put aside when they cannot be read."""

from functools import cache
from types import ModuleType
from typing import TypeVar

from sessions.errors import StoreDamaged
from storage.sqlite.step import Step, WritesNeededError

T = TypeVar("T")


def encode(noun: object) -> bytes:
    """Return the noun's record."""
    record: bytes = _codec().encode(noun)
    return record


def decode(kind: type[T], record: bytes) -> T:
    """Return the noun of that kind. Raises StoreDamaged when the record is none."""
    if not isinstance(record, bytes):
        raise StoreDamaged(f"a {kind.__name__} record that is no bytes")
    noun: T = _codec().decode(kind, record)
    return noun


def put_aside(step: Step, place: str, why: StoreDamaged, record: bytes) -> None:
    """Keep the unreadable bytes in the quarantine and log where they were, once."""
    if not step.writable:
        raise WritesNeededError
    seq = step.execute(
        "INSERT INTO quarantine (put_at, place, why, record) VALUES (?, ?, ?, ?)",
        (step.now, place, str(why), record),
    ).lastrowid
    _log(place, seq)


@cache
def _codec() -> ModuleType:
    # A listing needs no records, and the decoder costs more to import than a page to read.
    from storage import codec

    return codec


def log_skipped(event: str, session: int, why: Exception) -> None:
    """Log that a session was passed over because of a damaged row."""
    import structlog

    structlog.get_logger(__name__).error(event, row=session, why=type(why).__name__)


def _log(place: str, seq: int | None) -> None:
    import structlog

    structlog.get_logger(__name__).error("store.quarantined", place=place, row=seq)
