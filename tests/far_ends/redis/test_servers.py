import asyncio
import signal
import sys
from pathlib import Path

import pytest
import redis.asyncio

from tests.redis_servers import (
    Key,
    ReplyError,
    ServerPool,
    certificates,
    connected,
    standalone,
    until,
    version,
)


def is_running(pid: int) -> bool:
    return state(pid) not in {None, "Z"}


def state(pid: int) -> str | None:
    """The letter that the system has for a process's state; Z is one that ended and is not waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None


async def test_the_server_is_new_enough() -> None:
    assert version() >= (6, 2)


async def test_nothing_runs_after_the_context(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server:
        pid = server.pid
        assert is_running(pid)
    assert not is_running(pid)
    with pytest.raises(ConnectionRefusedError):
        async with server.connect():
            pass


async def test_a_stopped_server_ends_when_its_test_fails(tmp_path: Path) -> None:
    pids = []

    async def failing_test() -> None:
        async with standalone(tmp_path) as server:
            pids.append(server.pid)
            server.pause()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing_test()
    assert not is_running(*pids)


async def test_a_server_ends_when_the_process_that_runs_the_tests_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal\n"
        "from tests.redis_servers import ServerPool\n"
        f"print(ServerPool(pathlib.Path({str(tmp_path)!r})).standalone().pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    tests = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        said, _ = await tests.communicate()
    assert tests.returncode == -signal.SIGKILL

    async def ended() -> bool:
        return not is_running(int(said))

    await until("the server ends too", ended)


async def test_what_was_acknowledged_survives_a_restart(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server:
        await server.call("SET", "name", "value")
        port = server.port
        server.kill()
        assert not server.running
        await server.restart()
        assert server.port == port
        assert await server.call("GET", "name") == b"value"


async def test_a_paused_server_answers_when_it_goes_on(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, server.connect() as connection:
        server.pause()
        assert state(server.pid) == "T"
        server.resume()
        assert await connection.call("PING") == b"PONG"


async def test_directives_and_users_are_the_callers(tmp_path: Path) -> None:
    acl = "user default off\nuser reader on >secret ~* &* -@all +get"
    async with standalone(tmp_path, config={"maxmemory-policy": "noeviction"}, acl=acl) as server:
        async with connected(server.port, user="reader", password="secret") as reader:
            assert await reader.call("GET", "name") is None
            with pytest.raises(ReplyError, match="NOPERM"):
                await reader.call("SET", "name", "value")
        assert await server.call("CONFIG", "GET", "maxmemory-policy") == [
            b"maxmemory-policy",
            b"noeviction",
        ]


async def test_keys_are_told_with_type_and_time_to_live(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server:
        await server.call("SET", "a*:one", "1")
        await server.call("PEXPIRE", "a*:one", 100_000)
        await server.call("RPUSH", "a*:two", "1")
        await server.call("SET", "ab:other", "1")
        keys = await server.keys_of("a*:")
        assert keys["a*:two"] == Key("list", None)
        assert keys["a*:one"].type == "string"
        assert 90_000 < (keys["a*:one"].ttl or 0) <= 100_000
        await server.forget("a*:")
        assert list(await server.keys_of()) == ["ab:other"]


async def test_the_unix_socket_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with standalone(tmp_path) as server:
        monkeypatch.chdir(server.folder)
        client = redis.asyncio.Redis(unix_socket_path=server.unix_socket.name)
        async with client:
            assert await client.echo("hello") == b"hello"


async def test_a_client_that_knows_the_authority_speaks_tls(tmp_path: Path) -> None:
    signed = certificates(tmp_path / "tls")
    async with standalone(tmp_path / "server", tls=signed) as server:
        assert server.url.startswith("rediss://")
        async with redis.asyncio.Redis.from_url(server.url, ssl_ca_certs=str(signed.authority)) as client:
            assert await client.echo("hello") == b"hello"
        stranger = redis.asyncio.Redis.from_url(server.url)
        async with stranger:
            with pytest.raises(redis.ConnectionError):
                await stranger.echo("hello")


async def test_a_pool_starts_each_topology_once_and_again_after_a_kill(tmp_path: Path) -> None:
    with ServerPool(tmp_path) as pool:
        first = pool.standalone()
        assert pool.standalone() is first
        first.kill()
        second = pool.standalone()
        assert await second.call("PING") == b"PONG"
        pid = second.pid
    assert not is_running(pid)
