"""How long a model may keep us waiting, and when to ask it again."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits and retries of one answer.

    ``first_byte`` is how long the answer's headers may take, and then its first piece, which with a
    model that thinks may be long; ``between`` counts from one piece to the next. Waits between
    attempts double from ``first_wait``; no wait is longer than ``longest_wait``: where the far end asks
    for more, no further attempt is made. Nor is one after ``altogether``.
    """

    connect: timedelta = timedelta(seconds=10)
    first_byte: timedelta = timedelta(seconds=120)
    between: timedelta = timedelta(seconds=60)
    attempts: int = 5
    first_wait: timedelta = timedelta(milliseconds=500)
    longest_wait: timedelta = timedelta(seconds=60)
    altogether: timedelta = timedelta(minutes=4)

    def wait(self, attempt: int, asked: float | None, chance: Callable[[], float]) -> float | None:
        """Seconds to wait after a failed attempt (the first is 1); None when that would be too long.

        ``asked`` is the far end's own wish; it is honoured, with a little more so that those who were
        told the same do not all come back at once. ``chance`` gives numbers from 0 to 1.
        """
        longest = self.longest_wait.total_seconds()
        first = self.first_wait.total_seconds()
        if asked is not None:
            return asked + first * chance() if asked <= longest else None
        doubled = first * 2.0 ** min(attempt - 1, 30)
        return min(doubled, longest) * (0.5 + chance() / 2)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """How many seconds the far end asks to wait; None if it does not say, or not so that it makes sense.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after; ``retry-after-ms`` is OpenAI's own.
    """
    milliseconds = _positive(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _positive(value)
    return seconds if seconds is not None else _until(value, now)


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - now).total_seconds()
    return seconds if seconds > 0 else None
