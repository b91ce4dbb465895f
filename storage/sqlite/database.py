"""Opens the database file: makes it, checks that it is ours, brings it up to date."""

import os
import sqlite3
import stat
from functools import partial
from pathlib import Path

from sessions.errors import SettingError, StoreDamaged, StoreError, StoreUnavailable
from storage.sqlite.schema import APPLICATION_ID, MIGRATIONS, VERSION

BUSY_SECONDS = 5.0
"""How long a transaction waits for another process to finish its own."""

_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    sqlite3.SQLITE_LOCKED: "it is locked",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it may only be read",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_INTERRUPT: "it was interrupted",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
}
"""What may pass, by the primary result code; see https://www.sqlite.org/rescode.html."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database of that path and make it if it is missing.

    Raises SettingError when the path cannot hold one or holds something else, StoreUnavailable when
    it is locked for too long or the disk is full.
    """
    _prepare(path)
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=256
        )
    except sqlite3.Error as error:
        raise opening_error(error, path) from error
    try:
        _check_ours(connection, path)
        _configure(connection, path)
        _migrate(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise opening_error(error, path) from error
        raise
    return connection


def opening_error(error: sqlite3.Error, path: Path) -> Exception:
    """Say what SQLite said while the file was being opened, in words for whoever chose the path."""
    code = _primary(error)
    if code == sqlite3.SQLITE_NOTADB:
        return SettingError(
            f"{path} is not a Parley database. Give the path of another file, or of none to make one."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return SettingError(
            f"The database {path} cannot be written. Give this user the right to write to it and to "
            "its directory, or give another path."
        )
    return running_error(error, path)


def running_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Translate an error of a database in use, without its words: they may quote what is stored."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    why = _UNAVAILABLE.get(_primary(error))
    if why is not None:
        return StoreUnavailable(
            f"The database {path} could not be used: {why} ({name}). Nothing was written."
        )
    return StoreDamaged(f"The database {path} cannot be read ({name}).")


def _primary(error: sqlite3.Error) -> int:
    """The result code without its extension; 0 for an error that the library did not report."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _prepare(path: Path) -> None:
    """Make the file, private to this user, so that neither a crash nor a power loss takes its name."""
    try:
        for missing in reversed([p for p in path.parents if not p.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
            _sync_directory(missing.parent)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            _check_file(path)
        else:
            _sync_directory(path.parent)
    except OSError as error:
        raise SettingError(
            f"The database {path} cannot be made or written: {error.strerror}. "
            "Give a path to a file in a directory that this user may write to."
        ) from error


def _check_file(path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise SettingError(
            f"{path} is a directory. Give the path of a file in it, for example {path}/parley.db."
        )
    if not stat.S_ISREG(mode):
        raise SettingError(f"{path} is not a regular file. Give the path of a file for the database.")
    os.close(os.open(path, os.O_RDWR))


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    # Before anything else: a file that belongs to another program must not be changed at all.
    # In one transaction: another process may be making it ours meanwhile.
    connection.execute("BEGIN")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    connection.execute("COMMIT")
    if application != APPLICATION_ID and (application or tables):
        raise SettingError(
            f"{path} is a database of another program, not a Parley database. "
            "Give the path of another file, or of none to make one."
        )
    _check_version(connection, path)


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise SettingError(
            f"{path} was written by a newer Parley (format {version}, this program knows {VERSION}). "
            "Install that version or a later one."
        )
    return int(version)


def _configure(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise SettingError(
            f"{path} is on a file system without shared memory, which the database needs. "
            "Give a path on a local disk."
        )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    # A text that cannot be decoded is shown as it can be: an error would hide the rows beside it.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _check_version(connection, path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    # Asked again under the lock: another process may have been first.
    for script in MIGRATIONS[_check_version(connection, path) :]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _statements(script: str) -> list[str]:
    """Split a script: ``executescript`` would commit in between."""
    found: list[str] = []
    begun = ""
    for line in script.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            found.append(begun)
            begun = ""
    return found
