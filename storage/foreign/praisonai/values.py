"""Values out of foreign JSON, which may be of any type or missing."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

Json = dict[str, object]

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR = timedelta(days=365 * 200)


class UnreadableError(Exception):
    """The bytes are nothing of theirs; the text says why, in words that follow a file's name."""


def parse(data: bytes) -> object:
    """Parse JSON as their program does, which lets NaN and halves of characters pass.

    Raises UnreadableError.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        what = "it is empty" if not data.strip() else f"it is no JSON (line {error.lineno})"
        raise UnreadableError(what) from None
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise UnreadableError("it is no JSON") from None


def table(value: object) -> Json:
    """An object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[object]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """A whole number that can be a count; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return int(min(max(value, 0), 1 << 50))


def written(value: object) -> str:
    """Any value as a text: a text as it is, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def time(value: object) -> datetime | None:
    """Seconds since the epoch or an ISO date; one without a zone is UTC. None where it cannot be true."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = _EPOCH + timedelta(seconds=value)
        else:
            return None
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if EARLIEST <= found <= EARLIEST + _FAR else None


def digest(*parts: str) -> str:
    """An id that the same parts give again: 16 hex digits."""
    joined = "\0".join(("praisonai", *parts))
    return sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]
