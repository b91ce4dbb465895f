"""Import of another program's sessions: seconds and peak memory beside json.loads and bare inserts."""

import asyncio
import json
import os
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter

from tests.bench.contest import table

SIZES = tuple(map(int, os.environ.get("PARLEY_BENCH_IMPORT", "1000,10000").split(",")))
ROUNDS = 3
MESSAGES = 20
AT_ONCE = 16
"""By hand so many sessions share a transaction, as Parley's pieces may."""

SCHEMA = """
CREATE TABLE session (id TEXT PRIMARY KEY, name TEXT UNIQUE, title TEXT, created_at TEXT, active_at TEXT,
                      messages INT) WITHOUT ROWID;
CREATE INDEX by_activity ON session (active_at DESC);
CREATE TABLE message (session TEXT, seq INT, body BLOB, PRIMARY KEY (session, seq)) WITHOUT ROWID;
"""


async def importing() -> None:
    """Import sessions of 20 messages from files; each run is a process of its own."""
    rows = [
        ("sessions", "by hand", "Parley", "ratio", "peak by hand", "peak of Parley", "to the smallest")
    ]
    smallest = 0.0
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
            await asyncio.to_thread(_furnish, Path(folder), size)
            found: dict[str, list[tuple[float, float]]] = {"floor": [], "ours": []}
            for number in range(ROUNDS):
                for name, runs in found.items():
                    runs.append(await _run(name, Path(folder), f"{name}-{number}.db"))
        (floor_s, floor_mb), (ours_s, ours_mb) = (
            [statistics.median(column) for column in zip(*runs, strict=True)] for runs in found.values()
        )
        smallest = smallest or ours_mb
        rows.append(
            (
                f"{size:,}",
                f"{size / floor_s:,.0f} /s",
                f"{size / ours_s:,.0f} /s",
                f"{ours_s / floor_s:.2f} x",
                f"{floor_mb:.0f} MB",
                f"{ours_mb:.0f} MB",
                f"{ours_mb / smallest:.2f} x",
            )
        )
    title = f"Import of foreign sessions of {MESSAGES} messages into SQLite; goal: memory flat"
    table(title, rows)


def _furnish(folder: Path, size: int) -> None:
    sessions = folder / "home/.praisonai/sessions"
    sessions.mkdir(parents=True)
    for number in range(size):
        messages: list[dict[str, object]] = [
            {
                "role": ("user", "assistant")[place % 2],
                "content": f"message {place} of {number} " + "with some words in it " * 9,
                "timestamp": 1.735e9 + number * 60 + place,
                "metadata": {},
            }
            for place in range(MESSAGES)
        ]
        document = {
            "session_id": f"session-{number:08x}",
            "messages": messages,
            "created_at": "2024-12-24T00:26:40+00:00",
            "updated_at": datetime.fromtimestamp(1.735e9 + number * 60 + 30, UTC).isoformat(),
            "metadata": {"title": f"Talk {number}", "model": "gpt-4o-mini", "total_tokens": 900},
            "archived_messages": [],
        }
        (sessions / f"session-{number:08x}.json").write_text(json.dumps(document))


async def _run(name: str, folder: Path, database: str) -> tuple[float, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.bench.importing", name, str(folder / "home"), str(folder / database)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"the import {name} could not be measured")
    seconds, megabytes = json.loads(out)
    return seconds, megabytes


def _by_hand(home: Path, path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(SCHEMA)
        files = iter(sorted(os.scandir(home / ".praisonai/sessions"), key=lambda entry: entry.name))
        while few := list(islice(files, AT_ONCE)):
            database.execute("BEGIN IMMEDIATE")
            for entry in few:
                one = json.loads(Path(entry).read_bytes())
                id_, messages = one["session_id"], one["messages"]
                row = (id_, id_, one["metadata"]["title"], one["created_at"], one["updated_at"])
                database.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", (*row, len(messages)))
                database.executemany(
                    "INSERT INTO message VALUES (?, ?, ?)",
                    ((id_, seq, json.dumps(said)) for seq, said in enumerate(messages)),
                )
            database.execute("COMMIT")


async def _ours(home: Path, path: str) -> None:
    from sessions.model import PersonId, WorkspaceKey
    from sessions.moving import Owner, take_in
    from storage.foreign.opening import read
    from storage.opening import open_store

    key = WorkspaceKey("local")
    async with open_store(f"sqlite://{path}") as store:
        workspace = await store.workspace(key)
        found = read("praisonai", str(home), Owner(key, PersonId("cli:bench")))
        report = await take_in(store, workspace.id, found, print)
    if report.skipped or not report.sessions.added:
        sys.exit("the import was not complete")


def _measured(name: str, home: Path, path: str) -> None:
    began = perf_counter()
    if name == "floor":
        _by_hand(home, path)
    else:
        asyncio.run(_ours(home, path))
    print(json.dumps((perf_counter() - began, _peak())))


def _peak() -> float:
    """Megabytes. Not ru_maxrss, which begins with those of the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    _measured(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
