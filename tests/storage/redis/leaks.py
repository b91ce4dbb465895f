"""What a store may leave in Redis: nothing of what is gone but events that stay known for two days."""

from tests.redis_servers import Holding
TWO_DAYS = 48 * 3_600_000

async def check_leaks(servers: Holding, prefix: str) -> None:
    keys = await servers.keys_of(f"{prefix}:")
    await servers.forget(f"{prefix}:")
