"""Makes connections through redis-py: TCP, TLS or Unix socket, log-in, database and name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from redis import exceptions
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from storage.redis.address import Address, Node, Tls
from storage.redis.failures import Refusal, Unreachable, unreachable, unwelcome

NAME = "parley"
"""What CLIENT LIST shows."""

ASK_LIMIT = timedelta(seconds=1)
"""How long a node is asked who has the data; there are others to ask."""

Raw = bytes | int | None | list["Raw"]


class Wire:
    """An open connection: its streams, and an orderly question on it before they are taken."""

    def __init__(
        self,
        connection: Connection | UnixDomainSocketConnection,
        node: Node,
        limit: timedelta,
        *,
        tls: bool,
    ) -> None:
        self.node = node
        self._connection = connection
        self._limit = limit
        self._tls = tls

    @property
    def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The streams below the protocol. redis-py has no public name for them."""
        reader, writer = self._connection._reader, self._connection._writer  # noqa: SLF001
        if reader is None or writer is None:
            raise Unreachable(f"Redis at {self.node} closed the connection")
        return reader, writer

    @property
    def transport(self) -> asyncio.Transport:
        """The transport below the streams."""
        return cast("asyncio.Transport", self.streams[1].transport)

    async def ask(self, *words: str | bytes | int) -> Raw:
        """Ask one question. Raises Refusal or Unreachable."""
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                await self._connection.send_command(*words)
                reply: Raw = await self._connection.read_response()
        except exceptions.RedisError as error:
            raise _translated(error, self.node, tls=self._tls) from error
        except OSError as error:
            raise unreachable(self.node, error, tls=self._tls) from error
        return reply

    async def close(self) -> None:
        """Drop the connection; never fails."""
        if (writer := self._connection._writer) is not None:  # noqa: SLF001
            writer.transport.abort()
        with contextlib.suppress(exceptions.RedisError, OSError):
            await self._connection.disconnect()


async def dial(
    address: Address, node: Node, *, sentinel: bool = False, limit: timedelta | None = None
) -> Wire:
    """Open a connection and log in. Raises Unreachable."""
    within = limit or address.timeout
    connection = _connection(address, node, sentinel=sentinel)
    tls = address.tls is not None
    wire = Wire(connection, node, within, tls=tls)
    try:
        async with asyncio.timeout(within.total_seconds()):
            await connection.connect()  # type: ignore[no-untyped-call]
    except exceptions.RedisError as error:
        await wire.close()
        failure = _translated(error, node, tls=tls)
        if isinstance(failure, Refusal):
            raise unwelcome(failure, node, address, sentinel=sentinel) from error
        raise failure from error
    except OSError as error:
        await wire.close()
        raise unreachable(node, error, tls=tls) from error
    except BaseException:
        await wire.close()
        raise
    return wire


@asynccontextmanager
async def dialled(address: Address, node: Node, *, sentinel: bool = False) -> AsyncIterator[Wire]:
    """Open a connection for a few questions. Raises Unreachable, also for a refused question."""
    wire = await dial(address, node, sentinel=sentinel, limit=min(ASK_LIMIT, address.timeout))
    try:
        yield wire
    except Refusal as refusal:
        raise unwelcome(refusal, node, address, sentinel=sentinel) from refusal
    finally:
        await wire.close()


def _connection(
    address: Address, node: Node, *, sentinel: bool
) -> Connection | UnixDomainSocketConnection:
    login = address.login
    user, password = login.user, login.password
    if sentinel:
        user, password = login.sentinel_user, login.sentinel_password
    # Without a socket_timeout, whose asyncio.wait_for may swallow a cancellation in Python 3.11: every
    # use of the connection stands in a time-out of its own.
    # RESP2: replies are bytes, numbers and lists only, and nothing is pushed in between.
    common: dict[str, Any] = {
        "db": 0 if sentinel else address.database,
        "username": user or None,
        "password": password or None,
        "protocol": 2,
        "client_name": NAME,
        "driver_info": None,
        "socket_timeout": None,
        "socket_connect_timeout": address.timeout.total_seconds(),
    }
    if not node.port:
        return UnixDomainSocketConnection(path=node.host, **common)
    if address.tls is None:
        return Connection(host=node.host, port=node.port, **common)
    return SSLConnection(host=node.host, port=node.port, **_files(address.tls), **common)


def _files(tls: Tls) -> dict[str, Any]:
    return {
        "ssl_ca_certs": tls.ca or None,
        "ssl_certfile": tls.cert or None,
        "ssl_keyfile": tls.key or None,
    }


def _translated(error: exceptions.RedisError, node: Node, *, tls: bool) -> Refusal | Unreachable:
    if error.status_code is not None:
        return Refusal(f"{error.status_code} {error}")
    if isinstance(error, exceptions.ResponseError):
        return Refusal(str(error))
    return unreachable(node, error, tls=tls)
