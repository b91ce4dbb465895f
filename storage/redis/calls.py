"""How the store's rooms call their scripts."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import cast

import msgspec

from sessions.errors import StoreError
from storage.redis.client import Call, Client, Reply
from storage.redis.keys import Keys
from storage.redis.records import instant
from storage.redis.scripts import script

_pack = msgspec.msgpack.Encoder().encode


class Calls:
    """The client, the names of keys, and the time: what every room needs.

    Without a clock the time is the server's.
    """

    def __init__(self, client: Client, keys: Keys, clock: Callable[[], datetime] | None) -> None:
        self.client = client
        self.keys = keys
        self._clock = clock

    @property
    def clock(self) -> int:
        """The time as scripts are given it: microseconds since the epoch, 0 for the server's own."""
        return 0 if self._clock is None else instant(self._clock())

    def run(
        self, name: str, keys: Sequence[bytes], *args: bytes | str | int, durable: bool = True
    ) -> Awaitable[Reply]:
        """Run the script of that name. What is not durable may be lost by a failover.

        Raises StoreUnavailable.
        """
        return self.client.run(script(name), keys, args, durable=durable)

    async def run_all(
        self, name: str, keys: Sequence[Sequence[bytes]], *args: bytes | str | int
    ) -> list[Reply | StoreError]:
        """Run a script that writes nothing on each of these sets of keys."""
        one = script(name)
        return await self.client.run_all([Call(one, each, args) for each in keys])


def packed(*args: object) -> bytes:
    """Arguments as a script unpacks them from its first one."""
    return _pack(args)


def text(reply: Reply) -> str:
    """A bulk reply that is text."""
    return cast("bytes", reply).decode()


def row(reply: Reply) -> list[Reply]:
    """An array reply."""
    return cast("list[Reply]", reply)


def blob(reply: Reply) -> bytes:
    """A bulk reply."""
    return cast("bytes", reply)


def number(reply: Reply) -> int:
    """A whole number, as an integer reply or in digits."""
    return int(cast("int | bytes", reply))
