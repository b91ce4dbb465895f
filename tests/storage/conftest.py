"""Every backend of the store contract, each as one parameter."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sessions.ports import Store
from storage.file import FileStore
from storage.memory import MemoryStore

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


@asynccontextmanager
async def memory(_: Path) -> AsyncIterator[Backend]:
    clock = ManualClock()
    store = MemoryStore(clock=clock)

    async def second() -> Store:
        return store

    yield Backend(store, clock.advance, second)


@asynccontextmanager
async def file(folder: Path) -> AsyncIterator[Backend]:
    clock = ManualClock()
    async with AsyncExitStack() as stack:

        async def second() -> Store:
            store = await FileStore.open(folder / "store", clock=clock)
            stack.push_async_callback(store.close)
            return store

        yield Backend(await second(), clock.advance, second)


BACKENDS: dict[str, Callable[[Path], AbstractAsyncContextManager[Backend]]] = {
    "memory": memory,
    "file": file,
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
