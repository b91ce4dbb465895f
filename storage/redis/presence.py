"""Whether Redis is there. To the log that is a detail: sessions/outage.py says what matters."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from storage.redis.failures import Unreachable

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a part, and since when (monotonic seconds; None if it never worked yet)."""

    failure: Unreachable
    since: float


class Presence:
    """Collects what is wrong with the parts of a client, and wakes who waits for a change."""

    def __init__(self) -> None:
        self._troubles: dict[object, Trouble | None] = {}
        self._change = asyncio.Event()
        self._away = False
        self.connections = 0
        """How many there were: behind each new one may stand another server than before."""

    @property
    def away(self) -> bool:
        """Whether a part that is needed cannot be reached."""
        return self._away

    def trouble(self, part: object) -> Trouble | None:
        """What is wrong with the part."""
        return self._troubles.get(part)

    def down(self, part: object, failure: Unreachable) -> None:
        """The part failed."""
        known = self._troubles.get(part)
        self._troubles[part] = Trouble(failure, known.since if known else time.monotonic())
        if not self._away:
            self._away = True
            _log.debug("redis.away", why=failure.why)
        self.changed()

    def up(self, part: object) -> None:
        """The part works, or is not needed any more."""
        self._troubles.pop(part, None)
        if self._away and not self._troubles:
            self._away = False
            _log.debug("redis.back")
        self.changed()

    def unproven(self, part: object) -> None:
        """A part is new: while others are away, it counts as away until it works."""
        if self._away:
            self._troubles.setdefault(part, None)

    def changed(self) -> None:
        """Wake who waits."""
        self._change.set()
        self._change = asyncio.Event()

    async def change(self, seconds: float) -> None:
        """Wait for a change, but not longer than that."""
        try:
            async with asyncio.timeout(seconds):
                await self._change.wait()
        except TimeoutError:
            return
