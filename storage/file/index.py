"""The database file of an index that can be rebuilt: opened when needed, thrown away when damaged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sessions.model import WorkspaceId
from storage.fulltext.schema import TABLES
from storage.fulltext.statements import Statements

VERSION = 1
"""``PRAGMA user_version``, to be raised with a change of tables; another one's index is thrown away."""

CHANGING = "changing"
"""The signature that no folder has."""

BUSY_SECONDS = 10.0

_FILES = """
CREATE TABLE signatures (
    workspace TEXT PRIMARY KEY,
    signature TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE files (
    workspace TEXT NOT NULL,
    name TEXT NOT NULL,
    stamp TEXT NOT NULL,
    document INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (workspace, name)
) WITHOUT ROWID;
"""

_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


class Indexed(NamedTuple):
    """A file as it was when it was indexed, and the source it was of."""

    stamp: str
    source: str


class Index:
    """One connection to the index. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[Statements]:
        """One state of the index."""
        connection = self._connected()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[Statements]:
        """One transaction."""
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def signature(self, step: Statements, workspace: WorkspaceId) -> str:
        """The folder's signature when the index had all of it, or CHANGING; empty before the first."""
        row = step.execute(
            "SELECT signature FROM signatures WHERE workspace = ?", (workspace,)
        ).fetchone()
        return str(row[0]) if row else ""

    def note(self, step: Statements, workspace: WorkspaceId, signature: str) -> None:
        """Keep the signature, or CHANGING before the folder changes."""
        step.execute("INSERT OR REPLACE INTO signatures VALUES (?, ?)", (workspace, signature))

    def files(self, step: Statements, workspace: WorkspaceId) -> dict[str, Indexed]:
        """The files that are in the index, by name."""
        rows = step.execute(
            "SELECT name, stamp, source FROM files WHERE workspace = ?", (workspace,)
        ).fetchall()
        return {name: Indexed(stamp, source) for name, stamp, source in rows}

    def remember(
        self, step: Statements, workspace: WorkspaceId, name: str, stamp: str, document: int
    ) -> None:
        """Note which file a shown document is from."""
        step.execute(
            "INSERT OR REPLACE INTO files SELECT ?, ?, ?, seq, source FROM documents WHERE seq = ?",
            (workspace, name, stamp, document),
        )

    def forget(self, step: Statements, workspace: WorkspaceId, name: str) -> None:
        """The file is gone."""
        step.execute("DELETE FROM files WHERE workspace = ? AND name = ?", (workspace, name))

    def give_up(self, error: sqlite3.Error) -> None:
        """Close the index after an error, and remove it where it is damaged."""
        self.close()
        if int(getattr(error, "sqlite_errorcode", 0)) & 0xFF in _DAMAGED:
            self._remove()

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = self._open()
            except sqlite3.DatabaseError as error:
                if int(getattr(error, "sqlite_errorcode", 0)) & 0xFF not in _DAMAGED:
                    raise
                self._remove()
                self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.text_factory = partial(str, encoding="utf-8", errors="replace")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            is_ours = _prepare(connection)
        except BaseException:
            connection.close()
            raise
        if is_ours:
            return connection
        connection.close()
        self._remove()
        return self._open()

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _prepare(connection: sqlite3.Connection) -> bool:
    """Make the tables of a new file; false for a file of another version."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not version:
        for statement in _statements(TABLES + _FILES):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
    return version in (0, VERSION)


def _statements(script: str) -> Iterator[str]:
    begun = ""
    for line in script.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            yield begun
            begun = ""
