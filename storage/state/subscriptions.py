"""Hands wakeups to whoever subscribed in this process."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sessions.ports.turns import Wakeup

BACKLOG = 10_000
"""Hints that a subscriber has not taken yet; further ones are lost to it, as the port allows."""


class Subscription:
    """The wakeups since it began. Ends with its context, not with an iteration."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Wakeup] = asyncio.Queue(BACKLOG)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Wakeup:
        return await self.queue.get()

    def put(self, wakeup: Wakeup) -> None:
        """Add a hint, unless too many wait."""
        if not self.queue.full():
            self.queue.put_nowait(wakeup)


class Subscriptions:
    """Who wants wakeups. Belongs to one event loop."""

    def __init__(self) -> None:
        self._all: set[Subscription] = set()

    def publish(self, wakeups: Iterable[Wakeup]) -> None:
        """Hand the hints to all subscribers."""
        for wakeup in wakeups:
            for subscription in self._all:
                subscription.put(wakeup)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Collect hints from here on until the context ends."""
        subscription = Subscription()
        self._all.add(subscription)
        try:
            yield subscription
        finally:
            self._all.discard(subscription)
