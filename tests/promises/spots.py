"""Two processes of the service on one Redis, of which one is stopped at an exact spot of a turn."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sessions.model import Role, ThreadRef
from sessions.ports.store import Store
from storage.opening import open_store
from storage.redis.scripts import script
from tests.emulators.openai import ModelServer
from tests.redis_servers import Proxy, Request, Server, proxy, standalone, until
from tests.service import Service, service

LEASE = 4
"""Seconds: a take-over is waited for in almost every test."""

WAIT = 60.0
"""Seconds; a bound for waiting, not a measurement."""


class Replica:
    """A process, its own way to Redis, and what it has logged since it was last started."""

    def __init__(self, running: Service, way: Proxy) -> None:
        self.service = running
        self.way = way
        self._begun = 0
        self._armed: list[Spot] = []

    @property
    def log(self) -> str:
        """What it has logged since it was last started."""
        path = self.service.home / "serve.log"
        return path.read_bytes()[self._begun :].decode() if path.exists() else ""

    @property
    def duty(self) -> str:
        """What it said last of its role."""
        said = re.findall(r"event='(duty\.\w+)'", self.log)
        return said[-1] if said else ""

    async def logged(self, event: str, times: int = 1, within: float = WAIT) -> None:
        """Wait until it says so."""

        async def said() -> bool:
            return self.log.count(f"event={event!r}") >= times

        await until(f"{event} in {self.service.home}", said, seconds=within)

    async def asked_for(self, name: str, times: int = 1) -> None:
        """Wait until it has run a script so many times more."""
        sha = script(name).sha.decode()
        before = self.way.scripts[sha]

        async def run() -> bool:
            return self.way.scripts[sha] >= before + times

        await until(f"{name} by {self.service.home}", run)

    def freeze(self) -> None:
        """SIGSTOP; returns when it has stopped."""
        assert self.service.process is not None
        os.kill(self.service.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.service.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        assert self.service.process is not None
        os.kill(self.service.process.pid, signal.SIGCONT)

    def freezes_before(self, name: str, when: Callable[[Request], bool] = lambda _: True) -> "Spot":
        """It stops for good as it asks for a script, which Redis never hears of."""
        spot = self._arm(Spot())

        def matches(request: Request) -> bool:
            if spot in self._armed and _asks_for(request, name) and when(request):
                self._armed.remove(spot)
                self.freeze()
                # What is written to a connection that is closed goes nowhere.
                self.way.cut_all()
                spot.reached.set()
            return False

        self.way.cut_after_request(matches)
        return spot

    def freezes_after(self, name: str, when: Callable[[Request], bool] = lambda _: True) -> "Spot":
        """It stops for good as it asks for a script, which Redis surely runs."""

        def matches(request: Request) -> bool:
            if not (spot in self._armed and _asks_for(request, name) and when(request)):
                return False
            self.freeze()
            return True

        spot = self._arm(Spot(self.way.cut_after_request(matches).happened))
        return spot

    def freezes_at(self, name: str, when: Callable[[Request], bool] = lambda _: True) -> "Spot":
        """It stops as it asks for a script, and finds the reply when it goes on."""
        spot = self._arm(Spot())

        def matches(request: Request) -> bool:
            if spot in self._armed and _asks_for(request, name) and when(request):
                self._armed.remove(spot)
                self.freeze()
                spot.reached.set()
            return False

        self.way.cut_after_request(matches)
        return spot

    async def recover(self) -> None:
        """Undo what a test that failed may have left: a spot ahead, a process that is stopped or dead."""
        self._armed.clear()
        self.way.go_on()
        assert self.service.process is not None
        if self.service.process.returncode is None:
            self.thaw()
        else:
            await self.start()

    async def start(self) -> None:
        path = self.service.home / "serve.log"
        self._begun = path.stat().st_size if path.exists() else 0
        await self.service.start()

    def _arm(self, spot: "Spot") -> "Spot":
        self._armed.append(spot)
        return spot


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """Where a process stops. ``reached`` is set when it has, and Redis has done what it still does."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        async with asyncio.timeout(WAIT):
            await self.reached.wait()


@dataclass
class Pair:
    """Two processes: the one that receives, and the one that stands by."""

    receiving: Replica
    standing_by: Replica
    models: ModelServer
    store: Store

    async def ready(self) -> None:
        """Wait until one receives and the other stands by, whichever it is."""
        for one in (self.receiving, self.standing_by):
            await one.recover()

        async def settled() -> bool:
            return {self.receiving.duty, self.standing_by.duty} == {"duty.taken", "duty.standing_by"}

        await until("one receives and the other stands by", settled, seconds=WAIT)
        if self.standing_by.duty == "duty.taken":
            self.receiving, self.standing_by = self.standing_by, self.receiving

    async def kill_receiving(self) -> None:
        """SIGKILL; it is started again at once. Either may receive next: see :meth:`ready`."""
        await self.receiving.service.kill()
        await self.receiving.start()

    def asked(self, text: str) -> int:
        """How often the model was asked this."""
        return sum(request.last_user_text == text for request in self.models.requests)

    async def transcript(self, thread: ThreadRef) -> list[tuple[str, str]]:
        """Who said what in the thread's session, when nothing of it waits any more."""

        async def quiet() -> bool:
            session = await self.store.bound(thread)
            return session is not None and not await self.store.waiting(session.key)

        await until(f"nothing waits in {thread}", quiet)
        session = await self.store.bound(thread)
        assert session is not None
        said = await self.store.transcript(session.key, None, 100)
        return [("person" if one.role is Role.USER else "model", one.content) for one in said]


@asynccontextmanager
async def pair(folder: Path, models: ModelServer, token: Mapping[str, str]) -> AsyncIterator[Pair]:
    """Both processes on a Redis of their own."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(standalone(folder / "redis"))
        store = await stack.enter_async_context(open_store(server.url))
        first = await stack.enter_async_context(replica(folder / "one", server, models, token))
        await first.logged("duty.taken")
        second = await stack.enter_async_context(replica(folder / "two", server, models, token))
        yield Pair(first, second, models, store)


@asynccontextmanager
async def replica(
    home: Path,
    server: Server,
    models: ModelServer,
    settings: Mapping[str, str],
    *,
    reachable: bool = True,
) -> AsyncIterator[Replica]:
    """A process behind a proxy of its own, which refuses connections unless Redis is ``reachable``."""
    async with proxy(server.port) as way:
        if not reachable:
            way.refuse()
        common = {
            "PARLEY_STORAGE": f"redis://127.0.0.1:{way.port}",
            "PARLEY_ALLOWED": "*",
            "PARLEY_MODEL": "gpt-4o-mini",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": models.base_url,
            "PARLEY_LEASE_SECONDS": str(LEASE),
            "PARLEY_DRAIN_SECONDS": "5",
        }
        async with service(_made(home), {**common, **settings}) as running:
            yield Replica(running, way)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _asks_for(request: Request, name: str) -> bool:
    return request.script == script(name).sha.decode()
