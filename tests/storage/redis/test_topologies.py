import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from sessions.errors import StoreUnavailable
from storage.redis.address import parse_address
from storage.redis.client import Call, Client
from storage.redis.script import Script
from tests.redis_servers import Cluster, Holding, SentinelSet, cluster, proxies, sentinels, until
from tests.storage.redis.keys import fresh, new_script
from tests.storage.redis.scripts import COUNT, ECHO, SET_ONCE

TWO_KEYS = Script.of("two_keys", b"return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}")


def opened(servers: Holding, options: str = "") -> AbstractAsyncContextManager[Client]:
    return Client.open(parse_address(servers.url + options))


def answers(call: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[bool]]:
    async def tried() -> bool:
        try:
            await call()
        except StoreUnavailable:
            return False
        return True

    return tried


async def test_sentinels_name_the_master(sentinel_set: SentinelSet) -> None:
    key = fresh()
    async with Client.open(parse_address(sentinel_set.url)) as client:
        await client.run(SET_ONCE, [key], ["mine"])
    assert await (await sentinel_set.master()).call("GET", key) == b"mine"


async def test_a_killed_master_is_followed_by_its_successor(tmp_path: Path) -> None:
    async with sentinels(tmp_path) as servers, Client.open(parse_address(servers.url)) as client:
        await client.run(COUNT, [b"k"], [])
        old = await servers.kill_master()
        await until("calls are answered", answers(lambda: client.run(COUNT, [b"k"], [])))
        assert await servers.failed_over(old) is not old
        assert not client.away


async def test_a_frozen_master_is_followed_by_its_successor(tmp_path: Path) -> None:
    async with sentinels(tmp_path) as servers, opened(servers, "?timeout_ms=500") as client:
        await client.run(COUNT, [b"k"], [])
        old = await servers.master()
        old.pause()
        try:
            await until("calls are answered", answers(lambda: client.run(COUNT, [b"k"], [])))
        finally:
            old.resume()


async def test_a_master_that_becomes_a_replica_is_left_and_the_call_goes_through(
    sentinel_set: SentinelSet,
) -> None:
    old = await sentinel_set.master()
    async with Client.open(parse_address(sentinel_set.url + "?patience_ms=15000")) as client:
        key = fresh()
        await client.run(COUNT, [key], [])
        await sentinel_set.sentinels[0].call("SENTINEL", "FAILOVER", "parley")
        new = await sentinel_set.failed_over(old)
        assert await client.run(SET_ONCE, [fresh()], ["mine"]) == b"mine"
        assert await new.call("GET", key) == b"1"


async def test_a_dead_sentinel_is_passed_over(sentinel_set: SentinelSet) -> None:
    hosts, _, service = sentinel_set.url.removeprefix("redis+sentinel://").partition("/")
    url = f"redis+sentinel://127.0.0.1:1,{hosts}/{service}"
    async with Client.open(parse_address(url)) as client:
        assert await client.run(ECHO, [fresh()], ["a"]) == b"a"


async def test_each_key_goes_to_its_node_of_a_cluster(servers_in_cluster: Cluster) -> None:
    keys = [b"{b%03d}:client" % number for number in range(256)]
    async with Client.open(parse_address(servers_in_cluster.url)) as client:
        script = new_script()
        replies = await client.run_all([Call(script, [key], [key]) for key in keys])
        assert replies == keys
        for master in await servers_in_cluster.masters():
            assert await master.call("SCRIPT", "EXISTS", script.sha) == [1]


async def test_one_node_of_a_cluster_is_enough_to_find_the_others(servers_in_cluster: Cluster) -> None:
    url = f"redis+cluster://127.0.0.1:1,127.0.0.1:{servers_in_cluster.nodes[4].port}"
    async with Client.open(parse_address(url)) as client:
        for number in range(10):
            assert await client.run(ECHO, [fresh(str(number))], [number]) == str(number).encode()


async def test_a_slot_is_followed_while_it_moves_and_after(servers_in_cluster: Cluster) -> None:
    key, other = fresh("{moving}"), fresh("{moving}")
    slot = await servers_in_cluster.slot_of(key)
    old = await servers_in_cluster.node_of_slot(slot)
    new = next(node for node in await servers_in_cluster.masters() if node is not old)
    async with Client.open(parse_address(servers_in_cluster.url)) as client:
        assert await client.run(SET_ONCE, [key], ["one"]) == b"one"
        await servers_in_cluster.begin_move(slot, new)
        assert await client.run(SET_ONCE, [key], ["two"]) == b"one"
        assert await client.run(SET_ONCE, [other], ["asked"]) == b"asked"
        split = asyncio.create_task(client.run(TWO_KEYS, [key, other], []))
        await servers_in_cluster.move_keys(slot, new)
        assert await split == [b"one", b"asked"]
        await servers_in_cluster.end_move(slot, new)
        replies = await asyncio.gather(*(client.run(SET_ONCE, [key], [n]) for n in range(20)))
        assert replies == [b"one"] * 20
        assert await new.call("GET", other) == b"asked"


async def test_a_killed_master_of_a_cluster_is_followed_and_the_others_go_on(tmp_path: Path) -> None:
    async with cluster(tmp_path) as servers:
        address = parse_address(servers.url + "?patience_ms=300")
        async with Client.open(address) as client:
            key, other = b"{b001}:k", b"{b002}:k"
            await client.run_all([Call(COUNT, [key], []), Call(COUNT, [other], [])])
            old = await servers.kill_node_of(key)
            assert await client.run(COUNT, [other], []) == 2
            await until("the key is served", answers(lambda: client.run(COUNT, [key], [])))
            await servers.failed_over(old)

            async def back() -> bool:
                return not client.away

            await until("the client is back", back)


async def test_a_lost_connection_loses_only_what_was_sent(tmp_path: Path) -> None:
    async with proxies() as fronts, sentinels(tmp_path, via=fronts.open) as servers:
        front = fronts.by_target[(await servers.master()).port]
        async with Client.open(parse_address(servers.url)) as client:
            await client.run(COUNT, [b"k"], [])
            front.cut_after_request()
            with pytest.raises(StoreUnavailable, match="closed the connection"):
                await client.run(COUNT, [b"k"], [])
            assert await client.run(COUNT, [b"k"], []) == 3


async def test_a_cluster_that_lost_a_slot_fails_in_words(tmp_path: Path) -> None:
    async with cluster(tmp_path) as servers, opened(servers, "?patience_ms=200") as client:
        await client.run(COUNT, [b"k"], [])
        node = await servers.node_of(b"k")
        await node.call("CLUSTER", "DELSLOTS", await servers.slot_of(b"k"))
        with pytest.raises(StoreUnavailable, match="Cluster that is down"):
            await client.run(COUNT, [b"k"], [])
