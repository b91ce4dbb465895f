"""Waiting for what will come back: growing pauses, and store calls repeated until they succeed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from sessions.errors import StoreUnavailable

FIRST = 0.2
MOST = 30.0

T = TypeVar("T")


def waits(first: float = FIRST, most: float = MOST) -> Iterator[float]:
    """Yield seconds: each about twice the one before, up to ``most``, scattered so that crowds part."""
    pause = first
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
        pause = min(2 * pause, most)


async def until_stored(work: Callable[[], Awaitable[T]], most: float = MOST) -> T:
    """Repeat while the store is away; everything that goes through here may be repeated.

    ``most`` is the longest pause in seconds. Whoever has not all the time in the world bounds it. Nothing
    is logged here: :mod:`sessions.outage` says once that the store is away.
    """
    pauses = waits(most=most)
    while True:
        try:
            return await work()
        except StoreUnavailable:
            await asyncio.sleep(next(pauses))
