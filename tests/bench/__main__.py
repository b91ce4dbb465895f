"""Runs the benchmarks: all of them, or those whose names are given."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from tests.bench.command_line import command_line
from tests.bench.fast_context import fast_context
from tests.bench.importing import importing
from tests.bench.knowledge import adding, searching
from tests.bench.prompt import prompt_overhead
from tests.bench.redis_knowledge import redis_knowledge
from tests.bench.redis_listing import redis_listing
from tests.bench.redis_memory import redis_memory
from tests.bench.redis_peers import redis_peers
from tests.bench.redis_replicas import redis_replicas
from tests.bench.redis_turns import redis_turns
from tests.bench.stores import file_turns, listing, peers, sqlite_turns
from tests.bench.whole_turn import whole_turns

Benchmark = Callable[[], Awaitable[None]]


def both(*benchmarks: Benchmark) -> Benchmark:
    """Run one after the other under one name."""

    async def run() -> None:
        for benchmark in benchmarks:
            await benchmark()

    return run


BENCHMARKS: dict[str, Benchmark] = {
    "sqlite": sqlite_turns,
    "redis": redis_turns,
    "peers": both(peers, redis_peers),
    "file": file_turns,
    "listing": both(listing, redis_listing),
    "cli": command_line,
    "import": importing,
    "prompt": prompt_overhead,
    "turn": whole_turns,
    "folder": fast_context,
    "memory": redis_memory,
    "replicas": redis_replicas,
    "knowledge": both(adding, searching, redis_knowledge),
}


async def main(names: list[str]) -> None:
    """Run the named benchmarks in order."""
    for name in names:
        await BENCHMARKS[name]()


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(BENCHMARKS)
    if unknown := [name for name in wanted if name not in BENCHMARKS]:
        sys.exit(f"No benchmark {unknown[0]!r}. There are: {', '.join(BENCHMARKS)}")
    asyncio.run(main(wanted))
