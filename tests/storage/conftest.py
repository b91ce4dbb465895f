"""Every backend of the store contract, each as one parameter."""

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import pytest

from sessions.ports.store import Store
from storage.file import FileStore
from storage.memory import MemoryStore
from storage.redis.address import Login, parse_address
from storage.redis.store import RedisStore
from storage.sqlite import SqliteStore
from tests.redis_servers import Holding, Server, ServerPool
from tests.storage.redis.acl import admit, refused
from tests.storage.redis.leaks import check_leaks

Advance = Callable[[timedelta], Awaitable[None]]
Second = Callable[[], Awaitable[Store]]


@dataclass(slots=True)
class ManualClock:
    """The store's clock, moved by the test."""

    now: datetime = datetime(2031, 3, 5, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    async def advance(self, duration: timedelta) -> None:
        self.now += duration


@dataclass(frozen=True, slots=True)
class Backend:
    """One set of data: a store on it, its clock, and further stores as other processes have them."""

    store: Store
    advance: Advance
    second: Second


Opening = Callable[[Path], AbstractAsyncContextManager[Backend]]


@asynccontextmanager
async def memory(_: Path) -> AsyncIterator[Backend]:
    clock = ManualClock()
    store = MemoryStore(clock=clock)

    async def second() -> Store:
        return store

    yield Backend(store, clock.advance, second)


class OpenStore(Protocol):
    def __call__(
        self, path: Path, *, clock: Callable[[], datetime]
    ) -> AbstractAsyncContextManager[Store]: ...


def on_disk(open_store: OpenStore) -> Opening:
    """A backend whose stores share a path."""

    @asynccontextmanager
    async def opening(directory: Path) -> AsyncIterator[Backend]:
        clock, path = ManualClock(), directory / "store"
        async with AsyncExitStack() as stack:

            async def second() -> Store:
                return await stack.enter_async_context(open_store(path, clock=clock))

            yield Backend(await second(), clock.advance, second)

    return opening


@asynccontextmanager
async def on_redis(servers: Holding, login: Login | None = None) -> AsyncIterator[Backend]:
    """Stores below a prefix of their own; afterwards nothing may be left of what is gone."""
    clock, prefix = ManualClock(), f"parley:test{token_hex(6)}"
    address = parse_address(f"{servers.url}?prefix={prefix}", login)
    async with AsyncExitStack() as stack:

        async def second() -> Store:
            return await stack.enter_async_context(RedisStore.open(address, clock=clock))

        yield Backend(await second(), clock.advance, second)
    await check_leaks(servers, prefix)


@asynccontextmanager
async def under_acl(server: Server) -> AsyncIterator[Backend]:
    """The same as the user that deploy/ makes, who may not be refused anything."""
    async with on_redis(server, await admit([server])) as backend:
        yield backend
    assert await refused([server]) == []


def pool() -> ServerPool:
    """The servers of this run of tests; they end with the process."""
    if not _pools:
        folder = Path(tempfile.mkdtemp(prefix="parley-redis-"))
        _pools.append(ServerPool(folder))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(_pools[0].__exit__, None, None, None)
    return _pools[0]


_pools: list[ServerPool] = []

BACKENDS: dict[str, Opening] = {
    "memory": memory,
    "file": on_disk(FileStore.open),
    "sqlite": on_disk(SqliteStore.open),
    "redis": lambda _: on_redis(pool().standalone()),
    "redis-acl": lambda _: under_acl(pool().standalone()),
    "sentinel": lambda _: on_redis(pool().sentinels()),
    "cluster": lambda _: on_redis(pool().cluster()),
}
"""A backend joins the contract by one entry here."""


@pytest.fixture(params=BACKENDS)
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(BACKENDS[request.param](tmp_path))


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.store


@pytest.fixture
def advance(backend: Backend) -> Advance:
    return backend.advance


@pytest.fixture
def second(backend: Backend) -> Second:
    return backend.second
