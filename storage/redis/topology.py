"""Knows which node has which key: one server, a master that sentinels watch, or a Cluster."""

import random
import time
from collections.abc import Iterable
from typing import Protocol, assert_never

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from storage.redis.address import Address, Node, Topology
from storage.redis.dialing import Raw, Wire, dialled
from storage.redis.failures import Refusal, Unreachable

GUEST_SECONDS = 60.0
"""How long a node counts that has no slot yet but was named by ASK."""


class Map(Protocol):
    """Where keys are, as far as it is known."""

    def nodes(self) -> tuple[Node, ...]:
        """The nodes that are needed; none if nothing is known yet."""
        ...

    def node_of(self, key: bytes) -> Node | None:
        """The node that has the key."""
        ...

    async def survey(self) -> None:
        """Find out anew. Raises Unreachable."""
        ...

    async def greet(self, wire: Wire) -> None:
        """Make sure that a new connection leads to a node for writes. Raises Unreachable, Refusal."""
        ...


def map_of(address: Address) -> "Standalone | Watched | Cluster":
    """Make the map that the address asks for."""
    match address.topology:
        case Topology.STANDALONE:
            return Standalone(address)
        case Topology.SENTINEL:
            return Watched(address)
        case Topology.CLUSTER:
            return Cluster(address)
        case _:
            assert_never(address.topology)


class Standalone:
    """One server."""

    def __init__(self, address: Address) -> None:
        self._node = address.nodes[0]

    def nodes(self) -> tuple[Node, ...]:
        """See :class:`Map`."""
        return (self._node,)

    def node_of(self, key: bytes) -> Node | None:
        """See :class:`Map`."""
        return self._node

    async def survey(self) -> None:
        """See :class:`Map`."""

    async def greet(self, wire: Wire) -> None:
        """See :class:`Map`."""
        await wire.ask("PING")
        try:
            role = await _role(wire)
        except Refusal as refusal:
            if refusal.code == "NOPERM":
                raise
            return  # a service that speaks the protocol but hides its replicas
        if role == b"slave":
            why = f"Redis at {wire.node} is a replica"
            raise Unreachable(why, f"{why}. Name its master in PARLEY_STORAGE.")


class Watched:
    """A master that sentinels know."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sentinels = list(address.nodes)
        self._master: Node | None = None

    def nodes(self) -> tuple[Node, ...]:
        """See :class:`Map`."""
        return () if self._master is None else (self._master,)

    def node_of(self, key: bytes) -> Node | None:
        """See :class:`Map`."""
        return self._master

    async def survey(self) -> None:
        """See :class:`Map`."""
        # Asked because something is wrong: a sentinel that names another master goes before one that
        # names the known one, for it may have been cut off.
        failure: Unreachable | None = None
        named: set[Node] = set()
        for sentinel in list(self._sentinels):
            try:
                master = await self._ask(sentinel)
            except Unreachable as error:
                # What has to be corrected goes before what is only away.
                failure = error if failure is None or error.advice else failure
                self._sentinels.remove(sentinel)
                self._sentinels.append(sentinel)
                continue
            if master != self._master:
                self._master = master
                return
            named.add(master)
        if not named:
            raise failure or Unreachable("No sentinel is known")

    async def greet(self, wire: Wire) -> None:
        """See :class:`Map`."""
        await wire.ask("PING")
        if await _role(wire) != b"master":
            raise Unreachable(f"Redis at {wire.node} is not the master of {self._address.service}")

    async def _ask(self, sentinel: Node) -> Node:
        service = self._address.service
        async with dialled(self._address, sentinel, sentinel=True) as wire:
            found = await wire.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service)
        match found:
            case [bytes() as host, bytes() as port]:
                return Node(host.decode(), int(port))
            case _:
                why = f"The sentinel at {sentinel} knows no service of that name"
                raise Unreachable(why, f"{why}. Correct the name at the end of PARLEY_STORAGE.")


class Cluster:
    """Masters that share the slots."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._slots: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._masters: tuple[Node, ...] = ()
        self._guests: dict[Node, float] = {}

    def nodes(self) -> tuple[Node, ...]:
        """See :class:`Map`."""
        since = time.monotonic() - GUEST_SECONDS
        guests = (node for node, seen in self._guests.items() if seen > since)
        return tuple(dict.fromkeys((*self._masters, *guests)))

    def node_of(self, key: bytes) -> Node | None:
        """See :class:`Map`."""
        return self._slots[key_slot(key)]

    def moved(self, slot: int, node: Node) -> None:
        """Take over what a node said about a slot."""
        if 0 <= slot < len(self._slots):
            self._slots[slot] = node
            self._masters = tuple(dict.fromkeys((*self._masters, node)))

    def asked(self, node: Node) -> None:
        """Count a node in that takes over a slot."""
        self._guests[node] = time.monotonic()

    async def survey(self) -> None:
        """See :class:`Map`."""
        failure: Unreachable | None = None
        known = random.sample(self._masters, len(self._masters))
        for node in dict.fromkeys((*known, *self._address.nodes)):
            try:
                async with dialled(self._address, node) as wire:
                    ranges = await wire.ask("CLUSTER", "SLOTS")
            except Unreachable as error:
                failure = error if failure is None or error.advice else failure
            else:
                self._learn(ranges, node)
                return
        raise failure or Unreachable("No node of the Cluster is known")

    async def greet(self, wire: Wire) -> None:
        """See :class:`Map`."""
        await wire.ask("PING")

    def _learn(self, ranges: Raw, asked: Node) -> None:
        slots: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for one in ranges if isinstance(ranges, list) else ():
            match one:
                case [int() as first, int() as last, [host, int() as port, *_], *_]:
                    node = _announced(host, port, asked)
                    slots[first : last + 1] = [node] * (last + 1 - first)
                case _:
                    raise Unreachable(f"Redis at {asked} tells its slots in an unknown way")
        self._slots = slots
        self._masters = tuple(_distinct(slots))


def redirection(refusal: Refusal, asked: Node) -> tuple[int, Node] | None:
    """Read the slot and node of a MOVED or ASK that ``asked`` answered."""
    words = refusal.text.split()
    if len(words) < 3 or not words[1].isdigit():
        return None
    host, _, port = words[2].rpartition(":")
    if not port.isdigit():
        return None
    return int(words[1]), _announced(host.strip("[]").encode(), int(port), asked)


def _announced(host: Raw, port: int, asked: Node) -> Node:
    # An empty host means the one that was asked: https://redis.io/docs/latest/commands/cluster-slots/
    name = host.decode() if isinstance(host, bytes) else ""
    return Node(asked.host if name in ("", "?") else name, port)


def _distinct(slots: Iterable[Node | None]) -> Iterable[Node]:
    return dict.fromkeys(node for node in slots if node is not None)


async def _role(wire: Wire) -> bytes:
    match await wire.ask("ROLE"):
        case [bytes() as role, *_]:
            return role
        case _:
            return b""
