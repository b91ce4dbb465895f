"""The floor of the SQLite store: a turn's three transactions by hand on a writer thread."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

SCHEMA = """
CREATE TABLE session (id TEXT PRIMARY KEY, holder TEXT, deadline INT, fence INT, messages INT, tokens INT,
                      size INT, active_at INT) WITHOUT ROWID;
CREATE INDEX by_activity ON session (active_at DESC);
CREATE TABLE event (id TEXT PRIMARY KEY, at INT) WITHOUT ROWID;
CREATE TABLE inbox (session TEXT, position INT, body BLOB, answer BLOB, PRIMARY KEY (session, position))
    WITHOUT ROWID;
CREATE TABLE message (session TEXT, seq INT, body BLOB, PRIMARY KEY (session, seq)) WITHOUT ROWID;
"""

Job = tuple[Callable[[sqlite3.Connection], object], "asyncio.Future[object]"]


class HandWritten:
    """What somebody would write by hand: no contract, no codec, no recovery."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def run(self, job: Callable[[sqlite3.Connection], object]) -> object:
        """Run one transaction on the writer thread."""
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._jobs.put((job, done))
        return await done

    async def prepare(self, sessions: list[str], messages: int) -> None:
        """Make sessions of that many messages."""

        def job(db: sqlite3.Connection) -> None:
            for session in sessions:
                db.execute("INSERT INTO session VALUES (?, NULL, 0, 0, ?, 0, 0, 0)", (session, messages))
                db.executemany(
                    "INSERT INTO message VALUES (?, ?, ?)",
                    ((session, seq, BODY) for seq in range(messages)),
                )

        await self.run(job)

    async def turn(self, session: str, number: int) -> None:
        """Accept, commit, deliver: three transactions."""
        event = f"{session}:{number}"
        await self.run(lambda db: _accept(db, session, event, number))
        await self.run(lambda db: _commit(db, session, number))
        await self.run(lambda db: _deliver(db, session, number))

    def _work(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
            db.execute(f"PRAGMA {pragma}")
        db.executescript(SCHEMA)
        while (item := self._jobs.get()) is not None:
            job, done = item
            db.execute("BEGIN IMMEDIATE")
            found = job(db)
            db.execute("COMMIT")
            done.get_loop().call_soon_threadsafe(done.set_result, found)
        db.close()


BODY = b'{"role":"user","content":"' + b"x" * 200 + b'"}'


def _accept(db: sqlite3.Connection, session: str, event: str, number: int) -> object:
    db.execute("INSERT INTO event VALUES (?, ?)", (event, number))
    db.execute("INSERT INTO inbox VALUES (?, ?, ?, NULL)", (session, number, BODY))
    db.execute(
        "UPDATE session SET holder = 'me', deadline = 1, fence = fence + 1 WHERE id = ?", (session,)
    )
    return db.execute("SELECT * FROM session WHERE id = ?", (session,)).fetchone()


def _commit(db: sqlite3.Connection, session: str, number: int) -> object:
    (count,) = db.execute(
        "SELECT messages FROM session WHERE id = ? AND holder = 'me'", (session,)
    ).fetchone()
    db.execute("INSERT INTO message VALUES (?, ?, ?)", (session, count, BODY))
    db.execute("INSERT INTO message VALUES (?, ?, ?)", (session, count + 1, BODY))
    db.execute("UPDATE inbox SET answer = ? WHERE session = ? AND position = ?", (BODY, session, number))
    return db.execute(
        "UPDATE session SET messages = messages + 2, tokens = tokens + 9, size = size + 400,"
        " active_at = ? WHERE id = ?",
        (number, session),
    ).fetchone()


def _deliver(db: sqlite3.Connection, session: str, number: int) -> object:
    db.execute("DELETE FROM inbox WHERE session = ? AND position = ?", (session, number))
    following = db.execute(
        "SELECT body FROM inbox WHERE session = ? ORDER BY position LIMIT 1", (session,)
    ).fetchone()
    if following is None:
        db.execute("UPDATE session SET holder = NULL WHERE id = ?", (session,))
    return following
