"""What sessions, messages and remembered events take of a real Redis server's memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sessions.model import WorkspaceKey
from storage.redis.address import parse_address
from storage.redis.store import RedisStore
from tests.bench.contest import table
from tests.bench.store_turns import TEXT, prepare, turn
from tests.redis_servers import Server, standalone

SESSIONS = 1_000
LENGTHS = (0, 10, 100)
TURNS = 10
_AT_ONCE = 50
_STEADY_SECONDS = 0.2

Filling = Callable[[RedisStore], Awaitable[None]]


async def redis_memory() -> None:
    """Deltas of used_memory, each on a server of its own."""
    of_length = {length: await _taken(_sessions(length)) for length in LENGTHS}
    by_turns = await _taken(_turns)
    at_once = await _taken(_sessions(2 * TURNS))
    rows = [("", "bytes")]
    for length, taken in of_length.items():
        rows.append(_row(f"a session of {length:,} messages", taken / SESSIONS))
    message = (of_length[LENGTHS[-1]] - of_length[LENGTHS[1]]) / (LENGTHS[-1] - LENGTHS[1])
    rows.append(_row(f"a message of {len(TEXT)} characters", message / SESSIONS))
    # The same messages, but in so many turns instead of one.
    rows.append(_row("an accepted event, for 48 hours", (by_turns - at_once) / (TURNS - 1) / SESSIONS))
    rows.append(_row("a workspace without sessions", await _taken(_workspaces) / SESSIONS))
    table(f"What Redis {await _software()} needs, on average of {SESSIONS:,}", rows)


def _row(name: str, taken: float) -> tuple[str, str]:
    return name, f"{taken:,.0f}"


def _sessions(messages: int) -> Filling:
    async def fill(store: RedisStore) -> None:
        for _ in range(SESSIONS // _AT_ONCE):
            await prepare(store, _AT_ONCE, messages)

    return fill


async def _turns(store: RedisStore) -> None:
    for _ in range(SESSIONS // _AT_ONCE):
        made = await prepare(store, _AT_ONCE, 0)
        for _ in range(TURNS):
            await asyncio.gather(*(turn(store, session) for session in made))


async def _workspaces(store: RedisStore) -> None:
    for number in range(SESSIONS):
        await store.workspace(WorkspaceKey(f"telegram:-{number:013}"), "A group of people")


async def _taken(fill: Filling) -> int:
    async with _server() as server, RedisStore.open(parse_address(server.url)) as store:
        # The scripts, and the workspace that the sessions are in.
        await prepare(store, 1, 2)
        before = await _used(server)
        await fill(store)
        after = await _used(server)
    return after - before


async def _used(server: Server) -> int:
    """What is used once that does not change any more."""
    last, used = -1, int((await server.info("memory"))["used_memory"])
    while abs(used - last) > used // 10_000:
        await asyncio.sleep(_STEADY_SECONDS)
        last, used = used, int((await server.info("memory"))["used_memory"])
    return used


@asynccontextmanager
async def _server() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        async with standalone(Path(folder), config={"appendonly": "no"}) as server:
            yield server


async def _software() -> str:
    async with _server() as server:
        version = (await server.info("server"))["redis_version"]
        return f"{version} ({(await server.info('memory'))['mem_allocator']})"
