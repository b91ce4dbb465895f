"""The Redis store: every port call one script, in one hash slot."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Self

from sessions.ports.catalog import Quarantined
from storage.redis.address import Address
from storage.redis.bringing import Bringing
from storage.redis.calls import Calls
from storage.redis.catalog import Catalog
from storage.redis.client import Client
from storage.redis.errands import Errands
from storage.redis.homes import Homes
from storage.redis.keys import Keys
from storage.redis.library import Library
from storage.redis.roles import Roles
from storage.redis.shelving import Shelving
from storage.redis.sweeping import Sweeping
from storage.redis.workspaces import Workspaces


class RedisStore(Sweeping, Catalog, Workspaces, Bringing, Errands, Roles, Shelving, Library):
    """One Redis deployment, shared with the other processes that use it."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: Address, *, clock: Callable[[], datetime] | None = None
    ) -> AsyncIterator[Self]:
        """Connect to that address; leaving the context disconnects. The server need not be there yet.

        The time is the server's unless a clock is given.
        """
        async with Client.open(address) as client:
            calls = Calls(client, Keys(address.prefix), clock)
            yield cls(calls, Homes(calls))

    async def close(self) -> None:
        """Let go of the connections. Repeating it is a no-op."""
        await self._calls.client.close()

    async def check(self) -> None:
        """See :meth:`sessions.ports.store.Store.check`. Raises SettingError where Redis refuses.

        Writes as an accept does: a server that is full or without the replicas it needs still reads well.
        """
        await self._calls.client.check()
        await self._calls.run("check", [self._calls.keys.checked])

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.quarantined`."""
        return await self._repair.quarantined()
