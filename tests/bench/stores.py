"""Benchmarks of the stores: turns beside a floor and peers, and listing pages."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from sessions.model import WorkspaceId
from sessions.ports.store import Store
from storage.opening import open_store
from tests.bench.contest import Lap, compete, micros, table
from tests.bench.sqlite_floor import BODY, HandWritten
from tests.bench.store_turns import fill, prepare, turn

ROUNDS = 15
LENGTHS = (10, 100, 1_000, 10_000)
CATALOGS = (10, 1_000, 100_000)
PEERS_PYTHON = Path(".venv-peers/bin/python")


async def sqlite_turns() -> None:
    """A turn through SQLite against the same transactions by hand."""
    rows = [("SQLite", "messages", "by hand", "Parley", "ratio")]
    for sessions in (1, 64):
        for length in LENGTHS:
            async with (
                folder_on_disk() as folder,
                HandWritten(folder / "floor.db") as floor,
                open_store(f"sqlite:///{folder}/parley.db") as store,
            ):
                result = await compete(
                    {
                        "floor": await _floor_lap(floor, sessions, length),
                        "ours": await _store_lap(store, sessions, length),
                    },
                    ROUNDS,
                )
            floor_s, ours = result["floor"].seconds, result["ours"].seconds
            rows.append(
                (
                    f"{sessions} sessions",
                    f"{length:,}",
                    micros(floor_s),
                    micros(ours),
                    f"{ours / floor_s:.2f} x",
                )
            )
    table("A turn through the store (accept, commit, deliver); goal: at most 1.5 x by hand", rows)


async def peers() -> None:
    """The peers' stores, in an environment of their own."""
    process = await asyncio.create_subprocess_exec(
        str(PEERS_PYTHON), "tests/bench/peers.py", "10", "100", "1000", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        sys.exit("the peers could not be measured")
    found: dict[str, dict[str, float]] = json.loads(out)
    floor = found["sqlite3"]
    rows = [("peer", "messages", "a turn", "plain sqlite3 in the same run", "ratio")]
    for name, lengths in found.items():
        for length, seconds in lengths.items():
            rows.append(
                (name, length, micros(seconds), micros(floor[length]), f"{seconds / floor[length]:.1f} x")
            )
    table("Peers: read the newest 50 messages, append two", rows)


async def file_turns() -> None:
    """A turn through the file store against bare appends with fdatasync."""
    rows = [("file", "messages", "3 bare appends", "Parley", "ratio")]
    for sessions in (1, 64):
        for length in LENGTHS[:3]:
            async with folder_on_disk() as folder, open_store(f"file://{folder}/parley") as store:
                descriptor = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
                try:
                    result = await compete(
                        {
                            "floor": _append_lap(descriptor),
                            "ours": await _store_lap(store, sessions, length),
                        },
                        ROUNDS,
                    )
                finally:
                    os.close(descriptor)
            floor_s, ours = result["floor"].seconds, result["ours"].seconds
            rows.append(
                (
                    f"{sessions} sessions",
                    f"{length:,}",
                    micros(floor_s),
                    micros(ours),
                    f"{ours / floor_s:.2f} x",
                )
            )
    table("A turn through the file store beside bare appends with fdatasync", rows)


async def listing() -> None:
    """A page of ten among few and many sessions."""
    rows = [("store", "sessions", "a page", "to the smallest")]
    for backend, sizes in (("sqlite", CATALOGS), ("file", CATALOGS[:2])):
        smallest = 0.0
        for size in sizes:
            async with folder_on_disk() as folder, open_store(f"{backend}://{folder}/parley") as store:
                key = await fill(store, size)

                lap = _page_lap(store, key.workspace)
                seconds = (await compete({"page": lap}, ROUNDS))["page"].seconds
            smallest = smallest or seconds
            rows.append((backend, f"{size:,}", micros(seconds), f"{seconds / smallest:.2f} x"))
    table("Listing a page of ten; goal: flat on SQLite", rows)


@asynccontextmanager
async def folder_on_disk() -> AsyncIterator[Path]:
    """Make a folder that goes with the block."""
    # Beside the project, not in /tmp, which may be memory: a sync has to cost what it costs.
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        yield Path(folder)


async def _floor_lap(floor: HandWritten, sessions: int, messages: int) -> Lap:
    names = [f"s{number}" for number in range(sessions)]
    await floor.prepare(names, messages)
    numbers = count(1)
    return _lap([lambda name=name: floor.turn(name, next(numbers)) for name in names])  # type: ignore[misc] # a lambda's default is untyped


async def _store_lap(store: Store, sessions: int, messages: int) -> Lap:
    made = await prepare(store, sessions, messages)
    return _lap([lambda session=session: turn(store, session) for session in made])  # type: ignore[misc] # a lambda's default is untyped


def _lap(turns: list[Callable[[], Awaitable[None]]]) -> Lap:
    """Some turns of every session; the sessions run at once, each its own in order."""
    each = max(1, 40 // len(turns))

    async def one(turn: Callable[[], Awaitable[None]]) -> None:
        for _ in range(each):
            await turn()

    async def lap() -> int:
        await asyncio.gather(*(one(turn) for turn in turns))
        return each * len(turns)

    return lap


def _append_lap(descriptor: int) -> Lap:
    def append() -> None:
        os.write(descriptor, BODY)
        os.fdatasync(descriptor)

    async def lap() -> int:
        for _ in range(40):
            for _ in range(3):
                await asyncio.to_thread(append)
        return 40

    return lap


def _page_lap(store: Store, workspace: WorkspaceId) -> Lap:
    async def lap() -> int:
        for _ in range(20):
            await store.page(workspace, None, None, 10)
        return 20

    return lap
