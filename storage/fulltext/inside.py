"""Documents in the process's own memory."""

import asyncio
import sqlite3
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from storage.fulltext.kept import KeptDocuments
from storage.fulltext.schema import TABLES
from storage.fulltext.statements import Statements

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryDocuments(KeptDocuments):
    """A database without a file, made when it is needed first and gone with this object."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._made: sqlite3.Connection | None = None

    async def close(self) -> None:
        """Nothing to let go of; the data stays with the object."""

    async def _write(self, work: Callable[[Statements, int], T]) -> T:
        await asyncio.sleep(0)  # a long document lets others have their turn between its parts
        now = (self._clock() - _EPOCH) // timedelta(microseconds=1)
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            result = work(connection, now)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    async def _look(self, look: Callable[[Statements], T]) -> T:
        return look(self._connection())

    async def _search(self, look: Callable[[Statements], T]) -> T:
        return look(self._connection())

    def _connection(self) -> sqlite3.Connection:
        if self._made is None:
            # Whichever thread runs the event loop at the time.
            made = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            made.text_factory = partial(str, encoding="utf-8", errors="replace")
            made.executescript(TABLES)
            weakref.finalize(self, made.close)
            self._made = made
        return self._made
