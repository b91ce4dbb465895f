"""The Redis store beside openai-agents' RedisSession, on one server.

The peer is a process in an environment of its own that waits for orders. A round is a lap of the peer's,
one of a second peer that has hiredis, and one of ours, in this process: never two at once.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from storage.redis.address import parse_address
from storage.redis.store import RedisStore
from tests.bench.contest import micros, table
from tests.bench.redis_clock import Spent, clocked, medians
from tests.bench.redis_turns import CROWDS, ROUNDS, WRITTEN, server_with, store_lap, turns_each
from tests.redis_servers import Server

PYTHON = Path(".venv-peers/bin/python")
MESSAGES = 50
LAP_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Peer:
    """The peers' process, which measures itself: the way to it costs it nothing."""

    process: asyncio.subprocess.Process

    async def clocked(self, server: Server, sessions: int) -> Spent:
        """Have it take a lap's turns in that many sessions at once."""
        turns = turns_each(sessions)
        measured: list[float] = []

        async def lap() -> int:
            measured.extend(await self._order(f"{sessions} {turns}\n"))
            return sessions * turns

        spent = await clocked(server, lap)
        wall, client = measured
        return Spent(wall / (sessions * turns), client / (sessions * turns), spent.server)

    async def _order(self, line: str) -> list[float]:
        orders, answers = self.process.stdin, self.process.stdout
        if orders is None or answers is None:
            raise RuntimeError("the peer was started without pipes")
        orders.write(line.encode())
        async with asyncio.timeout(LAP_SECONDS):
            answer = await answers.readline()
        if not answer:
            sys.exit("the peer on Redis could not be measured")
        found: list[float] = json.loads(answer)
        return found


async def redis_peers() -> None:
    """Turns a second of all, one session and many at once."""
    rows: list[tuple[str, ...]] = [
        ("Redis", "at once", "a turn", "turns/s", "ours to it", "client CPU", "server CPU")
    ]
    for sessions in CROWDS:
        async with server_with(WRITTEN) as server:
            found = await _measured(server, sessions)
        ours = found["Parley"]
        for name, spent in found.items():
            ratio = "" if spent is ours else f"{spent.wall / ours.wall:.1f} x"
            rows.append((name, str(sessions), *_cells(spent, ratio)))
    table(
        "A turn beside a peer's, which reads the newest 50 messages and adds two;"
        " goal: 4 x its turns/s at 64 sessions",
        rows,
    )


async def _measured(server: Server, sessions: int) -> dict[str, Spent]:
    spent: dict[str, list[Spent]] = {}
    async with (
        _peer(server, "without") as plain,
        _peer(server, "with") as quick,
        RedisStore.open(parse_address(server.url)) as store,
    ):
        lap = await store_lap(store, sessions, MESSAGES)
        contenders = {
            "openai-agents RedisSession": partial(plain.clocked, server, sessions),
            "the same with hiredis": partial(quick.clocked, server, sessions),
            "Parley": partial(clocked, server, lap),
        }
        for contender in contenders.values():
            await contender()
        for _ in range(ROUNDS):
            for name, contender in contenders.items():
                spent.setdefault(name, []).append(await contender())
    return {name: medians(found) for name, found in spent.items()}


def _cells(spent: Spent, ratio: str) -> tuple[str, ...]:
    return (
        micros(spent.wall),
        f"{1 / spent.wall:,.0f}",
        ratio,
        micros(spent.client),
        micros(spent.server),
    )


@asynccontextmanager
async def _peer(server: Server, hiredis: str) -> AsyncIterator[Peer]:
    process = await asyncio.create_subprocess_exec(
        str(PYTHON),
        "tests/bench/peers_redis.py",
        server.url,
        hiredis,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Peer(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
