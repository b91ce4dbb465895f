"""Proxies in a process of their own, so that their work is not done by the event loop of a test."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.redis_servers.processes import ProcessGroup
from tests.redis_servers.wire import until

_SECONDS = 5
_ROOT = Path(__file__).parents[2]

Argument = int | float | str


@dataclass(frozen=True, slots=True)
class Counts:
    """What a proxy has counted since it was reset."""

    trips: int
    cuts: int
    connections: int
    bytes_up: int
    bytes_down: int
    commands: dict[str, int]


@dataclass(frozen=True, slots=True)
class OutsideProxies:
    """Orders to the process; each names a proxy by the port that it stands before."""

    control: int

    async def open(self, target: int) -> int:
        """The port of a new proxy in front of this one: what the sets of servers take as `via`."""
        return int(json.loads(await self._order("open", target)))

    async def lose_replies(self, target: int, rate: float, *, seed: int = 0) -> None:
        await self._order("lose_replies", target, rate=rate, seed=seed)

    async def cut_all(self, target: int) -> None:
        await self._order("cut_all", target)

    async def refuse(self, target: int) -> None:
        await self._order("refuse", target)

    async def accept(self, target: int) -> None:
        await self._order("accept", target)

    async def stall(self, target: int) -> None:
        await self._order("stall", target)

    async def go_on(self, target: int) -> None:
        await self._order("go_on", target)

    async def reset(self, target: int) -> None:
        await self._order("reset", target)

    async def counts(self, target: int) -> Counts:
        return Counts(**json.loads(await self._order("counts", target)))

    async def _order(self, order: str, target: int, **arguments: Argument) -> bytes:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.control)
            try:
                writer.write(json.dumps({"order": order, "target": target, **arguments}).encode() + b"\n")
                if not (answer := await reader.readline()):
                    raise RuntimeError(f"the proxies' process did not obey {order}: see its output")
                return answer
            finally:
                writer.close()
                await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def outside_proxies(folder: Path) -> AsyncIterator[OutsideProxies]:
    """A process for proxies, its errors in `proxies.log` of the folder; it ends with the context."""
    with ProcessGroup() as group:
        control = group.port()
        program = [sys.executable, "-m", "tests.redis_servers", str(control)]
        group.run(program, folder=_ROOT, output=folder / "proxies.log")

        async def listening() -> bool:
            _, writer = await asyncio.open_connection("127.0.0.1", control)
            writer.close()
            await writer.wait_closed()
            return True

        await until("the proxies' process listens", listening)
        yield OutsideProxies(control)
