"""A page of sessions from the Redis store among few and many, in time and in round trips."""

from contextlib import AsyncExitStack

from sessions.model import WorkspaceId
from storage.redis.address import parse_address
from storage.redis.store import RedisStore
from tests.bench.contest import Lap, compete, micros, table
from tests.bench.redis_turns import ROUNDS, WRITTEN, server_with
from tests.bench.store_turns import fill
from tests.redis_servers import Server, proxy

SIZES = (10, 1_000, 100_000)
PAGES = 20


async def redis_listing() -> None:
    """A page of ten; a server for each catalog, and all of them in turn."""
    async with AsyncExitStack() as stack:
        laps: dict[str, Lap] = {}
        counts: dict[str, tuple[str, str]] = {}
        for size in SIZES:
            server = await stack.enter_async_context(server_with(WRITTEN))
            store = await stack.enter_async_context(RedisStore.open(parse_address(server.url)))
            workspace = (await fill(store, size)).workspace
            laps[f"{size:,}"] = _pages(store, workspace)
            counts[f"{size:,}"] = await _counted(server, workspace)
        found = await compete(laps, ROUNDS)
    smallest = found[f"{SIZES[0]:,}"].seconds
    rows = [("store", "sessions", "a page", "to the smallest", "round trips", "bytes down")]
    for name, result in found.items():
        ratio = f"{result.seconds / smallest:.2f} x"
        rows.append(("redis", name, micros(result.seconds), ratio, *counts[name]))
    table("Listing a page of ten on Redis; goal: flat, one round trip", rows)


def _pages(store: RedisStore, workspace: WorkspaceId) -> Lap:
    async def lap() -> int:
        for _ in range(PAGES):
            await store.page(workspace, None, None, 10)
        return PAGES

    return lap


async def _counted(server: Server, workspace: WorkspaceId) -> tuple[str, str]:
    """Round trips and bytes of a page, once it is remembered which audiences there are."""
    async with (
        proxy(server.port) as counting,
        RedisStore.open(parse_address(f"redis://127.0.0.1:{counting.port}")) as store,
    ):
        lap = _pages(store, workspace)
        await lap()
        counting.reset()
        pages = await lap()
        return f"{counting.trips / pages:.2f}", f"{counting.bytes_down / pages:,.0f}"
