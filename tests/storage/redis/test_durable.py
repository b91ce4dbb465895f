import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessions.errors import StoreUnavailable
from storage.redis.address import parse_address
from storage.redis.client import Client
from tests.redis_servers import Cluster, SentinelSet, Server, proxies, sentinels, until
from tests.storage.redis.keys import fresh
from tests.storage.redis.scripts import COUNT, ECHO, SET_ONCE

OPTIONS = "?durability=replicated&wait_ms=300&timeout_ms=2000"


@contextmanager
def paused(servers: Sequence[Server]) -> Iterator[None]:
    for server in servers:
        server.pause()
    try:
        yield
    finally:
        for server in servers:
            server.resume()


async def passes(client: Client, key: bytes) -> bool:
    try:
        return await client.run(SET_ONCE, [key], ["mine"], durable=True) == b"mine"
    except StoreUnavailable:
        return False


async def test_a_durable_call_waits_for_a_replica_and_its_repeat_waits_again(
    sentinel_set: SentinelSet,
) -> None:
    key = fresh()
    async with Client.open(parse_address(sentinel_set.url + OPTIONS)) as client:
        assert await passes(client, fresh())
        with paused(await sentinel_set.replicas()):
            with pytest.raises(StoreUnavailable, match="has 0 of 1 replicas that took it"):
                await client.run(SET_ONCE, [key], ["mine"], durable=True)
            # It is written already, so this one writes nothing, and is refused all the same.
            assert await client.run(SET_ONCE, [key], ["other"]) == b"mine"
            with pytest.raises(StoreUnavailable, match="has 0 of 1"):
                await client.run(SET_ONCE, [key], ["other"], durable=True)
        await until("the repeat passes", lambda: passes(client, key))


async def test_other_calls_do_not_wait_behind_a_durable_one(sentinel_set: SentinelSet) -> None:
    async with Client.open(parse_address(sentinel_set.url + OPTIONS)) as client:
        await passes(client, fresh())
        with paused(await sentinel_set.replicas()):
            durable = asyncio.create_task(passes(client, fresh()))
            assert await client.run(ECHO, [fresh()], ["a"]) == b"a"
            assert not durable.done()
            assert not await durable


async def test_a_durable_call_waits_for_as_many_replicas_as_are_wanted(
    sentinel_set: SentinelSet,
) -> None:
    address = parse_address(sentinel_set.url + OPTIONS + "&replicas=2")
    async with Client.open(address) as client:
        await until("both replicas take it", lambda: passes(client, fresh()))
        replica = (await sentinel_set.replicas())[0]
        with paused([replica]), pytest.raises(StoreUnavailable, match="has 1 of 2"):
            await client.run(SET_ONCE, [fresh()], ["mine"], durable=True)


async def test_durable_calls_of_one_moment_share_a_wait(tmp_path: Path) -> None:
    async with proxies() as fronts, sentinels(tmp_path, via=fronts.open) as servers:
        front = fronts.by_target[(await servers.master()).port]
        async with Client.open(parse_address(servers.url + OPTIONS)) as client:
            await client.run(COUNT, [b"k"], [], durable=True)
            front.reset()
            counted = await asyncio.gather(
                *(client.run(COUNT, [b"k"], [], durable=True) for _ in range(50))
            )
            assert counted == list(range(2, 52))
            assert front.commands["EVALSHA"] == 50
            assert front.commands["WAIT"] == 1


async def test_without_the_option_a_durable_call_waits_for_nobody(server: Server) -> None:
    async with Client.open(parse_address(server.url)) as client:
        assert await client.run(SET_ONCE, [fresh()], ["mine"], durable=True) == b"mine"


async def test_in_a_cluster_the_replicas_of_the_scripts_own_node_count(
    servers_in_cluster: Cluster,
) -> None:
    key, other = b"{b001}:a", b"{b002}:a"
    node = await servers_in_cluster.node_of(key)
    assert node is not await servers_in_cluster.node_of(other)
    async with Client.open(parse_address(servers_in_cluster.url + OPTIONS)) as client:
        assert await client.run(COUNT, [key], [], durable=True)
        with paused(await servers_in_cluster.replicas_of(node)):
            assert await client.run(COUNT, [other], [], durable=True)
            with pytest.raises(StoreUnavailable, match="has 0 of 1"):
                await client.run(COUNT, [key], [], durable=True)
        await until("the key's node has its replica back", lambda: passes(client, b"{b001}:b"))
