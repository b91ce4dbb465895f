"""Three masters and three replicas that form a Cluster."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.redis_servers.keys import Holding
from tests.redis_servers.processes import BUS_OFFSET, ProcessGroup
from tests.redis_servers.sentinel import Via
from tests.redis_servers.server import HARNESS, PASSWORD, Server, prepared
from tests.redis_servers.wire import ReplyError, Word, as_list, fields, until

SLOTS = 16_384
_MASTERS, _NODES = 3, 6


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of CLUSTER NODES: a node as another sees it."""

    id: str
    port: int
    flags: frozenset[str]
    connected: bool


class Cluster(Holding):
    """The nodes of a Cluster; at first three are masters, and the other three follow them in order."""

    def __init__(self, announced: Mapping[int, Server]) -> None:
        self._announced = announced
        self.nodes: Sequence[Server] = list(announced.values())

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in self._announced)

    async def masters(self) -> Sequence[Server]:
        """The nodes that serve slots and are awake."""
        seen = await nodes_seen_by(await self._someone())
        masters = (self._announced[node.port] for node in seen if "master" in node.flags)
        return [node for node in masters if node.awake]

    async def slot_of(self, key: Word) -> int:
        slot = await (await self._someone()).call("CLUSTER", "KEYSLOT", key)
        assert isinstance(slot, int)
        return slot

    async def node_of(self, key: Word) -> Server:
        """The master that serves a key."""
        return await self.node_of_slot(await self.slot_of(key))

    async def node_of_slot(self, slot: int) -> Server:
        for entry in as_list(await (await self._someone()).call("CLUSTER", "SLOTS")):
            first, last, master, *_replicas = as_list(entry)
            _ip, port, *_more = as_list(master)
            assert isinstance(first, int)
            assert isinstance(last, int)
            assert isinstance(port, int)
            if first <= slot <= last:
                return self._announced[port]
        raise LookupError(f"nobody serves slot {slot}")

    async def replicas_of(self, master: Server) -> Sequence[Server]:
        """The nodes that replicate this one and are awake."""
        links = {node: await node.info("replication") for node in self.nodes if node.awake}
        (announced,) = (port for port, node in self._announced.items() if node is master)
        return [node for node, link in links.items() if link.get("master_port") == str(announced)]

    async def kill_node_of(self, key: Word) -> Server:
        """SIGKILL the master that serves a key; returns which it was."""
        node = await self.node_of(key)
        node.kill()
        return node

    async def failed_over(self, old: Server, *, seconds: float = 20) -> None:
        """Wait until every node that is awake knows that others than this one serve all slots."""

        async def served() -> bool:
            awake = [node for node in self.nodes if node.awake]
            views = [await _view(node) for node in awake]
            ports = {port for port, node in self._announced.items() if node is old}
            return all(healthy and not ports & masters for healthy, masters in views)

        await until(f"another master than {old}", served, seconds=seconds)

    async def complete(self) -> None:
        """Wait until all nodes run, see each other, serve all slots and replicate."""
        for node in self.nodes:
            await until(f"{node} sees all", partial(_sees_all, node), seconds=30)

    async def begin_move(self, slot: int, to: Server) -> None:
        """From here on the slot's old node answers ASK for a key that it does not have."""
        source = await self.node_of_slot(slot)
        await to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", await _id(source))
        await source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", await _id(to))

    async def move_keys(self, slot: int, to: Server) -> None:
        """Move the slot's keys; the old node still serves the slot."""
        source = await self.node_of_slot(slot)
        async with source.connect() as connection:
            while names := await connection.rows("CLUSTER", "GETKEYSINSLOT", slot, 100):
                keys = [name for name in names if isinstance(name, bytes)]
                target: list[Word] = ["127.0.0.1", to.port, "", 0, 5000]
                await connection.call("MIGRATE", *target, "AUTH2", HARNESS, PASSWORD, "KEYS", *keys)

    async def end_move(self, slot: int, to: Server) -> None:
        """From here on the old node answers MOVED; returns when all masters know the new one."""
        new = await _id(to)
        for node in (to, *(node for node in await self.masters() if node is not to)):
            await node.call("CLUSTER", "SETSLOT", slot, "NODE", new)

    async def move_slot(self, slot: int, to: Server) -> None:
        """Hand a slot and its keys to another master."""
        await self.begin_move(slot, to)
        await self.move_keys(slot, to)
        await self.end_move(slot, to)

    async def _someone(self) -> Server:
        for node in self.nodes:
            if node.awake and (await cluster_info(node))["cluster_state"] == "ok":
                return node
        raise ConnectionError("no node says that the Cluster is well")


@asynccontextmanager
async def cluster(
    folder: Path, *, config: Mapping[str, str] | None = None, acl: str = "", via: Via | None = None
) -> AsyncIterator[Cluster]:
    """A complete Cluster; `via` makes, for a node's port, the port that everybody is told instead."""
    with ProcessGroup() as group:
        yield await start_cluster(group, folder, config=config, acl=acl, via=via)


async def start_cluster(
    group: ProcessGroup,
    folder: Path,
    *,
    config: Mapping[str, str] | None = None,
    acl: str = "",
    via: Via | None = None,
) -> Cluster:
    """The same in a group that somebody else ends."""
    announced: dict[int, Server] = {}
    for number in range(_NODES):
        port = group.port(bus=True)
        told = await via(port) if via else port
        settings = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": "1000",
            "cluster-replica-validity-factor": "0",
            "cluster-announce-ip": "127.0.0.1",
            "cluster-announce-port": str(told),
            "cluster-announce-bus-port": str(port + BUS_OFFSET),
            **(config or {}),
        }
        announced[told] = prepared(group, folder / f"node-{number}", port, config=settings, acl=acl)
    made = Cluster(announced)
    await asyncio.gather(*(node.start() for node in made.nodes))
    await _join(made.nodes)
    await made.complete()
    return made


async def _join(nodes: Sequence[Server]) -> None:
    masters, replicas = nodes[:_MASTERS], nodes[_MASTERS:]
    bounds = [SLOTS * number // _MASTERS for number in range(_MASTERS + 1)]
    for number, node in enumerate(nodes):
        # Each its own epoch: two masters that meet with the same one would have to sort it out first.
        await node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for other in nodes[:number]:
            await node.call("CLUSTER", "MEET", "127.0.0.1", other.port, other.port + BUS_OFFSET)
    for number, node in enumerate(masters):
        await node.call("CLUSTER", "ADDSLOTS", *range(bounds[number], bounds[number + 1]))
    for master, replica in zip(masters, replicas, strict=True):
        await until(f"{replica} follows {master}", partial(_follow, replica, master))


async def _follow(replica: Server, master: Server) -> bool:
    # An unknown node is an error until the two have met.
    return await replica.call("CLUSTER", "REPLICATE", await _id(master)) == b"OK"


async def _sees_all(node: Server) -> bool:
    seen = await nodes_seen_by(node)
    replication = await node.info("replication")
    masters = sum("master" in other.flags for other in seen)
    return (
        (await cluster_info(node))["cluster_state"] == "ok"
        and len(seen) == _NODES
        and masters == _MASTERS
        and all(other.connected and not other.flags & {"handshake", "fail", "fail?"} for other in seen)
        and (replication["role"] == "slave" or replication["connected_slaves"] == "1")
        and replication.get("master_link_status", "up") == "up"
    )


async def _view(node: Server) -> tuple[bool, set[int]]:
    """Whether a node finds the Cluster well, and who serves slots in its view."""
    healthy = (await cluster_info(node))["cluster_state"] == "ok"
    seen = await nodes_seen_by(node)
    return healthy, {
        other.port for other in seen if "master" in other.flags and "fail" not in other.flags
    }


async def cluster_info(node: Server) -> dict[str, str]:
    async with node.connect() as connection:
        return fields(await connection.text("CLUSTER", "INFO"))


async def nodes_seen_by(node: Server) -> list[Seen]:
    """CLUSTER NODES of one node."""
    async with node.connect() as connection:
        lines = (await connection.text("CLUSTER", "NODES")).splitlines()
    seen = []
    for line in lines:
        name, address, flags, _master, _ping, _pong, _epoch, link, *_slots = line.split()
        port = int(address.partition("@")[0].rpartition(":")[2])
        seen.append(Seen(name, port, frozenset(flags.split(",")), link == "connected"))
    return seen


async def _id(node: Server) -> str:
    async with node.connect() as connection:
        try:
            return await connection.text("CLUSTER", "MYID")
        except ReplyError as error:
            raise RuntimeError(f"{node} is in no Cluster") from error
