"""Begins tasks so that none of their coroutines is made and never run."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")

Work = Callable[[], Coroutine[None, None, None]]
"""Makes the coroutine when it is its turn: a task that is cancelled first leaves none behind."""


def begin(
    tasks: asyncio.TaskGroup, work: Callable[[], Coroutine[None, None, T]]
) -> asyncio.Task[T] | None:
    """Begin the work in the group; None, and nothing happens, where the group is ending already."""
    coroutine = work()
    try:
        return tasks.create_task(coroutine)
    except RuntimeError:
        coroutine.close()
        return None
