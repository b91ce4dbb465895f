"""What the user of deploy/redis/users.acl may do; the contract runs under it as the backend redis-acl."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.redis.address import Login, parse_address
from storage.redis.store import RedisStore
from tests.bench.store_turns import prepare, turn
from tests.redis_servers import Cluster, Connection, ReplyError, SentinelSet, Server, connected
from tests.storage.redis.acl import admit, commands, refused

SOURCES = Path(__file__).parents[3] / "storage" / "redis"
PREFIX = "prefix=parley:test"


@pytest.fixture
async def user(server: Server) -> AsyncIterator[Connection]:
    login = await admit([server])
    async with connected(server.port, user=login.user, password=login.password) as connection:
        yield connection


@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "DBSIZE",
        "INFO",
        "CONFIG GET *",
        "CONFIG SET dir /",
        "ACL LIST",
        "ACL WHOAMI",
        "CLIENT LIST",
        "CLIENT KILL ID 1",
        "CLUSTER NODES",
        "CLUSTER RESET",
        "COMMAND",
        "EVAL return(1) 0",
        "MIGRATE 127.0.0.1 1 parley:a 0 1",
        "MODULE LIST",
        "MONITOR",
        "REPLICAOF NO ONE",
        "SAVE",
        "SCRIPT FLUSH",
        "SCRIPT KILL",
        "SHUTDOWN NOSAVE",
        "SLOWLOG GET",
        "PSUBSCRIBE parley:*",
        "RENAME parley:a parley:b",
    ],
)
async def test_the_user_may_do_nothing_to_the_server(user: Connection, command: str) -> None:
    with pytest.raises(ReplyError, match=r"^NOPERM .*command"):
        await user.call(*command.split())


@pytest.mark.parametrize(
    "command", ["GET other", "SET parley 1", "DEL parleys:a", "HGETALL *", "LRANGE a 0 1"]
)
async def test_keys_outside_of_the_prefix_are_refused(user: Connection, command: str) -> None:
    with pytest.raises(ReplyError, match=r"^NOPERM .*keys?"):
        await user.call(*command.split())


async def test_a_script_reaches_no_further_than_its_user(user: Connection) -> None:
    for call in ("'GET', 'other'", "'FLUSHALL'", "'KEYS', '*'"):
        sha = await user.text("SCRIPT", "LOAD", f"return redis.call({call})")
        with pytest.raises(ReplyError, match=r"(?i)NOPERM|can't run|can't access|permissions"):
            await user.call("EVALSHA", sha, 0)
    sha = await user.text("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])")
    with pytest.raises(ReplyError, match="NOPERM"):
        await user.call("EVALSHA", sha, 1, "other")


@pytest.mark.parametrize("command", ["SUBSCRIBE other", "PUBLISH __sentinel__:hello x", "SUBSCRIBE *"])
async def test_channels_outside_of_the_prefix_are_refused(user: Connection, command: str) -> None:
    with pytest.raises(ReplyError, match=r"^NOPERM .*channel"):
        await user.call(*command.split())


def test_the_user_may_call_what_the_client_calls_and_nothing_else() -> None:
    lua = "".join(path.read_text() for path in SOURCES.glob("lua/*.lua"))
    python = "".join(path.read_text() for path in SOURCES.glob("*.py"))
    asked = re.findall(r'\.ask\("([A-Z]+)"(?:, "([A-Z]+)")?', python)
    called = {
        *(name.lower() for name in re.findall(r"redis\.p?call\('([A-Z]+)'", lua)),
        *(name.lower() for name in re.findall(r'b"([A-Z]{3,})"', python)),
        *("|".join(filter(None, words)).lower() for words in asked),
    }
    # Redis lets everybody greet; sentinels have users of their own; a subcommand goes with its command.
    called -= {"hello", "sentinel", "script", "load"}
    of_redis_py = {"client|setname", "select"}
    assert commands("parley") == called | of_redis_py


async def took_turns(url: str, login: Login) -> None:
    async with RedisStore.open(parse_address(url, login)) as store:
        await store.check()
        (session,) = await prepare(store, 1, 2)
        for _ in range(2):
            await turn(store, session)
        async with store.wakeups():
            await store.quarantined()


async def test_a_turn_in_another_database_goes_through(server: Server) -> None:
    login = await admit([server])
    await took_turns(f"{server.url}/1?{PREFIX}", login)
    assert await refused([server]) == []


async def test_a_turn_with_waiting_for_replicas_goes_through(sentinel_set: SentinelSet) -> None:
    login = await admit(sentinel_set.nodes)
    await took_turns(f"{sentinel_set.url}?{PREFIX}&durability=replicated", login)
    assert await refused(sentinel_set.nodes) == []


async def test_a_turn_in_a_cluster_goes_through(servers_in_cluster: Cluster) -> None:
    login = await admit(servers_in_cluster.nodes)
    await took_turns(f"{servers_in_cluster.url}?{PREFIX}&durability=replicated", login)
    node = servers_in_cluster.nodes[0]
    async with connected(node.port, user=login.user, password=login.password) as connection:
        assert await connection.call("ASKING") == b"OK"
    assert await refused(servers_in_cluster.nodes) == []
