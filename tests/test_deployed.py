"""Redis runs as the deployment's files say: one server, Sentinel and Cluster, without containers."""

import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sessions.errors import SettingError, StoreError, StoreUnavailable
from storage.redis.address import Login, parse_address
from storage.redis.store import RedisStore
from tests.bench.store_turns import BenchSession, prepare, turn
from tests.deployment import FILES, PASSWORDS, Deployed, run
from tests.redis_servers import ReplyError, connected, until
from tests.redis_servers.processes import ProcessGroup

LOGIN = Login(
    password=PASSWORDS["PARLEY_REDIS_PASSWORD"],
    sentinel_password=PASSWORDS["PARLEY_REDIS_SENTINEL_PASSWORD"],
)


@pytest.fixture
def group() -> Iterator[ProcessGroup]:
    with ProcessGroup() as group:
        yield group


async def opened(stack: AsyncExitStack, url: str) -> RedisStore:
    store = await stack.enter_async_context(RedisStore.open(parse_address(url, LOGIN)))
    await store.check()
    return store


async def took_a_turn(store: RedisStore, session: BenchSession) -> None:
    before = session.messages
    await turn(store, session)
    assert session.messages == before + 2


async def test_one_redis_keeps_what_it_acknowledged_and_lets_nobody_else_in(
    group: ProcessGroup, tmp_path: Path
) -> None:
    server = Deployed(group, tmp_path / "redis", group.port())
    await server.start("server")
    async with AsyncExitStack() as stack:
        store = await opened(stack, f"redis://parley@127.0.0.1:{server.port}")
        (session,) = await prepare(store, 1, 2)
        await took_a_turn(store, session)
        server.kill()
        await server.again()
        await until("the store is back", lambda: _is_well(store))
        assert len(await store.transcript(session.key, None, 9)) == 4
        await took_a_turn(store, session)
    for name, value in _directives("redis.conf"):
        assert await server.call("CONFIG", "GET", name) == [name.encode(), value.encode()]
    assert await server.call("ACL", "LOG") == []
    async with connected(server.port) as stranger:
        with pytest.raises(ReplyError, match="NOAUTH"):
            await stranger.call("PING")
    with pytest.raises(ReplyError, match="WRONGPASS"):
        async with connected(server.port, user="default", password="x"):
            raise AssertionError


async def test_a_snapshot_is_put_back_as_the_append_only_file(
    group: ProcessGroup, tmp_path: Path
) -> None:
    server = Deployed(group, tmp_path / "redis", group.port())
    await server.start("server")
    async with AsyncExitStack() as stack:
        store = await opened(stack, f"redis://parley@127.0.0.1:{server.port}")
        (session,) = await prepare(store, 1, 2)
        await server.call("SAVE")
        backup = (server.data / "dump.rdb").read_bytes()
        await took_a_turn(store, session)
    server.kill()
    # As docs/redis.md says. With dump.rdb in place alone, Redis would start empty.
    for path in server.data.glob("appendonly*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (server.data / "appendonly.aof").write_bytes(backup)
    session.messages = 2
    for _ in range(2):
        await server.again()
        async with AsyncExitStack() as stack:
            store = await opened(stack, f"redis://parley@127.0.0.1:{server.port}")
            assert len(await store.transcript(session.key, None, 9)) == session.messages
            await took_a_turn(store, session)
        server.kill()


async def test_the_sentinels_replace_a_master_that_died(group: ProcessGroup, tmp_path: Path) -> None:
    servers = [Deployed(group, tmp_path / f"redis-{number}", group.port()) for number in range(3)]
    watching = [Deployed(group, tmp_path / f"sentinel-{number}", group.port()) for number in range(3)]
    master, *replicas = servers
    await master.start("server", "replicated.conf")
    for replica in replicas:
        await replica.start("server", "replicated.conf", "--", f"replicaof 127.0.0.1 {master.port}")
    await until("two replicas", lambda: _has_replicas(master, 2))
    faster = {
        r"172\.30\.77\.11 6379": f"127.0.0.1 {master.port}",
        r"(down-after-milliseconds parley) \d+": r"\1 500",
    }
    for sentinel in watching:
        await sentinel.start("sentinel", changes=faster)
    await until("sentinels that know each other", lambda: _quorum(watching))
    sentinels = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in watching)
    url = f"redis+sentinel://parley@{sentinels}/parley?durability=replicated&sentinel_user=parley"
    async with AsyncExitStack() as stack:
        store = await opened(stack, url)
        (session,) = await prepare(store, 1, 2)
        await took_a_turn(store, session)
        master.kill()
        await until("the store is back", lambda: _is_well(store), seconds=30)
        assert len(await store.transcript(session.key, None, 9)) == 4
        await until("the other replica follows", lambda: _follow_one(replicas), seconds=30)
        await until("writes are taken again", lambda: _took(store, session))
    # Who was the master at first comes back as a replica, and the next time is one at once.
    await master.again()
    await until("the old master follows", lambda: _follows(master), seconds=30)
    master.kill()
    await master.again()
    assert (await master.info("replication"))["role"] == "slave"
    for process in (*servers, *watching):
        assert await process.call("ACL", "LOG") == []


async def test_the_nodes_form_a_cluster_once(group: ProcessGroup, tmp_path: Path) -> None:
    nodes = [Deployed(group, tmp_path / f"node-{number}", group.port(bus=True)) for number in range(6)]
    for node in nodes:
        await node.start("server", "cluster.conf")
    places = [f"127.0.0.1:{node.port}" for node in nodes]
    formed = run(tmp_path, FILES / "form-cluster.sh", *places)
    assert formed.returncode == 0, formed.stdout
    again = run(tmp_path, FILES / "form-cluster.sh", *places)
    assert again.stdout == "The Cluster is there.\n"
    async with AsyncExitStack() as stack:
        store = await opened(stack, f"redis+cluster://parley@{','.join(places[:3])}")
        (session,) = await prepare(store, 1, 2)
        await took_a_turn(store, session)
    for node in nodes:
        assert await node.call("ACL", "LOG") == []


async def _is_well(store: RedisStore) -> bool:
    try:
        await store.check()
    except (StoreError, SettingError):
        return False
    return True


async def _took(store: RedisStore, session: BenchSession) -> bool:
    try:
        await took_a_turn(store, session)
    except StoreUnavailable:
        return False
    return True


async def _has_replicas(master: Deployed, count: int) -> bool:
    replication = await master.info("replication")
    return sum(":" not in name and "state=online" in of for name, of in replication.items()) == count


async def _quorum(watching: list[Deployed]) -> bool:
    for sentinel in watching:
        said = await sentinel.info("sentinel")
        if "slaves=2,sentinels=3" not in said.get("master0", ""):
            return False
    return True


async def _follow_one(servers: list[Deployed]) -> bool:
    return any([await _has_replicas(server, 1) for server in servers])


async def _follows(server: Deployed) -> bool:
    replication = await server.info("replication")
    return replication["role"] == "slave" and replication["master_link_status"] == "up"


def _directives(name: str) -> list[tuple[str, str]]:
    lines = [
        line for line in (FILES / name).read_text().splitlines() if line and not line.startswith("#")
    ]
    pairs = [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]
    return [(name, value) for name, value in pairs if name not in ("port", "aclfile")]
