"""Time and change: the clock, the ids it makes, and waiting until something is true."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as it goes over the wire: the seam where types end."""

_T = TypeVar("_T")
_DISCORD_EPOCH_MS = 1_420_070_400_000


class Clock:
    """Real time plus an offset that a test may move forward."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        self._offset += by


class Snowflakes:
    """Ids that grow with time: https://discord.com/developers/docs/reference#snowflakes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """Give an id that is larger than every id given before."""
        milliseconds = int(self._clock.now().timestamp() * 1000) - _DISCORD_EPOCH_MS
        self._last = max(milliseconds << 22, self._last + 1)
        return self._last


class Changes:
    """Wakes whoever waits whenever anything in the emulator changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def happened(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, predicate: Callable[[], _T], timeout: float) -> _T:  # noqa: ASYNC109
        """Wait until the predicate gives something true and return it, or TimeoutError."""
        async with asyncio.timeout(timeout):
            while not (value := predicate()):
                future = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)
        return value
