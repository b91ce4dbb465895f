"""Flood control: how fast a bot may send, what it hears when it is faster, and whether it obeys."""

import math
from collections import deque
from dataclasses import dataclass

from tests.emulators.telegram.wire import ApiCall, too_many_requests

WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Flood:
    """Limits after https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.

    Telegram publishes about 1 message/s in a chat (bursts are tolerated), 20 a minute in a group
    and 30/s overall; edits are counted with the sends. `retry_after` overrides the computed time
    in whole seconds, so that a test need not wait long. None switches a limit off.
    """

    per_chat_second: float | None = 1.0
    chat_burst: int = 5
    group_minute: int | None = 20
    overall_second: int | None = 30
    retry_after: int | None = None

    @classmethod
    def off(cls) -> "Flood":
        return cls(per_chat_second=None, group_minute=None, overall_second=None)

    @classmethod
    def strict(cls, retry_after: int | None = 1) -> "Flood":
        """No bursts: one call a second and chat."""
        return cls(chat_burst=1, retry_after=retry_after)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class FloodGate:
    """Counts what was sent; times are seconds of a monotonic clock."""

    def __init__(self, limits: Flood) -> None:
        self.limits = limits
        self.violations: list[ApiCall] = []
        self._closed_until: dict[int, float] = {}
        self._buckets: dict[int, _Bucket] = {}
        self._minutes: dict[int, deque[float]] = {}
        self._overall: deque[float] = deque()

    def check_open(self, call: ApiCall, chat_id: int, now: float) -> None:
        """Refuse with 429 and note a violation while the chat is closed."""
        closed_for = self._closed_until.get(chat_id, 0.0) - now
        if closed_for > 0:
            self.violations.append(call)
            raise too_many_requests(math.ceil(closed_for))

    def admit(self, chat_id: int, now: float, *, group: bool) -> None:
        """Refuse with 429 and close the chat if one more call would be over a limit."""
        wait = self._wait(chat_id, now, group=group)
        if wait > 1e-6:
            raise too_many_requests(self.close(chat_id, now, wait))

    def spend(self, chat_id: int, now: float, *, group: bool) -> None:
        """Count a call that had its effect."""
        if self.limits.per_chat_second is not None:
            self._bucket(chat_id, now).tokens -= 1
        if group:
            self._minutes.setdefault(chat_id, deque()).append(now)
        self._overall.append(now)

    def close(self, chat_id: int, now: float, wait: float) -> int:
        """Close the chat for this long; return the seconds that the bot is told."""
        seconds = max(1, math.ceil(wait))
        if self.limits.retry_after is not None:
            seconds = self.limits.retry_after
        self._closed_until[chat_id] = now + seconds
        return seconds

    def close_exactly(self, chat_id: int, now: float, seconds: int) -> None:
        self._closed_until[chat_id] = now + seconds

    def _wait(self, chat_id: int, now: float, *, group: bool) -> float:
        waits = [0.0]
        rate = self.limits.per_chat_second
        if rate is not None:
            waits.append((1 - self._bucket(chat_id, now).tokens) / rate)
        if group and self.limits.group_minute is not None:
            minute = self._minutes.setdefault(chat_id, deque())
            waits.append(_window_wait(minute, self.limits.group_minute, WINDOW, now))
        if self.limits.overall_second is not None:
            waits.append(_window_wait(self._overall, self.limits.overall_second, 1.0, now))
        return max(waits)

    def _bucket(self, chat_id: int, now: float) -> _Bucket:
        burst = float(self.limits.chat_burst)
        bucket = self._buckets.setdefault(chat_id, _Bucket(burst, now))
        earned = (now - bucket.filled_at) * (self.limits.per_chat_second or 0.0)
        bucket.tokens = min(burst, bucket.tokens + earned)
        bucket.filled_at = now
        return bucket


def _window_wait(times: deque[float], limit: int, window: float, now: float) -> float:
    while times and times[0] <= now - window:
        times.popleft()
    return times[-limit] + window - now if len(times) >= limit else 0.0
