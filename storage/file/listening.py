"""Wakeups of this process as they come, and of others by looking for them."""

import asyncio
from collections import deque
from pathlib import Path

from sessions.ports.turns import Wakeup
from storage.file.hints import HintReader
from storage.state.subscriptions import Subscription

PAUSE = 0.05
"""Seconds between two looks at what other processes wrote."""


class Listener:
    """A subscription together with the other processes' hints."""

    def __init__(self, own: Subscription, others: HintReader) -> None:
        self._own = own
        self._others = others
        self._found: deque[Wakeup] = deque()
        self._look_at = 0.0

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Wakeup:
        loop = asyncio.get_running_loop()
        while not self._found:
            if loop.time() >= self._look_at:
                self._found.extend(await asyncio.to_thread(self._look))
                self._look_at = loop.time() + PAUSE
            elif (wakeup := await self._next_own(self._look_at)) is not None:
                return wakeup
        return self._found.popleft()

    async def _next_own(self, until: float) -> Wakeup | None:
        try:
            async with asyncio.timeout_at(until):
                return await self._own.queue.get()
        except TimeoutError:
            return None

    def _look(self) -> list[Wakeup]:
        try:
            return self._others.news()
        except OSError:
            return []  # a hint may be lost; the sweep finds what it meant


async def listen(own: Subscription, path: Path, origin: str) -> Listener:
    """Begin to listen to both."""
    return Listener(own, await asyncio.to_thread(HintReader, path, origin))
