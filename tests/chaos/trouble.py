"""What goes wrong in a run: replicas and masters are killed, connections are cut, at chosen moments."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.chaos.house import House
from tests.chaos.plan import Plan
from tests.redis_servers import until
from tests.redis_servers.sentinel import replicating


@dataclass(frozen=True, slots=True)
class Kill:
    """When which replica was killed."""

    at: datetime
    replica: int


@dataclass(slots=True)
class Journal:
    """What was done. ``failovers`` are seconds from the kill until all follow another master."""

    kills: list[Kill] = field(default_factory=list)
    failovers: list[float] = field(default_factory=list)
    cuts_of_all: int = 0
    lost_replies: int = 0


class Trouble:
    """Goes on until ``over`` is set, and then leaves everything running and whole."""

    def __init__(self, plan: Plan, house: House) -> None:
        self.journal = Journal()
        self.over = asyncio.Event()
        self._plan = plan
        self._house = house
        # Redis itself loses what it acknowledged if a replica is cut off when its master dies.
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        for number, node in enumerate(self._house.servers.nodes):
            seed = self._plan.seed + number
            await self._house.fronts.lose_replies(node.port, self._plan.lost, seed=seed)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill_replicas())
            group.create_task(self._cut_connections())
            group.create_task(self._kill_masters())
        for node in self._house.servers.nodes:
            await self._house.fronts.lose_replies(node.port, 0)
            self.journal.lost_replies += (await self._house.fronts.counts(node.port)).cuts

    async def _kill_replicas(self) -> None:
        chance, plan = self._plan.chance("kills"), self._plan
        async with asyncio.TaskGroup() as starting:
            down: set[int] = set()
            while not await self._pause(chance.uniform(0.5, 1.5) * plan.kill_every):
                number, pause = chance.randrange(plan.replicas), chance.uniform(0, plan.down)
                if number not in down:
                    self.journal.kills.append(Kill(datetime.now(UTC), number))
                    await self._house.replicas[number].kill()
                    down.add(number)
                    starting.create_task(self._start_again(number, pause, down))

    async def _start_again(self, number: int, pause: float, down: set[int]) -> None:
        await self._pause(pause)
        await self._house.replicas[number].start()
        down.discard(number)

    async def _cut_connections(self) -> None:
        chance, plan = self._plan.chance("cuts"), self._plan
        while not await self._pause(chance.uniform(0.5, 1.5) * plan.cut_every):
            node = chance.choice(self._house.servers.nodes)
            async with self._one_at_a_time:
                await self._house.fronts.cut_all(node.port)
                self.journal.cuts_of_all += 1

    async def _kill_masters(self) -> None:
        chance, plan = self._plan.chance("masters"), self._plan
        span = plan.seconds / max(1, plan.master_kills)
        for _ in range(plan.master_kills):
            before = chance.uniform(0.2, 0.6) * span
            if await self._pause(before):
                return
            began = time.monotonic()
            async with self._one_at_a_time:
                await self._fail_over(chance.uniform(0, 3))
            await self._pause(max(0.0, span - before - (time.monotonic() - began)))

    async def _fail_over(self, pause: float) -> None:
        servers = self._house.servers
        await until("all follow the master", self._all_follow, seconds=60)
        began = time.monotonic()
        old = await servers.kill_master()
        await servers.failed_over(old, seconds=60)
        self.journal.failovers.append(time.monotonic() - began)
        await self._pause(pause)
        await servers.rejoin(old)

    async def _all_follow(self) -> bool:
        servers = self._house.servers
        return await replicating(await servers.master(), len(servers.nodes) - 1)

    async def _pause(self, seconds: float) -> bool:
        """Wait; True at once when it is over."""
        try:
            async with asyncio.timeout(seconds):
                return await self.over.wait()
        except TimeoutError:
            return False
