"""The one thread that talks to the database, reached from asyncio through a queue."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Concatenate, ParamSpec, TypeVar, TypeVarTuple

from sessions.errors import StoreUnavailable
from sessions.ports.turns import Wakeup
from storage.sqlite.database import connect, running_error
from storage.sqlite.step import Clock, Step, WritesNeededError
from storage.sqlite.wakeups import Hints, News

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BATCH = 128
"""At most this many calls share a transaction: the last of them waits for all."""

POLL_SECONDS = 0.08
"""How often other processes' hints are looked for while somebody is subscribed."""


@dataclass(slots=True)
class _Call:
    """One port call on its way: what to do, who waits for it, and then what came of it."""

    future: asyncio.Future[Any]  # calls of every result share the queue
    run: Callable[[Step], object]
    writes: bool
    result: object = None
    error: Exception | None = None


class Writer:
    """Runs steps in transactions, in the order of their coming.

    A call that finds the thread idle runs at once, alone. Those that come meanwhile share the next
    transaction, with a savepoint each, and one commit makes them all durable.
    """

    def __init__(self, path: Path, clock: Clock, hints: Hints) -> None:
        self._path = path
        self._clock = clock
        self._hints = hints
        self._origin = os.urandom(8).hex()
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False
        self._ended: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Open the database on the thread. Raises what :func:`~storage.sqlite.database.connect` does."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        ended: asyncio.Future[None] = loop.create_future()
        self._ended = ended
        self._thread = Thread(
            target=self._live, args=(loop, opened, ended), name="parley-sqlite", daemon=True
        )
        self._thread.start()
        await opened

    def write(
        self, step: Callable[Concatenate[Step, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Run the step in a transaction; the future resolves when it is durable."""
        return self._submit(lambda tx: step(tx, *args, **kwargs), writes=True)

    def read(
        self, step: Callable[Concatenate[Step, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Run a step that changes nothing, over one state of the database."""
        return self._submit(lambda tx: step(tx, *args, **kwargs), writes=False)

    async def close(self) -> None:
        """Finish what was submitted and let go of the file. Repeating it is a no-op."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        if self._thread is not None and self._ended is not None:
            # Shielded: a second close, or a cancelled one, must not take it from the first.
            await asyncio.shield(self._ended)
            self._thread.join()

    def _submit(self, run: Callable[[Step], T], *, writes: bool) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_exception(StoreUnavailable(f"The database {self._path} has been closed."))
        else:
            self._queue.put(_Call(future, run, writes))
        return future

    def _live(
        self, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[None], ended: asyncio.Future[None]
    ) -> None:
        try:
            with closing(connect(self._path)) as connection:
                _from_thread(loop, _resolve, opened)
                self._work(loop, connection)
        except Exception as error:  # noqa: BLE001 - whoever opens the store gets it
            _from_thread(loop, _resolve, opened, error)
        finally:
            _from_thread(loop, _resolve, ended)

    def _work(self, loop: asyncio.AbstractEventLoop, connection: sqlite3.Connection) -> None:
        news = News(connection, self._origin)
        poll_at = 0.0
        ending = listening = False
        while not ending:
            calls, ending = self._take()
            if self._hints.wanted and not listening:
                with suppress(sqlite3.Error):  # then old hints are given; they may be doubled
                    news.skip()
            listening = self._hints.wanted
            if calls:
                wakeups = self._transact(connection, calls)
                _from_thread(loop, self._hand_back, calls, wakeups)
            if listening and monotonic() >= poll_at:
                poll_at = monotonic() + POLL_SECONDS
                # Only hints are lost if this fails, and those may be.
                with suppress(sqlite3.Error):
                    if foreign := news.read():
                        _from_thread(loop, self._hints.give, foreign)

    def _take(self) -> tuple[list[_Call], bool]:
        """Wait for a call and take along what has queued up behind it; true when the end was among it."""
        calls: list[_Call] = []
        try:
            call = self._queue.get(timeout=POLL_SECONDS if self._hints.wanted else None)
            while call is not None:
                calls.append(call)
                if len(calls) == BATCH:
                    return calls, False
                call = self._queue.get_nowait()
        except Empty:
            return calls, False
        return calls, True

    def _transact(self, connection: sqlite3.Connection, calls: Sequence[_Call]) -> list[Wakeup]:
        writes = any(call.writes for call in calls)
        wakeups: list[Wakeup] = []
        try:
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            for call in calls:
                wakeups += self._step(connection, call, shared=len(calls) > 1, writable=writes)
            connection.execute("COMMIT")
        except WritesNeededError:
            connection.execute("ROLLBACK")
            for call in calls:
                call.writes = True
                call.error = None
            return self._transact(connection, calls)
        except Exception as error:  # noqa: BLE001 - the callers get it
            with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                connection.execute("ROLLBACK")
            for call in calls:
                call.error = self._translated(error)
            return []
        return wakeups

    def _step(
        self, connection: sqlite3.Connection, call: _Call, *, shared: bool, writable: bool
    ) -> list[Wakeup]:
        guarded = shared and call.writes
        step = Step(connection, self._clock(), self._origin, writable=writable)
        if guarded:
            connection.execute("SAVEPOINT call")
        try:
            call.result = call.run(step)
        except WritesNeededError:
            raise
        except Exception as error:
            if not connection.in_transaction:
                raise  # SQLite gave the whole transaction up, the other calls' part of it too
            call.error = self._translated(error)
            if guarded:
                connection.execute("ROLLBACK TO call")
                connection.execute("RELEASE call")
            elif call.writes:
                connection.execute("ROLLBACK")
                connection.execute("BEGIN")
            return []
        if guarded:
            connection.execute("RELEASE call")
        return step.wakeups

    def _translated(self, error: Exception) -> Exception:
        return running_error(error, self._path) if isinstance(error, sqlite3.Error) else error

    def _hand_back(self, calls: Sequence[_Call], wakeups: Sequence[Wakeup]) -> None:
        for call in calls:
            if call.future.cancelled():
                continue
            if call.error is not None:
                call.future.set_exception(call.error)
            else:
                call.future.set_result(call.result)
        if wakeups:
            self._hints.give(wakeups)


def _from_thread(loop: asyncio.AbstractEventLoop, callback: Callable[[*Ts], object], *args: *Ts) -> None:
    # A loop that was closed without closing the store has nobody left to tell.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *args)


def _resolve(future: asyncio.Future[None], error: Exception | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
