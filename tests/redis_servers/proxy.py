"""A proxy in front of a Redis node that counts round trips and breaks connections at chosen places."""

import asyncio
import random
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

from tests.redis_servers.certificates import Certificates
from tests.redis_servers.frames import Request
from tests.redis_servers.link import Client, Cut, Link, Match, Trip
from tests.redis_servers.processes import reserved_port


class Proxy:
    """Forwards a loopback port to another one. Replication and sentinels pass uncounted and unharmed.

    Replies are forwarded whole. Everything is done inside the event loop that opened the proxy.
    """

    def __init__(
        self, target: int, port: int, tls: Certificates | None, dialing: asyncio.TaskGroup
    ) -> None:
        self.target, self.port = target, port
        self.log: list[Trip] = []
        self.cuts = 0
        self._tls = None if tls is None else _context(tls)
        self._dialing = dialing
        self._links: set[Link] = set()
        self._numbers = 0
        self._listening: asyncio.Server | None = None
        self._planned: list[Cut] = []
        self._rate, self._random = 0.0, random.Random(0)
        self.stalled = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def trips(self) -> int:
        """Round trips: a request that comes while its connection waits for no reply begins one."""
        return len(self.log)

    @property
    def commands(self) -> Counter[str]:
        return Counter(name for trip in self.log for name in trip.commands)

    @property
    def scripts(self) -> Counter[str]:
        """How often each script was asked for by its digest."""
        return Counter(digest for trip in self.log for digest in trip.scripts)

    @property
    def bytes_up(self) -> int:
        return sum(trip.bytes_up for trip in self.log)

    @property
    def bytes_down(self) -> int:
        return sum(trip.bytes_down for trip in self.log)

    @property
    def connections(self) -> int:
        """How many clients are connected, replicas and sentinels included."""
        return len(self._links)

    def reset(self) -> None:
        """Forget what was counted."""
        self.log.clear()
        self.cuts = 0

    def cut_after_request(self, which: int | Match = 1) -> Cut:
        """Lose one reply: of the n-th request from now, or of the next that matches.

        The request, and what was sent with it, is forwarded; when its reply has come, both connections
        are closed without it, so the command was surely executed. What sets a connection up (HELLO,
        AUTH, PING and the like before the first other command) is counted, but neither matched nor cut:
        a replica begins the same way.
        """
        if callable(which):
            cut = Cut(which)
        else:
            left = iter(range(which - 1))
            cut = Cut(lambda _: next(left, None) is None)
        self._planned.append(cut)
        return cut

    def lose_replies(self, rate: float, *, seed: int = 0) -> None:
        """Cut in the same way after each request with this probability; 0 ends it."""
        self._rate, self._random = rate, random.Random(seed)

    def cut_all(self) -> None:
        """Close all clients' connections, whatever they wait for."""
        for link in [link for link in self._links if not link.opaque]:
            self.cuts += 1
            link.close()

    def refuse(self) -> None:
        """Refuse new connections; the open ones stay."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    async def accept(self) -> None:
        """Take new connections again."""
        if self._listening is None:
            loop = asyncio.get_running_loop()
            self._listening = await loop.create_server(self._link, "127.0.0.1", self.port, ssl=self._tls)

    def stall(self) -> None:
        """Keep connections open and take new ones, and forward nothing; clients and replicas alike."""
        self.stalled = True
        for link in self._links:
            link.pause()

    def go_on(self) -> None:
        """Forward again, beginning with what came meanwhile."""
        self.stalled = False
        for link in list(self._links):
            link.resume()

    async def close(self) -> None:
        """Refuse, close everything, and wait until it is closed."""
        self.refuse()
        for link in list(self._links):
            link.abort()
        await self._empty.wait()

    def _link(self) -> Client:
        self._numbers += 1
        return Client(Link(self, self._numbers))

    def opened(self, link: Link) -> None:
        self._links.add(link)
        self._empty.clear()
        self._dialing.create_task(link.dial(self.target))

    def closed(self, link: Link) -> None:
        self._links.discard(link)
        if not self._links:
            self._empty.set()

    def asked(self, request: Request) -> Cut | None:
        for cut in self._planned:
            if cut.match(request):
                self._planned.remove(cut)
                return cut
        if self._rate and self._random.random() < self._rate:
            return Cut(lambda _: True)
        return None

    def began(self, trip: Trip) -> None:
        self.log.append(trip)

    def was_cut(self) -> None:
        self.cuts += 1

    def uncount(self, link: int) -> None:
        self.log = [trip for trip in self.log if trip.link != link]


class Proxies:
    """A proxy for each port that is asked for: `open` is what the sets of servers take as `via`."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.by_target: dict[int, Proxy] = {}

    async def open(self, target: int) -> int:
        """The port of a new proxy in front of this one."""
        self.by_target[target] = await self._stack.enter_async_context(proxy(target))
        return self.by_target[target].port

    @property
    def all(self) -> list[Proxy]:
        return list(self.by_target.values())


@asynccontextmanager
async def proxy(target: int, *, tls: Certificates | None = None) -> AsyncIterator[Proxy]:
    """A proxy in front of a loopback port; with certificates clients speak TLS to it."""
    with ExitStack() as held:
        port = held.enter_context(reserved_port())
        async with asyncio.TaskGroup() as dialing:
            opened = Proxy(target, port, tls, dialing)
            await opened.accept()
            try:
                yield opened
            finally:
                await opened.close()


@asynccontextmanager
async def proxies() -> AsyncIterator[Proxies]:
    """Proxies that are closed together."""
    async with AsyncExitStack() as stack:
        yield Proxies(stack)


def _context(tls: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    return context
