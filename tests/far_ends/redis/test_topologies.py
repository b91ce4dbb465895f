import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import Sentinel

from tests.redis_servers import (
    ReplyError,
    Server,
    ServerPool,
    cluster,
    connected,
    proxies,
    sentinels,
    until,
)


async def test_replicas_take_over_when_the_sentinels_master_is_killed(tmp_path: Path) -> None:
    async with sentinels(tmp_path, min_replicas_to_write=1) as servers:
        first = await servers.master()
        assert len(await servers.replicas()) == 2
        await first.call("SET", "name", "value")
        await until("both replicas have it", lambda: _has_both(first))

        assert await servers.kill_master() is first
        second = await servers.failed_over(first)
        assert second is await servers.master()
        assert list(await servers.keys_of("na")) == ["name"]

        await servers.rejoin(first)
        await second.call("SET", "name", "newer")
        await until("both replicas have it again", lambda: _has_both(second), seconds=60)
        assert await first.call("GET", "name") == b"newer"
    assert not any(node.running for node in (*servers.nodes, *servers.sentinels))


async def _has_both(master: Server) -> bool:
    return await master.call("WAIT", 2, 1000) == 2


async def test_a_master_without_enough_replicas_refuses_writes(tmp_path: Path) -> None:
    async with sentinels(tmp_path, min_replicas_to_write=2) as servers:
        master = await servers.master()
        (await servers.replicas())[0].kill()

        async def refused() -> bool:
            try:
                await master.call("SET", "name", "value")
            except ReplyError as error:
                return "NOREPLICAS" in str(error)
            return False

        await until("the master knows that a replica is gone", refused)


async def test_all_of_a_sentinel_sets_data_is_reached_through_proxies(tmp_path: Path) -> None:
    async with proxies() as front, sentinels(tmp_path, via=front.open) as servers:
        hosts = [("127.0.0.1", sentinel.port) for sentinel in servers.sentinels]
        first = await servers.master()
        await _write(hosts)
        assert front.by_target[first.port].commands["SET"] == 1

        await servers.kill_master()
        second = await servers.failed_over(first)
        await _write(hosts)
        assert front.by_target[second.port].commands["SET"] == 1
        assert set(front.by_target[second.port].commands) <= {"SET", "CLIENT", "HELLO"}


async def _write(hosts: list[tuple[str, int]]) -> None:
    finder = Sentinel(hosts)  # type: ignore[no-untyped-call]  # redis-py has not typed it
    async with finder.master_for("parley") as client:
        await client.set("name", "value")
    for sentinel in finder.sentinels:
        await sentinel.aclose()


async def test_a_paused_master_is_replaced(tmp_path: Path) -> None:
    async with sentinels(tmp_path) as servers:
        first = await servers.master()
        first.pause()
        second = await servers.failed_over(first)
        assert await servers.master() is second
        assert first.running


async def test_nothing_runs_after_a_start_that_was_cancelled(tmp_path: Path) -> None:
    async def starting() -> None:
        async with cluster(tmp_path):
            pass

    async def some_run() -> bool:
        return running_in(tmp_path) > 3

    start = asyncio.create_task(starting())
    await until("some nodes run", some_run)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert running_in(tmp_path) == 0


def running_in(folder: Path) -> int:
    """How many processes work in a folder or below it; one that ended works nowhere."""
    found = 0
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            found += link.readlink().is_relative_to(folder)
    return found


async def test_replication_and_failover_work_under_the_callers_users(tmp_path: Path) -> None:
    acl = "user default off\nuser writer on >secret ~* &* -@all +set"
    async with sentinels(tmp_path / "sentinels", acl=acl) as servers:
        second = await servers.failed_over(await servers.kill_master())
        async with connected(second.port, user="writer", password="secret") as writer:
            assert await writer.call("SET", "name", "value") == b"OK"
    async with cluster(tmp_path / "cluster", acl=acl) as nodes:
        node = await nodes.node_of("name")
        async with connected(node.port, user="writer", password="secret") as writer:
            assert await writer.call("SET", "name", "value") == b"OK"
        await nodes.move_slot(
            await nodes.slot_of("name"),
            next(other for other in await nodes.masters() if other is not node),
        )
        assert list(await nodes.keys_of()) == ["name"]


async def test_a_pool_has_every_topology_and_starts_it_inside_a_running_loop(tmp_path: Path) -> None:
    with ServerPool(tmp_path) as pool:
        for servers in (pool.standalone(), pool.sentinels(), pool.cluster()):
            for master in await servers.masters():
                await master.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
            await servers.forget("name")
            assert await servers.keys_of() == {}
        assert pool.sentinels() is pool.sentinels()
        await pool.cluster().kill_node_of("name")
        assert len(await pool.cluster().masters()) == 3


async def test_a_replica_takes_over_when_a_clusters_master_is_killed(tmp_path: Path) -> None:
    async with cluster(tmp_path) as servers:
        assert len(await servers.masters()) == 3
        first = await servers.node_of("name")
        (replica,) = await servers.replicas_of(first)
        await first.call("SET", "name", "value")
        assert await first.call("WAIT", 1, 1000) == 1

        assert await servers.kill_node_of("name") is first
        await servers.failed_over(first)
        assert await servers.node_of("name") is replica
        assert list(await servers.keys_of("na")) == ["name"]

        await first.restart()
        await servers.complete()
        assert await servers.replicas_of(replica) == [first]
    assert not any(node.running for node in servers.nodes)


async def test_a_slot_that_moves_answers_ask_and_then_moved(tmp_path: Path) -> None:
    async with proxies() as front, cluster(tmp_path, via=front.open) as servers:
        source, slot = await servers.node_of("name"), await servers.slot_of("name")
        target = next(node for node in await servers.masters() if node is not source)
        await source.call("SET", "name", "value")

        await servers.begin_move(slot, target)
        assert await source.call("GET", "name") == b"value"
        await servers.move_keys(slot, target)
        with pytest.raises(
            ReplyError, match=rf"ASK {slot} 127.0.0.1:{front.by_target[target.port].port}"
        ):
            await source.call("GET", "name")
        await servers.end_move(slot, target)
        with pytest.raises(
            ReplyError, match=rf"MOVED {slot} 127.0.0.1:{front.by_target[target.port].port}"
        ):
            await source.call("GET", "name")
        assert await servers.node_of("name") is target

        client = RedisCluster.from_url(servers.url.replace("redis+cluster", "redis").split(",")[0])
        async with client:
            assert await client.get("name") == b"value"
        assert front.by_target[target.port].commands["GET"] == 1
