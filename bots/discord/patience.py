"""Waiting for what will come back: growing pauses, and store calls repeated until they succeed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import structlog

from sessions.errors import StoreUnavailable

T = TypeVar("T")

log = structlog.get_logger(__name__)


def waits(first: float = 0.2, most: float = 30.0) -> Iterator[float]:
    """Yield seconds: each about twice the one before, up to ``most``, scattered so that crowds part."""
    pause = first
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
        pause = min(2 * pause, most)


async def until_stored(work: Callable[[], Awaitable[T]]) -> T:
    """Repeat while the store is away; everything that goes through here may be repeated."""
    for pause in waits():
        try:
            return await work()
        except StoreUnavailable as error:
            log.warning("discord.store_away", reason=str(error))
            await asyncio.sleep(pause)
    raise AssertionError("waits() is endless")
