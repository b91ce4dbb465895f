"""Waiting for a fact about the world without polling."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Changes:
    """Wakes those who wait whenever something in the world has changed."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def notify(self) -> None:
        happened, self._next = self._next, asyncio.Event()
        happened.set()

    async def wait_for(self, predicate: Callable[[], Found | None], seconds: float | None = 5.0) -> Found:
        """Return the first true result of `predicate`; `TimeoutError` after `seconds`."""
        async with asyncio.timeout(seconds):
            while not (found := predicate()):
                await self._next.wait()
            return found
