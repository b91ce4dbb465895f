"""A master, two replicas and three sentinels that watch them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from tests.redis_servers.keys import Holding
from tests.redis_servers.processes import ProcessGroup
from tests.redis_servers.server import HARNESS, PASSWORD, Server, prepared
from tests.redis_servers.wire import as_mapping, as_text, until

SERVICE = "parley"
_DATA_NODES, _SENTINELS, _QUORUM = 3, 3, 2

Via = Callable[[int], Awaitable[int]]


class SentinelSet(Holding):
    """Nodes that hold the data of one service, the first master first, and their sentinels."""

    def __init__(self, announced: Mapping[int, Server], sentinels: Mapping[int, Server]) -> None:
        self._announced, self._sentinels = announced, sentinels
        self.nodes: Sequence[Server] = list(announced.values())
        self.sentinels: Sequence[Server] = list(sentinels.values())

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    async def masters(self) -> Sequence[Server]:
        return [await self.master()]

    async def master(self) -> Server:
        """The master, as the first sentinel that answers says."""

        async def told() -> Server | None:
            for sentinel in self.sentinels:
                if sentinel.awake:
                    return await self._master_of(sentinel)
            return None

        return await until("a sentinel names the master", told)

    async def replicas(self) -> Sequence[Server]:
        """The running nodes that are not the master."""
        master = await self.master()
        return [node for node in self.nodes if node.running and node is not master]

    async def kill_master(self) -> Server:
        """SIGKILL the current master; returns which it was."""
        master = await self.master()
        master.kill()
        return master

    async def failed_over(self, old: Server, *, seconds: float = 20) -> Server:
        """Wait until all sentinels name another master than this and all nodes that are awake follow."""

        async def follows() -> Server | None:
            awake = [sentinel for sentinel in self.sentinels if sentinel.awake]
            named = {await self._master_of(sentinel) for sentinel in awake}
            if len(named) != 1 or (new := named.pop()) is old:
                return None
            others = sum(node.awake for node in self.nodes) - 1
            return new if await replicating(new, others) else None

        return await until(f"another master than {old}", follows, seconds=seconds)

    async def rejoin(self, node: Server) -> None:
        """Start a killed node again as a replica of the current master; returns when it replicates.

        Started by `restart` it would take itself for a master until the sentinels tell it otherwise,
        some 10 to 20 seconds.
        """
        master = await self.master()
        (announced,) = (port for port, known in self._announced.items() if known is master)
        with (node.folder / "redis.conf").open("a") as settings:
            settings.write(f"replicaof 127.0.0.1 {announced}\n")
        await node.start()
        others = sum(known.awake for known in self.nodes) - 1
        await until(f"{node} follows {master}", partial(replicating, master, others))

    async def complete(self) -> None:
        """Wait until all nodes run and replicate, and the sentinels see each other and all of them."""
        for sentinel in self.sentinels:
            await until(f"{sentinel} sees all", partial(_sees_all, sentinel))

        async def all_replicate() -> bool:
            return await replicating(await self.master(), _DATA_NODES - 1)

        await until("all replicas are online", all_replicate)

    async def _master_of(self, sentinel: Server) -> Server:
        async with sentinel.connect() as connection:
            _, port = await connection.rows("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return self._announced[int(as_text(port))]


@asynccontextmanager
async def sentinels(
    folder: Path,
    *,
    config: Mapping[str, str] | None = None,
    acl: str = "",
    min_replicas_to_write: int = 0,
    via: Via | None = None,
) -> AsyncIterator[SentinelSet]:
    """A complete set; `via` makes, for a node's port, the port that everybody is told instead."""
    settings = {"min-replicas-to-write": str(min_replicas_to_write), **(config or {})}
    with ProcessGroup() as group:
        yield await start_sentinels(group, folder, config=settings, acl=acl, via=via)


async def start_sentinels(
    group: ProcessGroup,
    folder: Path,
    *,
    config: Mapping[str, str] | None = None,
    acl: str = "",
    via: Via | None = None,
) -> SentinelSet:
    """The same in a group that somebody else ends."""
    announced: dict[int, Server] = {}
    for number in range(_DATA_NODES):
        port = group.port()
        told = await via(port) if via else port
        settings = {"replica-announce-ip": "127.0.0.1", "replica-announce-port": str(told)}
        if announced:
            settings["replicaof"] = f"127.0.0.1 {next(iter(announced))}"
        settings |= config or {}
        announced[told] = prepared(group, folder / f"node-{number}", port, config=settings, acl=acl)
    watching = _watching(group, folder, list(announced))
    await asyncio.gather(*(server.start() for server in (*announced.values(), *watching.values())))
    servers = SentinelSet(announced, watching)
    await servers.complete()
    return servers


async def replicating(master: Server, replicas: int) -> bool:
    """Whether the master has so many replicas online."""
    replication = await master.info("replication")
    online = sum(name.startswith("slave") and "state=online" in of for name, of in replication.items())
    return replication["role"] == "master" and online >= replicas


def _watching(group: ProcessGroup, folder: Path, nodes: Sequence[int]) -> dict[int, Server]:
    """Sentinels by their ports, configured as if they had met: that spares the seconds until they do."""
    ids = {group.port(): secrets.token_hex(20) for _ in range(_SENTINELS)}
    master, *replicas = nodes
    for number, (port, own) in enumerate(ids.items()):
        home = folder / f"sentinel-{number}"
        home.mkdir(parents=True)
        others = [(other, known) for other, known in ids.items() if other != port]
        lines = [
            "bind 127.0.0.1",
            f"port {port}",
            "protected-mode no",
            "logfile redis.log",
            f"sentinel myid {own}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {master} {_QUORUM}",
            f"sentinel down-after-milliseconds {SERVICE} 500",
            f"sentinel failover-timeout {SERVICE} 2000",
            f"sentinel auth-user {SERVICE} {HARNESS}",
            f"sentinel auth-pass {SERVICE} {PASSWORD}",
            *(f"sentinel known-replica {SERVICE} 127.0.0.1 {replica}" for replica in replicas),
            *(f"sentinel known-sentinel {SERVICE} 127.0.0.1 {other} {known}" for other, known in others),
        ]
        (home / "redis.conf").write_text("\n".join(lines) + "\n")
    homes = [folder / f"sentinel-{number}" for number in range(_SENTINELS)]
    return {
        port: Server(group, home, port=port, sentinel=True) for port, home in zip(ids, homes, strict=True)
    }


async def _sees_all(sentinel: Server) -> bool:
    async with sentinel.connect() as connection:
        master = as_mapping(await connection.call("SENTINEL", "MASTER", SERVICE))
        replicas = await connection.rows("SENTINEL", "REPLICAS", SERVICE)
        peers = await connection.rows("SENTINEL", "SENTINELS", SERVICE)
    links = [as_mapping(replica) for replica in replicas]
    return (
        master["flags"] == "master"
        and len(links) == _DATA_NODES - 1
        and all(link["flags"] == "slave" and link["master-link-status"] == "ok" for link in links)
        and len(peers) == _SENTINELS - 1
        and all(as_mapping(peer)["flags"] == "sentinel" for peer in peers)
    )
