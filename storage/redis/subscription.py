"""Listens to a channel on a connection of its own, and comes back after a loss."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import hiredis
import structlog

from storage.redis.address import Address
from storage.redis.dialing import Wire, dial
from storage.redis.failures import Refusal, Unreachable, unwelcome
from storage.redis.lines import Lines
from storage.redis.link import Reply, packed
from storage.redis.pauses import Pauses

BACKLOG = 10_000
"""Messages that the listener has not taken yet; further ones are lost to it."""

_READ_SIZE = 65536
_INCOMPLETE = object()
_PING: bytes = packed(b"PING")
_log = structlog.get_logger()


class Subscription:
    """The messages of a channel, as they come."""

    def __init__(self, address: Address, lines: Lines, channel: bytes) -> None:
        self._address = address
        self._lines = lines
        self._channel = channel
        self._refused = ""
        """Why the server did not let it listen, when that was last said."""
        self._messages: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.ready = asyncio.Event()
        """Set when the server has confirmed the subscription for the first time."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        message = await self._messages.get()
        if message is None:
            self._messages.put_nowait(None)
            raise StopAsyncIteration
        return message

    async def keep(self) -> None:
        """Stay subscribed until cancelled; then the iteration ends."""
        pauses = Pauses()
        try:
            while True:
                await self._try(pauses)
                await asyncio.sleep(pauses.next())
        finally:
            self._messages.put_nowait(None)

    async def _try(self, pauses: Pauses) -> None:
        nodes = self._lines.nodes
        if not nodes:
            return
        node = random.choice(nodes)  # noqa: S311 -- PUBLISH reaches every node
        try:
            wire = await dial(self._address, node)
        except Unreachable:
            self._lines.look()
            return
        try:
            await self._listen(wire, pauses)
        except Refusal as refusal:
            why = unwelcome(refusal, node, self._address).why
            if why != self._refused:
                _log.warning("redis.unheard", why=why)
            self._refused = why
        finally:
            await wire.close()

    async def _listen(self, wire: Wire, pauses: Pauses) -> None:
        """Take messages until the connection ends, or is silent although it was asked."""
        reader, writer = wire.streams
        parser = hiredis.Reader(notEnoughData=_INCOMPLETE, replyError=Refusal)
        writer.write(packed(b"SUBSCRIBE", self._channel))
        asked = False
        while True:
            try:
                async with asyncio.timeout(self._address.timeout.total_seconds()):
                    data = await reader.read(_READ_SIZE)
            except TimeoutError:
                if asked:
                    return
                asked = True
                writer.write(_PING)
                continue
            except OSError:
                return
            if not data:
                return
            asked = False
            parser.feed(data)
            while (reply := parser.gets()) is not _INCOMPLETE:
                self._take(reply, pauses)

    def _take(self, reply: Reply | Refusal, pauses: Pauses) -> None:
        match reply:
            case Refusal():
                raise reply
            case [b"message", bytes(), bytes() as message]:
                if self._messages.qsize() < BACKLOG:
                    self._messages.put_nowait(message)
            case [b"subscribe", *_]:
                pauses.reset()
                self.ready.set()


@asynccontextmanager
async def subscribed(
    address: Address, lines: Lines, channel: bytes
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Subscribe for the length of the context; begins when the server has confirmed, or is away."""
    subscription = Subscription(address, lines, channel)
    task = lines.begin(subscription.keep())
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(address.patience.total_seconds()):
                await subscription.ready.wait()
        yield subscription
    finally:
        task.cancel()
        await asyncio.wait({task})
