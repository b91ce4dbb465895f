"""The lines to all nodes that are needed, opened and closed as the map of keys changes."""

import asyncio
from collections.abc import Coroutine

from storage.redis.address import Address, Node
from storage.redis.failures import Refusal, Unreachable
from storage.redis.line import Line
from storage.redis.link import Link
from storage.redis.pauses import Pauses
from storage.redis.presence import Presence
from storage.redis.topology import Cluster, map_of, redirection


class Lines:
    """Finds the link for a key. Works from :meth:`open` to :meth:`close`."""

    def __init__(self, address: Address) -> None:
        self.presence = Presence()
        self.closed = False
        self._address = address
        self._waits = address.replicated
        self._map = map_of(address)
        self._plain: dict[Node, Line] = {}
        self._durable: dict[Node, Line] = {}
        self._tasks: dict[Line, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()
        self._group = asyncio.TaskGroup()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that are needed."""
        return self._map.nodes()

    async def open(self) -> None:
        """Begin to connect in the background; needs no server to be there."""
        await self._group.__aenter__()
        self._look.set()
        self.begin(self._look_for_ever())

    async def close(self) -> None:
        """Close every link; whoever waits for a reply is told."""
        if self.closed:
            return
        self.closed = True
        for task in (*self._tasks.values(), *self._others):
            task.cancel()
        await self._group.__aexit__(None, None, None)
        self.presence.changed()

    def begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run work beside the lines, at most until they are closed."""
        task = self._group.create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        return task

    def link(self, key: bytes, *, durable: bool = False) -> Link | None:
        """The link to the node that has the key, if there is one at the moment."""
        node = self._map.node_of(key)
        return None if node is None else self.link_to(node, durable=durable)

    def link_to(self, node: Node, *, durable: bool = False) -> Link | None:
        """The link to a node; a line that there is not yet begins to connect."""
        lines = self._durable if durable and self._waits else self._plain
        line = lines.get(node)
        if line is None:
            if not self.closed:
                self._begin(lines, node, durable=lines is self._durable)
            return None
        return line.link

    def trouble(self, key: bytes, *, durable: bool) -> tuple[Unreachable, float] | None:
        """Why there is no link for the key, and since when (monotonic seconds), if it is known."""
        node = self._map.node_of(key)
        lines = self._durable if durable and self._address.replicated else self._plain
        found = self.presence.trouble(self if node is None else lines.get(node))
        return None if found is None else (found.failure, found.since)

    def look(self) -> None:
        """Ask soon for a new map."""
        self._look.set()

    def leave(self, link: Link) -> None:
        """Use the link no more: its node is no master any longer."""
        link.retire()
        self.look()

    def redirected(self, refusal: Refusal, asked: Node) -> Node | None:
        """Take over what MOVED or ASK says; return the node, or None if it makes no sense here."""
        found = redirection(refusal, asked)
        if found is None or not isinstance(self._map, Cluster):
            return None
        slot, node = found
        if refusal.code == "ASK":
            self._map.asked(node)
        else:
            self._map.moved(slot, node)
            self.look()
        return node

    async def _look_for_ever(self) -> None:
        pauses = Pauses()
        while True:
            await self._look.wait()
            self._look.clear()
            try:
                await self._map.survey()
            except Unreachable as failure:
                self.presence.down(self, failure)
                self._look.set()
            else:
                self._follow()
                if all(line.link is not None for line in self._plain.values()):
                    pauses.reset()
                else:
                    self._look.set()
            await asyncio.sleep(pauses.next())

    def _follow(self) -> None:
        """Begin lines to new nodes and end those to nodes that are not needed any more."""
        needed = set(self._map.nodes())
        for node in needed - self._plain.keys():
            self._begin(self._plain, node, durable=False)
        self.presence.up(self)
        for lines in (self._plain, self._durable):
            for node in lines.keys() - needed:
                line = lines.pop(node)
                self._tasks.pop(line).cancel()
                self.presence.up(line)

    def _begin(self, lines: dict[Node, Line], node: Node, *, durable: bool) -> None:
        line = lines[node] = Line(self._address, node, self._map, durable=durable)
        self.presence.unproven(line)
        self._tasks[line] = self._group.create_task(line.keep(self.presence, self.look))
