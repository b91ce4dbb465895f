"""What a set of servers holds under a prefix."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from tests.redis_servers.wire import Connection, as_list, as_text, encoded, until


@dataclass(frozen=True, slots=True)
class Key:
    """A key's type as TYPE names it, and how long it still lives: milliseconds, None for ever."""

    type: str
    ttl: int | None


class Master(Protocol):
    """A node that holds keys."""

    def connect(self) -> AbstractAsyncContextManager[Connection]: ...


class Holding(ABC):
    """Servers that hold keys together: one, a Sentinel set or a Cluster."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where a store finds them."""

    @abstractmethod
    async def masters(self) -> Sequence[Master]:
        """The nodes that hold the keys at the moment."""

    async def keys_of(self, prefix: str = "") -> dict[str, Key]:
        """All keys that begin with the prefix, on all masters.

        Soon after a failover a former master may still say that it is one, and send the asker on.
        """
        return await until("the nodes agree on who has which keys", lambda: self._keys_of(prefix))

    async def _keys_of(self, prefix: str) -> dict[str, Key]:
        parts = await asyncio.gather(*(_keys(node, prefix) for node in await self.masters()))
        return {name: key for part in parts for name, key in part.items()}

    async def forget(self, prefix: str) -> None:
        """Delete all keys that begin with the prefix, on all masters."""
        await until("the nodes agree on who has which keys", lambda: self._forget(prefix))

    async def _forget(self, prefix: str) -> bool:
        await asyncio.gather(*(_forget(node, prefix) for node in await self.masters()))
        return True

    async def flush(self) -> None:
        """Delete everything."""
        for node in await self.masters():
            async with node.connect() as connection:
                await connection.call("FLUSHALL")


async def _keys(node: Master, prefix: str) -> dict[str, Key]:
    found = {}
    async with node.connect() as connection:
        names = list(await _names(connection, prefix))
        for name in names:
            connection.send(encoded("TYPE", _raw(name)) + encoded("PTTL", _raw(name)))
        for name in names:
            kind, ttl = as_text(await connection.receive()), await connection.receive()
            assert isinstance(ttl, int)
            if kind != "none":
                found[name] = Key(kind, None if ttl < 0 else ttl)
    return found


async def _forget(node: Master, prefix: str) -> None:
    async with node.connect() as connection:
        names = await _names(connection, prefix)
        connection.send(b"".join(encoded("UNLINK", _raw(name)) for name in names))
        for _ in names:
            await connection.receive()


async def _names(connection: Connection, prefix: str) -> set[str]:
    pattern = "".join(f"\\{char}" if char in "\\*?[]" else char for char in prefix) + "*"
    cursor, names = "0", set[str]()
    while True:
        head, batch = await connection.rows("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
        names.update(as_text(name) for name in as_list(batch))
        if (cursor := as_text(head)) == "0":
            return names


def _raw(name: str) -> bytes:
    return name.encode(errors="surrogateescape")
