from pathlib import Path

import pytest

from tests.redis_servers import connected, outside_proxies, sentinels, standalone


async def test_a_proxy_outside_obeys_and_counts(tmp_path: Path) -> None:
    async with outside_proxies(tmp_path) as outside, standalone(tmp_path / "server") as server:
        port = await outside.open(server.port)
        async with connected(port) as client:
            assert await client.call("INCR", "count") == 1
            counts = await outside.counts(server.port)
            assert (counts.trips, counts.cuts, counts.connections) == (1, 0, 1)
            assert counts.commands == {"INCR": 1}
            await outside.lose_replies(server.port, 1)
            with pytest.raises(ConnectionError):
                await client.call("INCR", "count")
        assert await server.call("GET", "count") == b"2"
        await outside.refuse(server.port)
        with pytest.raises(ConnectionRefusedError):
            async with connected(port):
                pass
        await outside.accept(server.port)
        await outside.lose_replies(server.port, 0)
        async with connected(port) as client:
            await outside.cut_all(server.port)
            with pytest.raises(ConnectionError):
                await client.call("PING")
        await outside.reset(server.port)
        assert (await outside.counts(server.port)).trips == 0


async def test_sentinels_and_replicas_live_with_lost_replies(tmp_path: Path) -> None:
    async with (
        outside_proxies(tmp_path) as outside,
        sentinels(tmp_path / "servers", via=outside.open) as servers,
    ):
        for node in servers.nodes:
            await outside.lose_replies(node.port, 0.5, seed=node.port)
        first = await servers.kill_master()
        second = await servers.failed_over(first)
        await servers.rejoin(first)
        await second.call("SET", "name", "value")
        assert await second.call("WAIT", 2, 5000) == 2
        assert (await outside.counts(second.port)).cuts == 0
