"""A client's connection through a proxy, and the one to the server behind it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.redis_servers.frames import Frames, Request, is_push, request

Match = Callable[[Request], bool]

_DIAL_SECONDS = 5
_SUBSCRIBING = {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR"}
_SETTING_UP = {"AUTH", "CLIENT", "HELLO", "PING", "READONLY", "SELECT"}
_REPLICATING = {"REPLCONF", "PSYNC", "SYNC"}


@dataclass(slots=True)
class Trip:
    """What a client sent while it waited for a reply; times are those of the loop's clock."""

    link: int
    began: float
    ended: float | None = None
    commands: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    bytes_up: int = 0
    bytes_down: int = 0

    def add(self, request: Request) -> None:
        self.commands.append(request.name)
        self.bytes_up += request.size
        if request.script is not None:
            self.scripts.append(request.script)


@dataclass(frozen=True, slots=True)
class Cut:
    """A request whose reply is to be lost; `happened` is set when the client's connection is closed."""

    match: Match
    happened: asyncio.Event = field(default_factory=asyncio.Event)


class Owner(Protocol):
    """The proxy, as its links see it."""

    @property
    def stalled(self) -> bool: ...

    def opened(self, link: "Link") -> None: ...

    def closed(self, link: "Link") -> None: ...

    def began(self, trip: Trip) -> None: ...

    def asked(self, request: Request) -> Cut | None:
        """The cut that this request brings about."""

    def was_cut(self) -> None: ...

    def uncount(self, link: int) -> None:
        """Forget the trips of a link that turned out to be no client's."""


class Link:
    """Both connections. Opaque is one of a replica or a sentinel: forwarded as it comes."""

    def __init__(self, owner: Owner, number: int) -> None:
        self.opaque = False
        self._owner, self.number = owner, number
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._asked, self._answered = Frames(), Frames()
        self._dialing = True
        self._early = b""
        """What came before the server was reached: an older Python heeds no pause that early."""
        self._set_up = False
        self._waiting = 0
        self._subscribed = False
        self._cut: Cut | None = None
        self._passing = 0
        self._trip: Trip | None = None

    async def dial(self, target: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_DIAL_SECONDS):
                await loop.create_connection(lambda: _Upstream(self), "127.0.0.1", target)
        except OSError:
            self.abort()
        finally:
            self._dialing = False
            self._end()

    def client_made(self, transport: asyncio.Transport) -> None:
        self._client = transport
        transport.pause_reading()
        self._owner.opened(self)

    def server_made(self, transport: asyncio.Transport) -> None:
        self._server = transport
        if self._client is None:
            transport.abort()
        elif self._owner.stalled:
            transport.pause_reading()
        else:
            self._client.resume_reading()
        early, self._early = self._early, b""
        if early:
            self.up(early)

    def client_lost(self) -> None:
        self._client = None
        self._end()

    def server_lost(self) -> None:
        self._server = None
        self._end()

    def up(self, received: bytes) -> None:
        if self._server is None and self._dialing:
            self._early += received
        if self._server is None or self._cut is not None:
            return
        if not self.opaque:
            for frame in self._asked.feed(received):
                self._count(request(self.number, frame))
        self._server.write(received)

    def down(self, received: bytes) -> None:
        if self._client is None:
            return
        if self.opaque:
            self._client.write(received)
            return
        for frame in self._answered.feed(received):
            if not is_push(frame) and not self._subscribed:
                if self._cut is not None and self._passing == 0:
                    self._owner.was_cut()
                    self._cut.happened.set()
                    self.close()
                    return
                self._passing -= 1
                self._waiting -= 1
            self._client.write(frame)
            self._arrived(len(frame))

    def pause(self) -> None:
        for transport in (self._client, self._server):
            if transport is not None:
                transport.pause_reading()

    def resume(self) -> None:
        if self._client is not None and self._server is not None:
            self._client.resume_reading()
            self._server.resume_reading()

    def close(self) -> None:
        """Close both ends after what was written to them."""
        for transport in (self._client, self._server):
            if transport is not None:
                transport.close()

    def abort(self) -> None:
        for transport in (self._client, self._server):
            if transport is not None:
                transport.abort()

    def _count(self, request: Request) -> None:
        if request.name in _REPLICATING or (
            request.name == "CLIENT" and request.words[2:] and request.words[2].startswith(b"sentinel-")
        ):
            self.opaque = True
            self._owner.uncount(self.number)
        if self.opaque:
            return
        if self._waiting == 0 or self._trip is None:
            self._trip = Trip(self.number, asyncio.get_running_loop().time())
            self._owner.began(self._trip)
        self._trip.add(request)
        self._set_up = self._set_up or request.name not in _SETTING_UP
        if self._set_up and self._cut is None and (cut := self._owner.asked(request)) is not None:
            self._cut, self._passing = cut, self._waiting
        self._subscribed = self._subscribed or request.name in _SUBSCRIBING
        self._waiting = 0 if self._subscribed else self._waiting + 1

    def _arrived(self, size: int) -> None:
        if self._trip is not None:
            self._trip.bytes_down += size
            if self._waiting == 0:
                self._trip.ended = asyncio.get_running_loop().time()

    def _end(self) -> None:
        if self._client is None or (self._server is None and not self._dialing):
            self.close()
        if self._client is None and self._server is None and not self._dialing:
            self._owner.closed(self)


class Client(asyncio.Protocol):
    """The end that a client has connected to."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._link.client_made(transport)

    def data_received(self, data: bytes) -> None:
        self._link.up(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.client_lost()


class _Upstream(asyncio.Protocol):
    def __init__(self, link: Link) -> None:
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._link.server_made(transport)

    def data_received(self, data: bytes) -> None:
        self._link.down(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.server_lost()
