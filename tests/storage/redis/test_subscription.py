import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from storage.redis.address import parse_address
from storage.redis.client import Client
from tests.redis_servers import Cluster, SentinelSet, Server, sentinels, until
from tests.storage.redis.keys import fresh


async def publish_until_heard(client: Client, channel: bytes, heard: AsyncIterator[bytes]) -> bytes:
    """What is heard first; published again and again, as hints that may be lost are."""
    first = asyncio.ensure_future(anext(heard))

    async def told() -> bool:
        try:
            await client.command(channel, "PUBLISH", channel, "again")
        except Exception:  # noqa: BLE001 -- away for a moment
            return False
        return first.done()

    await until("it is heard", told)
    return await first


async def heard_by_another(url: str) -> None:
    channel = fresh("channel")
    address = parse_address(url)
    async with Client.open(address) as one, Client.open(address) as other:
        listening: AbstractAsyncContextManager[AsyncIterator[bytes]] = one.subscribe(channel)
        async with listening as messages:
            for text in (b"first", b"\0second\xff"):
                await other.command(channel, "PUBLISH", channel, text)
                assert await anext(messages) == text


async def test_what_is_published_is_heard_by_another_client(
    server: Server, sentinel_set: SentinelSet, servers_in_cluster: Cluster
) -> None:
    for url in (server.url, sentinel_set.url, servers_in_cluster.url):
        await heard_by_another(url)


async def test_each_node_of_a_cluster_hears_what_is_published(servers_in_cluster: Cluster) -> None:
    async with Client.open(parse_address(servers_in_cluster.url)) as client:
        for number in range(8):
            channel = fresh(str(number))
            async with client.subscribe(channel) as messages:
                await client.command(channel, "PUBLISH", channel, "hint")
                assert await anext(messages) == b"hint"


async def test_a_subscription_survives_the_loss_of_its_connection(server: Server) -> None:
    channel = fresh("channel")
    address = parse_address(server.url)
    async with Client.open(address) as client, client.subscribe(channel) as messages:
        await server.call("CLIENT", "KILL", "TYPE", "pubsub")
        assert await publish_until_heard(client, channel, messages) == b"again"


async def test_a_subscription_survives_the_death_of_the_master(tmp_path: Path) -> None:
    channel = fresh("channel")
    async with sentinels(tmp_path) as servers:
        url = servers.url + "?timeout_ms=500&patience_ms=200"
        async with Client.open(parse_address(url)) as client, client.subscribe(channel) as messages:
            await servers.kill_master()
            assert await publish_until_heard(client, channel, messages) == b"again"


async def test_a_silent_connection_is_left(tmp_path: Path) -> None:
    channel = fresh("channel")
    async with sentinels(tmp_path) as servers:
        url = servers.url + "?timeout_ms=300&patience_ms=200"
        async with Client.open(parse_address(url)) as client, client.subscribe(channel) as messages:
            frozen = await servers.master()
            frozen.pause()
            try:
                assert await publish_until_heard(client, channel, messages) == b"again"
            finally:
                frozen.resume()


async def test_a_subscription_begins_without_a_server_and_ends_with_the_client(tmp_path: Path) -> None:
    url = "redis://127.0.0.1:1?patience_ms=50"
    async with Client.open(parse_address(url)) as client, client.subscribe(b"channel") as messages:
        await client.close()
        assert [message async for message in messages] == []
