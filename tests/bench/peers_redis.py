"""openai-agents' RedisSession doing what a turn asks of it; run by the peers' own interpreter.

Takes the server's URL, and `with` or `without` for hiredis, which the peer does not ask for. Each line on
stdin says how many sessions run at once and how many turns each of them takes; the answer is a line of
JSON: seconds of wall time and of this process's CPU.
"""

import asyncio
import json
import sys
from time import perf_counter, process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.extensions.memory import RedisSession

TEXT = "x" * 200
EXCHANGE = [{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}]
WINDOW = 50


async def main(url: str, prefix: str) -> None:
    """Answer every line; sessions of that prefix are used again and grow."""
    from agents.extensions.memory import RedisSession
    from redis.asyncio import Redis

    # One client for all sessions: they share its pool, which grows as needed.
    async with Redis.from_url(url) as client:
        made: dict[str, RedisSession] = {}
        while line := await asyncio.to_thread(sys.stdin.readline):
            sessions, turns = map(int, line.split())
            for name in [f"{prefix}-{number}" for number in range(sessions)]:
                if name not in made:
                    made[name] = RedisSession(name, redis_client=client)
                    await made[name].add_items(EXCHANGE * (WINDOW // 2))
            wall, cpu = perf_counter(), process_time()
            await asyncio.gather(*(_turns(session, turns) for session in made.values()))
            print(json.dumps([perf_counter() - wall, process_time() - cpu]), flush=True)


async def _turns(session: "RedisSession", turns: int) -> None:
    for _ in range(turns):
        await session.get_items(limit=WINDOW)
        await session.add_items(EXCHANGE)


if __name__ == "__main__":
    if sys.argv[2] == "without":
        # An import of it then fails, as where it is not installed.
        sys.modules["hiredis"] = None  # type: ignore[assignment]
    asyncio.run(main(sys.argv[1], sys.argv[2]))
