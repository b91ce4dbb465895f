"""Hints between processes: given at once inside this one, looked for in a table by the others."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from sessions.model import EventId, SessionId, SessionKey, WorkspaceId
from sessions.ports.turns import Wake, Wakeup

_BACKLOG = 4096
_WAKES = frozenset(map(str, Wake))


class Hints:
    """Who listens in this process. Lives on the event loop; ``wanted`` may be read from any thread."""

    def __init__(self) -> None:
        self.wanted = False
        self._listeners: set[_Listener] = set()

    @contextmanager
    def listen(self) -> Iterator[AsyncIterator[Wakeup]]:
        """Subscribe until the context is left."""
        listener = _Listener()
        self._listeners.add(listener)
        self.wanted = True
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            self.wanted = bool(self._listeners)

    def give(self, wakeups: Sequence[Wakeup]) -> None:
        """Hand the hints to every listener; one that does not keep up loses some."""
        for listener in self._listeners:
            listener.give(wakeups)

    def end(self) -> None:
        """End every listener's iteration."""
        for listener in self._listeners:
            listener.end()


class _Listener:
    def __init__(self) -> None:
        self._queue: asyncio.Queue[Wakeup | None] = asyncio.Queue()

    def give(self, wakeups: Sequence[Wakeup]) -> None:
        for wakeup in wakeups[: max(_BACKLOG - self._queue.qsize(), 0)]:
            self._queue.put_nowait(wakeup)

    def end(self) -> None:
        self._queue.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Wakeup:
        wakeup = await self._queue.get()
        if wakeup is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return wakeup


class News:
    """What other processes have put into the table of hints. Lives on the database's thread."""

    def __init__(self, connection: sqlite3.Connection, origin: str) -> None:
        self._connection = connection
        self._origin = origin
        self._version = -1
        self._newest = 0

    def skip(self) -> None:
        """Leave out what is there: nobody was listening."""
        row = self._connection.execute("SELECT coalesce(max(seq), 0) FROM wakeups").fetchone()
        self._newest = row[0]

    def read(self) -> tuple[Wakeup, ...]:
        """The hints that came since the last call; cheap while no other process has written."""
        # https://www.sqlite.org/pragma.html#pragma_data_version: it changes with others' commits only.
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return ()
        rows = self._connection.execute(
            "SELECT seq, origin, wake, workspace, session, turn FROM wakeups WHERE seq > ? ORDER BY seq",
            (self._newest,),
        ).fetchall()
        self._version = version
        if rows:
            self._newest = rows[-1][0]
        return tuple(_wakeup(*row[2:]) for row in rows if row[1] != self._origin and row[2] in _WAKES)


def _wakeup(wake: str, workspace: str, session: str, turn: str | None) -> Wakeup:
    key = SessionKey(WorkspaceId(workspace), SessionId(session))
    return Wakeup(Wake(wake), key, None if turn is None else EventId(turn))
