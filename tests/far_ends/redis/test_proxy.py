import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.redis_servers import Proxy, Server, connected, encoded, proxy, standalone, until
from tests.redis_servers.frames import Frames, is_push, request

INCREMENT = "return redis.call('INCR', KEYS[1])"


@dataclass(frozen=True, slots=True)
class Stage:
    server: Server
    proxy: Proxy

    async def count(self) -> int:
        return int(str(await self.server.call("GET", "count") or b"0").strip("b'"))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with standalone(tmp_path) as server, proxy(server.port) as front:
        yield Stage(server, front)


async def test_requests_sent_together_are_one_trip(stage: Stage) -> None:
    async with connected(stage.proxy.port) as client:
        await client.call("PING")
        stage.proxy.reset()
        digest = await client.text("SCRIPT", "LOAD", INCREMENT)
        client.send(encoded("EVALSHA", digest, 1, "count") + encoded("GET", "count"))
        assert [await client.receive(), await client.receive()] == [1, b"1"]
        assert stage.proxy.trips == 2
        assert stage.proxy.commands == {"SCRIPT": 1, "EVALSHA": 1, "GET": 1}
        assert stage.proxy.scripts == {digest: 1}
        first, second = stage.proxy.log
        assert second.commands == ["EVALSHA", "GET"]
        assert second.bytes_down == len(b":1\r\n$1\r\n1\r\n")
        assert stage.proxy.bytes_up == first.bytes_up + second.bytes_up


async def test_connections_that_wait_at_once_count_each(stage: Stage) -> None:
    async with connected(stage.proxy.port) as one, connected(stage.proxy.port) as other:
        await asyncio.gather(one.call("PING"), other.call("PING"))
        assert stage.proxy.trips == 2
        assert stage.proxy.connections == 2


async def test_a_cut_loses_the_reply_of_a_command_that_was_executed(stage: Stage) -> None:
    async with connected(stage.proxy.port) as client:
        cut = stage.proxy.cut_after_request(2)
        assert await client.call("INCR", "count") == 1
        with pytest.raises(ConnectionError):
            await client.call("INCR", "count")
        assert cut.happened.is_set()
    assert await stage.count() == 2
    async with connected(stage.proxy.port) as client:
        assert await client.call("INCR", "count") == 3


async def test_a_cut_lets_earlier_replies_of_the_trip_pass(stage: Stage) -> None:
    async with connected(stage.proxy.port) as client:
        stage.proxy.cut_after_request(lambda asked: asked.words[1:2] == (b"last",))
        client.send(encoded("INCR", "count") + encoded("INCR", "last") + encoded("INCR", "count"))
        assert await client.receive() == 1
        with pytest.raises(ConnectionError):
            await client.receive()
    assert await stage.count() == 2
    assert stage.proxy.cuts == 1


async def test_lost_replies_come_at_their_rate(stage: Stage) -> None:
    stage.proxy.lose_replies(0.3, seed=7)
    lost = 0
    for _ in range(100):
        async with connected(stage.proxy.port) as client:
            try:
                await client.call("INCR", "count")
            except ConnectionError:
                lost += 1
    assert 15 < lost < 45
    assert stage.proxy.cuts == lost
    assert await stage.count() == 100


async def test_all_connections_are_cut_at_once(stage: Stage) -> None:
    async with connected(stage.proxy.port) as one, connected(stage.proxy.port) as other:
        await asyncio.gather(one.call("PING"), other.call("PING"))
        stage.proxy.cut_all()
        for client in (one, other):
            with pytest.raises(ConnectionError):
                await client.call("PING")


async def test_new_connections_are_refused_until_they_are_accepted(stage: Stage) -> None:
    async with connected(stage.proxy.port) as old:
        await old.call("PING")
        stage.proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            async with connected(stage.proxy.port):
                pass
        assert await old.call("PING") == b"PONG"
        await stage.proxy.accept()
        async with connected(stage.proxy.port) as new:
            assert await new.call("PING") == b"PONG"


async def test_a_stalled_proxy_forwards_when_it_goes_on(stage: Stage) -> None:
    async with connected(stage.proxy.port) as client:
        await client.call("PING")
        stage.proxy.stall()
        client.send(encoded("INCR", "count"))
        async with connected(stage.proxy.port) as newcomer:
            newcomer.send(encoded("PING"))
            assert await stage.count() == 0
            stage.proxy.go_on()
            assert await client.receive() == 1
            assert await newcomer.receive() == b"PONG"


async def test_clients_are_closed_while_the_server_is_away(stage: Stage) -> None:
    async with connected(stage.proxy.port) as client:
        await client.call("PING")
        stage.server.kill()
        with pytest.raises(ConnectionError):
            await client.call("PING")
        async with connected(stage.proxy.port) as newcomer:
            with pytest.raises(ConnectionError):
                await newcomer.call("PING")
        await stage.server.restart()
        async with connected(stage.proxy.port) as newcomer:
            assert await newcomer.call("PING") == b"PONG"


async def test_messages_of_a_subscription_are_no_replies(stage: Stage) -> None:
    async with connected(stage.proxy.port) as client:
        await client.call("SUBSCRIBE", "wake")
        stage.proxy.cut_after_request(1)
        assert await stage.server.call("PUBLISH", "wake", "up") == 1
        assert await client.receive() == [b"message", b"wake", b"up"]
        assert stage.proxy.trips == 1


async def test_replication_passes_uncounted_and_uncut(stage: Stage, tmp_path: Path) -> None:
    stage.proxy.lose_replies(1)
    master = f"127.0.0.1 {stage.proxy.port}"
    async with standalone(tmp_path / "replica", config={"replicaof": master}) as replica:

        async def online() -> bool:
            return (await replica.info("replication"))["master_link_status"] == "up"

        await until("the replica is online", online)
        stage.proxy.cut_all()
        await stage.server.call("SET", "name", "value")
        assert await stage.server.call("WAIT", 1, 5000) == 1
        assert stage.proxy.trips == 0


def test_frames_are_found_however_they_are_split() -> None:
    pushed = b">2\r\n$4\r\nwake\r\n_\r\n"
    stream = [
        b"+OK\r\n",
        b"$-1\r\n",
        b"*2\r\n$2\r\n\r\n\r\n*-1\r\n",
        b"%1\r\n+a\r\n:1\r\n",
        pushed,
        b"*0\r\n",
    ]
    for size in range(1, 12):
        frames, found = Frames(), list[bytes]()
        whole = b"".join(stream)
        for at in range(0, len(whole), size):
            found += frames.feed(whole[at : at + size])
        assert found == stream
    assert [frame for frame in stream if is_push(frame)] == [pushed]


def test_a_request_is_told_by_its_words() -> None:
    asked = request(3, encoded("evalsha", "abc", 0, b"\r\n"))
    assert asked.name == "EVALSHA"
    assert asked.script == "abc"
    assert asked.words == (b"evalsha", b"abc", b"0", b"\r\n")
