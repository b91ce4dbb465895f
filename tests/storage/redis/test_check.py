import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from sessions.errors import SettingError, StoreUnavailable
from storage.redis.address import Login, parse_address
from storage.redis.client import Client
from storage.redis.store import RedisStore
from tests.redis_servers import Cluster, SentinelSet, Server, proxy, standalone
from tests.redis_servers.certificates import certificates
from tests.redis_servers.processes import reserved_port
from tests.storage.redis.keys import fresh
from tests.storage.redis.scripts import ECHO

NEEDED = "+ping +role +client|setname +evalsha +script|load"
ACL = (
    f"user default off\nuser parley on >pass:word/@ ~* &* -@all {NEEDED}\nuser poor on >poor -@all +ping"
)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Server]:
    async with standalone(tmp_path, acl=ACL) as server:
        yield server


async def checked(url: str, login: Login | None = None) -> None:
    async with Client.open(parse_address(url, login)) as client:
        await client.check()


async def test_servers_that_are_well_pass(
    server: Server, sentinel_set: SentinelSet, servers_in_cluster: Cluster
) -> None:
    for url in (server.url, sentinel_set.url, servers_in_cluster.url):
        await checked(url)


async def test_a_user_with_the_least_rights_passes(guarded: Server) -> None:
    await checked(guarded.url, Login("parley", "pass:word/@"))
    await checked(guarded.url.replace("://", "://parley:pass%3Aword%2F%40@"))


@pytest.mark.parametrize(
    ("login", "says"),
    [
        (Login(), "wants a password. Set PARLEY_REDIS_PASSWORD"),
        (Login("parley", "wrong-password"), "Correct PARLEY_REDIS_USER or PARLEY_REDIS_PASSWORD"),
        (Login("", "wrong-password"), "Correct PARLEY_REDIS_USER or PARLEY_REDIS_PASSWORD"),
        (Login("poor", "poor"), "refused its user CLIENT, which is needed"),
    ],
)
async def test_a_login_that_is_refused_names_its_setting(
    guarded: Server, login: Login, says: str
) -> None:
    with pytest.raises(SettingError) as refused:
        await checked(guarded.url, login)
    assert says in str(refused.value)
    assert "wrong-password" not in str(refused.value)


async def test_a_login_that_is_refused_later_fails_calls_and_is_logged_without_it(
    guarded: Server,
) -> None:
    address = parse_address(guarded.url + "?patience_ms=100", Login("parley", "wrong-password"))
    with structlog.testing.capture_logs() as logs:
        async with Client.open(address) as client:
            with pytest.raises(StoreUnavailable, match="PARLEY_REDIS_PASSWORD"):
                await client.run(ECHO, [fresh()], ["a"])
            assert client.away
    assert [entry["event"] for entry in logs] == ["redis.away"]
    assert "wrong-password" not in str(logs)


@pytest.mark.parametrize(
    ("path", "says"),
    [("/99", "has no database 99. Correct the number"), ("/1", "")],
)
async def test_a_database_that_there_is_not_names_its_setting(
    server: Server, path: str, says: str
) -> None:
    if not says:
        await checked(server.url + path)
        return
    with pytest.raises(SettingError, match=says):
        await checked(server.url + path)


async def test_a_server_that_is_away_says_where_it_was_looked_for() -> None:
    with reserved_port() as port, pytest.raises(StoreUnavailable) as away:
        await checked(f"redis://127.0.0.1:{port}")
    assert str(away.value) == (
        f"Redis at 127.0.0.1:{port} cannot be reached: connection refused. "
        "Start it or correct PARLEY_STORAGE."
    )


async def test_a_name_that_is_unknown_is_said(server: Server) -> None:
    with pytest.raises(StoreUnavailable, match="its name is not known"):
        await checked("redis://nowhere.invalid")


async def test_a_frozen_server_is_said_to_be_silent(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server:
        server.pause()
        try:
            with pytest.raises(StoreUnavailable, match="it does not answer"):
                await checked(server.url + "?timeout_ms=200")
        finally:
            server.resume()


async def test_a_url_of_the_wrong_kind_says_which_is_right(
    server: Server, sentinel_set: SentinelSet, servers_in_cluster: Cluster
) -> None:
    with pytest.raises(SettingError, match=r"redis\+cluster://"):
        await checked(f"redis://127.0.0.1:{servers_in_cluster.nodes[0].port}")
    with pytest.raises(SettingError, match=r"redis\+sentinel://"):
        await checked(f"redis://127.0.0.1:{sentinel_set.sentinels[0].port}")
    with pytest.raises(SettingError, match="is in no Cluster"):
        await checked(f"redis+cluster://127.0.0.1:{server.port}")
    with pytest.raises(SettingError, match="is no sentinel"):
        await checked(f"redis+sentinel://127.0.0.1:{server.port}/parley")
    with pytest.raises(SettingError, match="knows no service"):
        await checked(sentinel_set.url.replace("/parley", "/other"))
    replica = (await sentinel_set.replicas())[0]
    with pytest.raises(SettingError, match="is a replica"):
        await checked(replica.url)


@asynccontextmanager
async def old_server(greeting: bytes) -> AsyncIterator[str]:
    """A server that answers HELLO like this, and OK to all else."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(greeting if b"HELLO" in data else b"+OK\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    "greeting",
    [
        b"-ERR unknown command `HELLO`, with args beginning with: `2`, \r\n",
        b"*4\r\n$7\r\nversion\r\n$6\r\n6.0.16\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n",
    ],
)
async def test_a_server_that_is_too_old_is_refused(greeting: bytes) -> None:
    async with old_server(greeting) as url:
        with pytest.raises(SettingError, match=r"is older than 6\.2"):
            await checked(url)


async def test_tls_is_spoken_and_its_certificate_checked(server: Server, tmp_path: Path) -> None:
    own = certificates(tmp_path)
    async with proxy(server.port, tls=own) as front:
        url = f"rediss://127.0.0.1:{front.port}"
        await checked(f"{url}?ca={own.authority}")
        async with Client.open(parse_address(f"{url}?ca={own.authority}")) as client:
            text = b"x" * 1_000_000
            assert await client.run(ECHO, [fresh()], [text]) == text
        with pytest.raises(StoreUnavailable, match="its certificate is not trusted"):
            await checked(url)
        with pytest.raises(StoreUnavailable, match="write rediss://"):
            await checked(f"redis://127.0.0.1:{front.port}")
    with pytest.raises(StoreUnavailable, match="does not speak TLS"):
        await checked(server.url.replace("redis:", "rediss:"))


@pytest.mark.parametrize(
    ("config", "options"),
    [
        ({"min-replicas-to-write": "1"}, ""),
        ({"maxmemory": "100kb", "maxmemory-policy": "noeviction"}, ""),
        ({}, "?durability=replicated&wait_ms=100&patience_ms=300"),
    ],
    ids=["too few replicas", "full", "no replica takes it"],
)
async def test_a_store_that_takes_no_writes_does_not_pass_its_check(
    tmp_path: Path, config: dict[str, str], options: str
) -> None:
    async with (
        standalone(tmp_path, config=config) as server,
        RedisStore.open(parse_address(server.url + options)) as store,
    ):
        with pytest.raises(StoreUnavailable):
            await store.check()
