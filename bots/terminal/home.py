"""Keeps something open that lives in an event loop, for a program that has none or several."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sessions.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")

Opening = Callable[[], AbstractAsyncContextManager[T]]


@dataclass(frozen=True, slots=True)
class _Opened(Generic[T]):
    """What is open, the loop that it lives in, and what to set for its end."""

    it: T
    loop: asyncio.AbstractEventLoop
    leave: asyncio.Event


class Home(Generic[T]):
    """Opens it at the first call, in a thread with an event loop of its own; :meth:`close` closes it.

    Its methods may be called from any thread.
    """

    def __init__(self, opening: Opening[T]) -> None:
        self._opening = opening
        self._lock = threading.Lock()
        self._opened: Future[_Opened[T]] | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._closed = False

    def call(self, work: Callable[[T], Coroutine[Any, Any, R]]) -> Future[R]:
        """Begin the work where it lives, and return its future. Blocks until it is open.

        Raises what opening raises; the next call tries again. Raises UsageError once it is closed.
        """
        return self._begin_work(self._open().result(), work)

    async def acall(self, work: Callable[[T], Coroutine[Any, Any, R]]) -> R:
        """Do the work where it lives, and return its result to this loop; cancelled, cancel the work."""
        opened = await asyncio.shield(asyncio.wrap_future(self._open()))
        return await asyncio.wrap_future(self._begin_work(opened, work))

    def close(self) -> None:
        """Close it and wait for the end; a repeat is a no-op. Raises what closing raises. Blocks."""
        with self._lock:
            self._closed, opened, thread = True, self._opened, self._thread
            self._opened = self._thread = None
        if opened is None or thread is None:
            return
        if opened.exception() is None:
            there = opened.result()
            there.loop.call_soon_threadsafe(there.leave.set)
        thread.join()
        if self._failure is not None:
            raise self._failure

    def _open(self) -> "Future[_Opened[T]]":
        with self._lock:
            if self._closed:
                raise UsageError("The agent is closed. Make a new one, or close it later.")
            if self._opened is None or _failed(self._opened):
                self._opened = Future()
                self._thread = threading.Thread(
                    target=self._run, args=(self._opened,), name="parley-agent", daemon=True
                )
                self._thread.start()
            return self._opened

    def _begin_work(self, opened: _Opened[T], work: Callable[[T], Coroutine[Any, Any, R]]) -> Future[R]:
        return asyncio.run_coroutine_threadsafe(work(opened.it), opened.loop)

    def _run(self, ready: "Future[_Opened[T]]") -> None:
        try:
            asyncio.run(self._live(ready))
        except BaseException as error:  # noqa: BLE001 - the edge of a thread: whoever waits is told
            if ready.done():
                self._failure = error
            else:
                ready.set_exception(error)

    async def _live(self, ready: "Future[_Opened[T]]") -> None:
        async with self._opening() as it:
            leave = asyncio.Event()
            ready.set_result(_Opened(it, asyncio.get_running_loop(), leave))
            await leave.wait()


def _failed(opened: "Future[_Opened[T]]") -> bool:
    return opened.done() and opened.exception() is not None
