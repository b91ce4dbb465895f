"""Contenders in turn by three clocks: the wall's, this process's CPU and the server's CPU."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter, process_time

from tests.bench.contest import Lap
from tests.redis_servers import Server


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds per operation: medians over the rounds, each clock by itself."""

    wall: float
    client: float
    server: float


async def compete_on(server: Server, laps: Mapping[str, Lap], rounds: int) -> dict[str, Spent]:
    """Run every lap once unmeasured, then all of them in turn, ``rounds`` times."""
    spent: dict[str, list[Spent]] = {name: [] for name in laps}
    for lap in laps.values():
        await lap()
    for _ in range(rounds):
        for name, lap in laps.items():
            spent[name].append(await clocked(server, lap))
    return {name: medians(found) for name, found in spent.items()}


async def clocked(server: Server, lap: Lap) -> Spent:
    """Run one lap by the three clocks."""
    before = await _server_seconds(server)
    wall, client = perf_counter(), process_time()
    count = await lap()
    wall, client = perf_counter() - wall, process_time() - client
    return Spent(wall / count, client / count, (await _server_seconds(server) - before) / count)


def medians(found: list[Spent]) -> Spent:
    """Each clock's median by itself."""
    return Spent(
        statistics.median(one.wall for one in found),
        statistics.median(one.client for one in found),
        statistics.median(one.server for one in found),
    )


async def _server_seconds(server: Server) -> float:
    spent = await server.info("cpu")
    return float(spent["used_cpu_user"]) + float(spent["used_cpu_sys"])
