import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import structlog

from sessions.errors import StoreError, StoreUnavailable
from storage.redis.address import parse_address
from storage.redis.client import Call, Client
from tests.redis_servers import Server, proxy, standalone, until
from tests.storage.redis.keys import fresh, new_script
from tests.storage.redis.scripts import COUNT, ECHO, SET_ONCE, SLOW, WRONG


def opened(server: Server, options: str = "") -> AbstractAsyncContextManager[Client]:
    return Client.open(parse_address(server.url + options))


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with opened(server) as client:
        yield client


async def turned(client: Client, *, away: bool) -> None:
    """Wait until the client is away, or back."""

    async def there() -> bool:
        return client.away is away

    await until(f"away is {away}", there)


async def connections(server: Server) -> int:
    """How many connections the client has at the server."""
    async with server.connect() as connection:
        return (await connection.text("CLIENT", "LIST")).count("name=parley ")


async def test_a_script_that_the_server_does_not_know_is_loaded(client: Client) -> None:
    assert await client.run(new_script(), [fresh()], ["text"]) == b"text"


async def test_every_kind_of_reply_comes_as_it_is(client: Client) -> None:
    many = new_script(b"return {1, 'two', {'three', 4}, false}")
    assert await client.run(many, [fresh()], []) == [1, b"two", [b"three", 4], None]


async def test_words_may_be_bytes_text_and_numbers(client: Client) -> None:
    assert await client.run(new_script(b"return ARGV"), [fresh()], [b"\0\xff", "ä", 7]) == [
        b"\0\xff",
        "ä".encode(),
        b"7",
    ]


async def test_the_calls_of_one_moment_share_one_connection_and_are_answered_in_order(
    client: Client, server: Server
) -> None:
    key = fresh()
    counted = await asyncio.gather(*(client.run(COUNT, [key], []) for _ in range(200)))
    assert counted == list(range(1, 201))
    assert await connections(server) == 1


async def test_a_script_that_the_server_forgot_is_loaded_again(client: Client, server: Server) -> None:
    await client.run(ECHO, [fresh()], ["a"])
    await server.call("SCRIPT", "FLUSH")
    replies = await asyncio.gather(*(client.run(ECHO, [fresh()], [n]) for n in range(50)))
    assert replies == [str(n).encode() for n in range(50)]


async def test_many_calls_return_each_reply_or_failure_in_order(client: Client) -> None:
    calls = [Call(ECHO, [fresh()], [n]) for n in range(100)]
    replies = await client.run_all([*calls, Call(WRONG, [fresh()], []), *calls])
    assert replies[:100] == [str(n).encode() for n in range(100)] == replies[101:]
    assert isinstance(replies[100], StoreError)


async def test_a_plain_command_goes_to_its_keys_node(client: Client) -> None:
    key = fresh()
    assert await client.command(key, "SET", key, "value", "PX", 60_000) == b"OK"
    assert await client.command(key, b"GET", key) == b"value"


async def test_a_script_that_fails_names_itself_and_its_line_but_no_key(client: Client) -> None:
    with pytest.raises(StoreError) as failed:
        await client.run(WRONG, [b"secret-key"], ["secret-text"])
    assert not isinstance(failed.value, StoreUnavailable)
    assert "wrong, line 1" in str(failed.value)
    assert "secret" not in str(failed.value)


async def test_a_cancelled_call_disturbs_no_other(client: Client) -> None:
    await client.run(SLOW, [fresh()], [1])
    slow = asyncio.create_task(client.run(SLOW, [fresh()], [100]))
    others = [asyncio.create_task(client.run(ECHO, [fresh()], [n])) for n in range(20)]
    await asyncio.sleep(0)
    for task in (slow, *others[::2]):
        task.cancel()
    assert await asyncio.gather(*others[1::2]) == [str(n).encode() for n in range(1, 20, 2)]
    assert await client.run(ECHO, [fresh()], ["after"]) == b"after"


async def test_a_call_without_an_answer_in_time_fails_and_the_next_one_works(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, opened(server, "?timeout_ms=300") as client:
        await client.run(ECHO, [b"k"], ["a"])
        server.pause()
        with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.3 s"):
            await client.run(ECHO, [b"k"], ["b"])
        server.resume()
        assert await client.run(ECHO, [b"k"], ["c"]) == b"c"


async def test_a_call_whose_reply_is_lost_is_not_repeated(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, Client.open(parse_address(server.url)) as client:
        await client.run(COUNT, [b"k"], [])
        server.pause()
        call = asyncio.create_task(client.run(COUNT, [b"k"], []))
        await asyncio.sleep(0)
        server.kill()
        with pytest.raises(StoreUnavailable):
            await call


async def test_calls_wait_for_a_server_that_starts(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server:
        server.kill()
        async with Client.open(parse_address(server.url)) as client:
            call = asyncio.create_task(client.run(ECHO, [b"k"], ["a"]))
            await turned(client, away=True)
            await server.start()
            assert await call == b"a"
            assert not client.away


async def test_a_server_that_stays_away_fails_calls_within_the_patience(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server:
        server.kill()
        address = parse_address(f"{server.url}?patience_ms=200")
        async with Client.open(address) as client:
            with pytest.raises(StoreUnavailable, match="cannot be reached: connection refused"):
                await client.run(ECHO, [b"k"], ["a"])


async def test_away_and_back_are_logged_once(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with standalone(tmp_path) as server:
            address = parse_address(f"{server.url}?patience_ms=50")
            async with Client.open(address) as client:
                await client.run(ECHO, [b"k"], ["a"])
                server.kill()
                await turned(client, away=True)
                for _ in range(10):
                    with pytest.raises(StoreUnavailable):
                        await client.run(ECHO, [b"k"], ["a"])
                await server.start()
                await turned(client, away=False)
                assert await client.run(ECHO, [b"k"], ["b"]) == b"b"
    assert [entry["event"] for entry in logs] == ["redis.away", "redis.back"]


async def test_closing_fails_the_calls_under_way(server: Server) -> None:
    async with Client.open(parse_address(server.url)) as client:
        await client.run(SLOW, [fresh()], [1])
        call = asyncio.create_task(client.run(SLOW, [fresh()], [200]))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(StoreUnavailable):
            await call
        with pytest.raises(StoreUnavailable, match="closed"):
            await client.run(ECHO, [fresh()], ["a"])


async def test_closing_leaves_no_task_and_no_connection(server: Server) -> None:
    before = asyncio.all_tasks()
    async with Client.open(parse_address(server.url)) as client:
        await client.run(ECHO, [fresh()], ["a"])
        async with client.subscribe(b"channel"):
            pass
    assert asyncio.all_tasks() == before
    gc.collect()

    async def gone() -> bool:
        return await connections(server) == 0

    await until("the server has no connection of the client", gone)


async def test_an_error_inside_the_context_comes_out_as_it_is(server: Server) -> None:
    with pytest.raises(StoreUnavailable, match="mine"):
        async with Client.open(parse_address(server.url)):
            raise StoreUnavailable("mine")


async def test_a_large_reply_and_a_large_argument_arrive(client: Client) -> None:
    text = b"x" * 3_000_000
    assert await client.run(ECHO, [fresh()], [text]) == text


async def test_a_server_without_memory_says_so_to_the_operator(tmp_path: Path) -> None:
    config = {"maxmemory": "100kb", "maxmemory-policy": "noeviction"}
    async with standalone(tmp_path, config=config) as server, opened(server) as client:
        with pytest.raises(StoreUnavailable, match="out of memory"):
            await client.run(SET_ONCE, [b"secret"], ["secret" * 10])


async def test_a_server_that_wants_more_replicas_says_so(tmp_path: Path) -> None:
    config = {"min-replicas-to-write": "1"}
    async with standalone(tmp_path, config=config) as server, opened(server) as client:
        with pytest.raises(StoreUnavailable, match="min-replicas-to-write"):
            await client.command(b"k", "SET", b"k", "v")
        with pytest.raises(StoreUnavailable, match="min-replicas-to-write"):
            await client.run(SET_ONCE, [b"k"], ["v"])


async def test_a_unix_socket_is_an_address(server: Server) -> None:
    async with Client.open(parse_address(f"redis+unix://{server.unix_socket}")) as client:
        assert await client.run(ECHO, [fresh()], ["a"]) == b"a"


async def test_a_database_number_is_selected(server: Server) -> None:
    key = fresh()
    async with Client.open(parse_address(f"{server.url}/3")) as client:
        await client.command(key, "SET", key, "three")
    async with Client.open(parse_address(server.url)) as client:
        assert await client.command(key, "GET", key) is None


async def test_replies_are_never_mixed_up_and_repeats_settle_what_was_lost(server: Server) -> None:
    async with proxy(server.port) as front:
        address = parse_address(f"redis://127.0.0.1:{front.port}")
        async with Client.open(address) as client:
            front.lose_replies(0.02, seed=3)
            lost = 0

            async def written(number: int) -> bytes:
                nonlocal lost
                key = fresh(str(number))
                while True:
                    try:
                        reply = await client.run(SET_ONCE, [key], [number])
                    except StoreUnavailable:
                        lost += 1
                    else:
                        assert isinstance(reply, bytes)
                        return reply

            for _ in range(20):
                replies = await asyncio.gather(*(written(number) for number in range(20)))
                assert replies == [str(number).encode() for number in range(20)]
            assert lost > 0


async def test_an_error_reply_of_any_bytes_is_an_error_of_the_script(client: Client) -> None:
    odd = new_script(b"return redis.error_reply('ODD \\255\\254')")
    with pytest.raises(StoreError, match="refused new: ODD"):
        await client.run(odd, [fresh()], [])


async def test_a_far_end_that_is_no_redis_fails_calls_and_leaks_nothing() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        address = parse_address(f"redis://127.0.0.1:{port}?patience_ms=100")
        async with Client.open(address) as client:
            with pytest.raises(StoreUnavailable):
                await client.run(ECHO, [b"k"], ["a"])


async def test_a_master_that_was_demoted_is_left_until_it_takes_writes_again(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, opened(server) as client:
        assert await client.run(COUNT, [b"k"], []) == 1
        await server.call("REPLICAOF", "127.0.0.1", 1)
        call = asyncio.create_task(client.run(COUNT, [b"k"], []))
        await turned(client, away=True)
        await server.call("REPLICAOF", "NO", "ONE")
        assert await call == 2


async def test_a_demoted_master_is_named_in_the_failure(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, opened(server, "?patience_ms=200") as client:
        await client.run(COUNT, [b"k"], [])
        await server.call("REPLICAOF", "127.0.0.1", 1)
        with pytest.raises(StoreUnavailable, match="is a replica"):
            await client.run(COUNT, [b"k"], [])


async def test_closing_ends_calls_that_wait_for_a_server() -> None:
    async with Client.open(parse_address("redis://127.0.0.1:1?patience_ms=60000")) as client:
        call = asyncio.create_task(client.run(ECHO, [b"k"], ["a"]))
        await turned(client, away=True)
        await client.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await call
