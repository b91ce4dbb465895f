"""Hands wakeups to whoever subscribed in this process."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

from sessions.ports.turns import Wakeup

BACKLOG = 10_000
"""Hints that a subscriber has not taken yet; further ones are lost to it, as the port allows."""


class Subscriptions:
    """Subscriptions to wakeups. Belongs to one event loop."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Wakeup]] = set()

    def publish(self, wakeups: Iterable[Wakeup]) -> None:
        """Hand the hints to all subscribers."""
        for wakeup in wakeups:
            for queue in self._queues:
                if not queue.full():
                    queue.put_nowait(wakeup)

    @contextmanager
    def subscribe(self) -> Iterator[AsyncIterator[Wakeup]]:
        """Collect hints from here on until the context ends."""
        queue: asyncio.Queue[Wakeup] = asyncio.Queue(BACKLOG)
        self._queues.add(queue)
        try:
            yield _drain(queue)
        finally:
            self._queues.discard(queue)


async def _drain(queue: asyncio.Queue[Wakeup]) -> AsyncIterator[Wakeup]:
    while True:
        yield await queue.get()
