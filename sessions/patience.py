"""Waiting for a store that is away, where what depends on it waits as well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from sessions.errors import StoreUnavailable

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[object]]

log = structlog.get_logger()

_LONGEST_WAIT = 5.0


async def insist(call: Callable[[], Awaitable[T]], sleep: Sleep = asyncio.sleep) -> T:
    """Repeat an idempotent call until the store answers; the caller bounds it, or is cancelled."""
    wait = 0.1
    while True:
        try:
            return await call()
        except StoreUnavailable:
            log.debug("store.waited_for")
            await sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
