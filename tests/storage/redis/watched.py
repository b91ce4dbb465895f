"""A store behind a proxy, for tests that look at the wire and at the keys."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

from storage.redis import scripts
from storage.redis.address import Address, parse_address
from storage.redis.keys import Keys
from storage.redis.store import RedisStore
from tests.redis_servers import Proxy, Server, encoded, proxy
from tests.storage.conftest import ManualClock
from tests.storage.redis.leaks import check_leaks


@dataclass(frozen=True, slots=True)
class Watched:
    """A store, the proxy that it speaks through, and the server behind."""

    store: RedisStore
    front: Proxy
    server: Server
    address: Address
    clock: ManualClock

    @property
    def keys(self) -> Keys:
        return Keys(self.address.prefix)

    def another(self) -> AbstractAsyncContextManager[RedisStore]:
        """The same data as another process sees it, also through the proxy."""
        return RedisStore.open(self.address, clock=self.clock)


@asynccontextmanager
async def watched(server: Server) -> AsyncIterator[Watched]:
    """A store below a prefix of its own, on a server that knows the scripts.

    Afterwards nothing may be left of what is gone.
    """
    prefix, clock = f"test{token_hex(6)}", ManualClock()
    async with server.connect() as connection:
        for name in scripts.names():
            connection.send(encoded("SCRIPT", "LOAD", scripts.script(name).text))
        for _ in scripts.names():
            await connection.receive()
    async with proxy(server.port) as front:
        address = parse_address(f"redis://127.0.0.1:{front.port}?prefix={prefix}")
        async with RedisStore.open(address, clock=clock) as store:
            yield Watched(store, front, server, address, clock)
    await check_leaks(server, prefix)
