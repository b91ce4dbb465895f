"""Knowledge in the database: written on its thread, searched on another, beside the turns."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from sessions.errors import StoreUnavailable
from storage.fulltext.kept import KeptDocuments
from storage.fulltext.statements import Statements
from storage.sqlite.database import BUSY_SECONDS, running_error
from storage.sqlite.writer import Writer

T = TypeVar("T")


class SqliteDocuments(KeptDocuments):
    """The documents of one database. A search among very many passages keeps no turn waiting."""

    def __init__(self, db: Writer, path: Path) -> None:
        super().__init__()
        self._db = db
        self._path = path
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def close(self) -> None:
        """Let the running search end and let go of the file. Repeating it is a no-op."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._disconnect)
            thread.shutdown()

    async def _write(self, work: Callable[[Statements, int], T]) -> T:
        return await self._db.write(lambda step: work(step, step.now))

    async def _look(self, look: Callable[[Statements], T]) -> T:
        return await self._db.read(look)

    async def _search(self, look: Callable[[Statements], T]) -> T:
        if self._closed:
            raise StoreUnavailable(f"The database {self._path} has been closed.")
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "parley-sqlite-search")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, look)

    def _run(self, look: Callable[[Statements], T]) -> T:
        try:
            connection = self._connected()
            connection.execute("BEGIN")
            try:
                return look(connection)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._disconnect()
            raise running_error(error, self._path) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.text_factory = partial(str, encoding="utf-8", errors="replace")
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
