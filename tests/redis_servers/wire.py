"""A plain connection to one Redis node, and waiting for what it will say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import hiredis

Word = str | bytes | int
T = TypeVar("T")

CALL_SECONDS = 5.0
_POLL_SECONDS = 0.005


class ReplyError(Exception):
    """The node answered with an error; its text is the first argument."""


class Connection:
    """Commands to one node, one after the other. Raises OSError when the node is away or silent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._replies = hiredis.Reader()

    async def call(self, *words: Word) -> object:
        """The reply: bytes, int, None or a list of replies. Raises ReplyError."""
        self.send(encoded(*words))
        return await self.receive()

    def send(self, requests: bytes) -> None:
        """Requests as `encoded` makes them, sent together."""
        self._writer.write(requests)

    async def receive(self) -> object:
        """The next reply, or the next message of a subscription. Raises ReplyError."""
        async with asyncio.timeout(CALL_SECONDS):
            while (reply := self._replies.gets()) is False:
                received = await self._reader.read(1 << 16)
                if not received:
                    raise ConnectionResetError("the node closed the connection")
                self._replies.feed(received)
        if isinstance(reply, hiredis.ReplyError):
            raise ReplyError(str(reply))
        answer: object = reply
        return answer

    async def text(self, *words: Word) -> str:
        """A string reply, decoded; raises TypeError for anything else."""
        return as_text(await self.call(*words))

    async def rows(self, *words: Word) -> list[object]:
        """An array reply; raises TypeError for anything else."""
        return as_list(await self.call(*words))


@asynccontextmanager
async def connected(port: int, *, user: str = "", password: str = "") -> AsyncIterator[Connection]:
    """A connection to 127.0.0.1, authenticated if a user is given."""
    async with asyncio.timeout(CALL_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        connection = Connection(reader, writer)
        if user:
            await connection.call("AUTH", user, password)
        yield connection
    finally:
        writer.transport.abort()
        # The transport's socket is closed in the loop's next rounds.
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def encoded(*words: Word) -> bytes:
    """A request as it goes over the wire."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def as_text(reply: object) -> str:
    if not isinstance(reply, bytes):
        raise TypeError(f"no string: {reply!r}")
    return reply.decode(errors="surrogateescape")


def as_list(reply: object) -> list[object]:
    if not isinstance(reply, list):
        raise TypeError(f"no array: {reply!r}")
    return reply


def as_mapping(reply: object) -> dict[str, str]:
    """A flat array of names and values, as SENTINEL answers."""
    flat = [as_text(item) for item in as_list(reply)]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def fields(info: str) -> dict[str, str]:
    """INFO's or CLUSTER INFO's lines."""
    pairs = (line.partition(":") for line in info.splitlines() if not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


async def until(what: str, condition: Callable[[], Awaitable[T | None]], *, seconds: float = 20) -> T:
    """Ask again until the answer is neither None nor False; a node that is away has none.

    Raises TimeoutError with what was waited for.
    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    answer = await condition()
                except (OSError, ReplyError):
                    answer = None
                if answer is not None and answer is not False:
                    return answer
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise TimeoutError(f"{seconds:g} s have passed without: {what}") from None
