"""The command line's start: listing a page of sessions beside importing what it cannot do without."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from storage.opening import open_store
from tests.bench.contest import Lap, compete, table
from tests.bench.store_turns import fill

SESSIONS = 10_000
ROUNDS = 21


async def command_line() -> None:
    """`parley session list` with 10,000 sessions."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as home:
        path = f"{home}/parley.db"
        async with open_store(f"sqlite:///{path}") as store:
            await fill(store, SESSIONS)
        listing = ["-m", "cli", "session", "list", "--workspace", "telegram:-100"]
        storage = ["--storage-backend", "sqlite", "--storage-path", path]
        result = await compete(
            {
                "floor": _process(["-c", "import typer, asyncio, sqlite3"]),
                "ours": _process(listing + storage),
            },
            ROUNDS,
        )
    floor, ours = result["floor"].seconds, result["ours"].seconds
    rows = [
        ("command", "wall time", "ratio"),
        ('python -c "import typer, asyncio, sqlite3"', f"{floor * 1e3:.0f} ms", "1.00 x"),
        ("parley session list", f"{ours * 1e3:.0f} ms", f"{ours / floor:.2f} x"),
    ]
    table(f"One page among {SESSIONS:,} sessions; goal: at most 1.3 x", rows)


def _process(arguments: list[str]) -> Lap:
    # As for everybody whose interpreter keeps what it compiled; the first, unmeasured lap fills it in.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    async def lap() -> int:
        command = [sys.executable, *arguments]
        await asyncio.to_thread(
            subprocess.run, command, check=True, stdout=subprocess.DEVNULL, env=environment
        )
        return 1

    return lap
