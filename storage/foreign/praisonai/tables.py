"""A database of SQLite: the table ``praison_storage`` with a JSON document under each key."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sessions.moving import Found, Owner, Skipped
from storage.foreign.praisonai.pairs import read_key
from storage.foreign.praisonai.values import UnreadableError

_PATIENCE = 5.0
"""Seconds to wait for a program that writes at this moment."""

_NEXT = "SELECT key FROM praison_storage WHERE key > ? ORDER BY key LIMIT 100"
_INDEX = {"session_fts", "session_meta", "session_route"}


def read_database(path: Path, owner: Owner) -> Iterator[Found]:
    """Everything in the database, in the order of keys. Raises UnreadableError."""
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        # Each piece may be asked for in another thread, never in two at once.
        connecting = sqlite3.connect(address, uri=True, timeout=_PATIENCE, check_same_thread=False)
        with closing(connecting) as database:
            _check(database)
            for key in _keys(database):
                yield from _read(database, path, key, written_at, owner)
    except sqlite3.Error as error:
        raise UnreadableError(f"the database cannot be read ({error})") from error


def _read(
    database: sqlite3.Connection, path: Path, key: str, written_at: datetime, owner: Owner
) -> Iterator[Found]:
    def load(wanted: str) -> bytes | None:
        row = database.execute("SELECT data FROM praison_storage WHERE key = ?", (wanted,)).fetchone()
        if row is None:
            return None
        return row[0] if isinstance(row[0], bytes) else str(row[0]).encode("utf-8", "surrogatepass")

    where = f"{path}: {key}"
    try:
        found = list(read_key(key, where, load, written_at, owner))
    except sqlite3.DatabaseError as error:
        found = [Skipped(where, f"its row cannot be read ({error})")]
    yield from found


def _check(database: sqlite3.Connection) -> None:
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "praison_storage" in names:
        return
    if names & _INDEX:
        raise UnreadableError("it is an index over sessions that are kept elsewhere")
    raise UnreadableError("the database has no table praison_storage")


def _keys(database: sqlite3.Connection) -> Iterator[str]:
    """All keys; asked for a few at a time, so that nothing is locked meanwhile."""
    last = ""
    while found := database.execute(_NEXT, (last,)).fetchall():
        for (key,) in found:
            if isinstance(key, str):
                yield key
        last = found[-1][0]
        if not isinstance(last, str):
            return
