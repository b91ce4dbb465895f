"""Work that goes on beside the lanes: begun and not waited for, or waited for and never cut short."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

import structlog

from sessions.errors import StoreError, StoreUnavailable
from sessions.incidents import report

T = TypeVar("T")

log = structlog.get_logger()


class Beside:
    """Tasks of a group, known until they are done."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Begin the work; it must raise nothing."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aside(self, work: Coroutine[None, None, T]) -> T:
        """Await work that may take a lease; cancelling the caller leaves it to be done to its end."""
        outcome = await asyncio.shield(self.begin(_outcome(work)))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def settle(self, seconds: float) -> None:
        """Wait for what is under way, for so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def drop(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()


async def survive(work: Awaitable[None]) -> None:
    """Await work that nobody waits for: whatever fails ends one round of it."""
    try:
        await work
    except StoreUnavailable:
        log.debug("engine.round_put_off")  # that the store is away has been said
    except StoreError as error:
        log.warning("engine.store_failed", error=type(error).__name__)
    except Exception:  # noqa: BLE001 - the loops go on
        report("engine.round_failed")


async def _outcome(work: Awaitable[T]) -> T | Exception:
    """Return what the work raises: an exception of a task would end the whole group."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - the caller raises it
        return error
