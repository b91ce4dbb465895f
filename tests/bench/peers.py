"""Peers doing what a turn asks of their session store; run by the peers' own interpreter.

Prints one JSON object: peer → messages in the session → seconds a turn, the median over the rounds;
``sqlite3`` is plain sqlite3 doing the same in the same process: read the newest 50 messages, append
two, commit.
"""

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

TEXT = "x" * 200
TURNS = 10
ROUNDS = 7

Turn = Callable[[], Awaitable[object]]


async def main(lengths: list[int]) -> None:
    """Measure every peer at every length."""
    found: dict[str, dict[int, float]] = {}
    for length in lengths:
        with tempfile.TemporaryDirectory() as folder:
            turns = {
                "sqlite3": await plain(Path(folder), length),
                "openai-agents SQLiteSession": await openai_agents(Path(folder), length),
                "praisonaiagents session store": await praison(Path(folder), length),
            }
            times: dict[str, list[float]] = {name: [] for name in turns}
            for _ in range(ROUNDS):
                for name, turn in turns.items():
                    began = perf_counter()
                    for _ in range(TURNS):
                        await turn()
                    times[name].append((perf_counter() - began) / TURNS)
            for name, seconds in times.items():
                found.setdefault(name, {})[length] = statistics.median(seconds)
    print(json.dumps(found))


async def plain(folder: Path, length: int) -> Turn:
    """Plain sqlite3 on a thread, WAL and synchronous=FULL."""
    db = sqlite3.connect(folder / "plain.db", check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE message (session TEXT, seq INTEGER PRIMARY KEY, body TEXT)")
    db.executemany("INSERT INTO message (session, body) VALUES ('s', ?)", [(TEXT,)] * length)
    db.commit()

    def work() -> None:
        db.execute("SELECT body FROM message WHERE session = 's' ORDER BY seq DESC LIMIT 50").fetchall()
        db.executemany("INSERT INTO message (session, body) VALUES ('s', ?)", [(TEXT,)] * 2)
        db.commit()

    return lambda: asyncio.to_thread(work)


async def openai_agents(folder: Path, length: int) -> Turn:
    """The Agents SDK reads the session's items and adds the turn's."""
    from agents import SQLiteSession

    session = SQLiteSession("s", folder / "agents.db")
    exchange = [{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}]
    await session.add_items(exchange * (length // 2))

    async def turn() -> None:
        await session.get_items(limit=50)
        await session.add_items(exchange)

    return turn


async def praison(folder: Path, length: int) -> Turn:
    """PraisonAI's default store reads the history and adds two messages."""
    from praisonaiagents.session.store import DefaultSessionStore

    store = DefaultSessionStore(session_dir=str(folder / "praison"), max_messages=1_000_000)
    for _ in range(length // 2):
        store.add_message("s", "user", TEXT)
        store.add_message("s", "assistant", TEXT)

    def work() -> None:
        store.get_chat_history("s", max_messages=50)
        store.add_message("s", "user", TEXT)
        store.add_message("s", "assistant", TEXT)

    return lambda: asyncio.to_thread(work)


if __name__ == "__main__":
    asyncio.run(main([int(length) for length in sys.argv[1:]]))
