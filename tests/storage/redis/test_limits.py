"""Steps that are cut short and taken again, damage in the middle of one, very many of a thing."""

from collections.abc import AsyncIterator
from secrets import token_hex

import pytest

from sessions.errors import StoreUnavailable
from sessions.model import EventId, SessionKey, WorkspaceKey
from storage.redis.address import parse_address
from storage.redis.client import Client
from storage.redis.keys import Keys
from storage.redis.store import RedisStore
from storage.redis.subscription import BACKLOG
from tests.redis_servers import SentinelSet, Server, proxy, until
from tests.storage.contract.scene import accept, claim, converse, inbound, thread
from tests.storage.redis.keys import fresh
from tests.storage.redis.leaks import check_leaks
from tests.storage.redis.scripts import COUNT
from tests.storage.redis.test_durable import passes, paused

NEW_KEY = WorkspaceKey("telegram:-100200")
OLD, NEW = thread("", "-100"), thread("", "-100200")


@pytest.mark.parametrize("met_before", [False, True], ids=["a new chat", "a chat that was met before"])
async def test_a_migration_cut_short_anywhere_is_completed_by_its_repeat(
    server: Server, met_before: bool
) -> None:
    cut = 0
    while await migration_cut_at(server, cut + 1, met_before=met_before):
        cut += 1
    assert cut > 8


async def migration_cut_at(server: Server, which: int, *, met_before: bool) -> bool:
    """Lose the reply to that request of a migration, repeat it elsewhere; whether there was one."""
    path = f"?prefix=test{token_hex(6)}"
    async with RedisStore.open(parse_address(server.url + path)) as other:
        session = await converse(other, inbound(1))
        if met_before:
            await other.workspace(NEW_KEY)
        async with (
            proxy(server.port) as front,
            RedisStore.open(parse_address(f"redis://127.0.0.1:{front.port}{path}")) as store,
        ):
            await store.find_workspace(WorkspaceKey("telegram:of-nobody"))
            cut = front.cut_after_request(which)
            try:
                await store.migrate(OLD, NEW)
            except StoreUnavailable:
                assert cut.happened.is_set()
            await other.migrate(OLD, NEW)
        gone_on = await accept(other, inbound(2, thread("7", "-100200"), workspace=NEW_KEY), claim())
        assert gone_on.session.key == session.key, f"cut at {which}"
        return cut.happened.is_set()


@pytest.fixture
async def prefix(server: Server) -> AsyncIterator[str]:
    prefix = f"test{token_hex(6)}"
    yield prefix
    await check_leaks(server, prefix)


@pytest.fixture
async def store(server: Server, prefix: str) -> AsyncIterator[RedisStore]:
    async with RedisStore.open(parse_address(f"{server.url}?prefix={prefix}")) as store:
        yield store


def inbox(prefix: str, session: SessionKey) -> bytes:
    return Keys(prefix).of(session.workspace).inbox(session.id)


async def test_a_message_behind_a_damaged_one_waits_once(
    server: Server, prefix: str, store: RedisStore
) -> None:
    session = (await accept(store, inbound(1))).session.key
    await server.call("LSET", inbox(prefix, session), "0", b"\xc1")
    await accept(store, inbound(2), claim())
    assert [turn.id for turn in await store.waiting(session)] == [inbound(2).event]


async def test_a_session_whose_only_message_was_damaged_is_not_looked_for(
    server: Server, prefix: str, store: RedisStore
) -> None:
    session = (await accept(store, inbound(1))).session.key
    await server.call("LSET", inbox(prefix, session), "0", b"\xc1")
    assert await store.acquire(session, claim(), None) is None
    assert len(await store.quarantined()) == 1
    await store.delete(session, EventId("delete"))


MANY_THREADS = """
local session = cmsgpack.unpack(redis.call('HGET', KEYS[1], ARGV[1]))
for number = 1, 10000 do
  session[12][number + 1] = 'telegram\0-100\0t' .. number
  redis.call('HSET', KEYS[2], session[12][number + 1], ARGV[1])
end
redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack(session))
"""


async def test_a_session_of_very_many_threads_can_be_deleted(
    server: Server, prefix: str, store: RedisStore
) -> None:
    session = (await converse(store, inbound(1))).key
    keys = Keys(prefix).of(session.workspace)
    await server.call("EVAL", MANY_THREADS, "2", keys.sessions, keys.bindings, session.id)
    await store.delete(session, EventId("delete"))
    assert await store.get(session) is None
    assert await store.bound(thread()) is None


async def test_a_listener_that_takes_nothing_can_be_left(server: Server) -> None:
    channel = fresh()
    many = f"for _ = 1, {2 * BACKLOG} do redis.call('PUBLISH', '{channel.decode()}', 'x') end"
    async with Client.open(parse_address(server.url)) as client, client.subscribe(channel) as messages:
        await server.call("EVAL", many, "0")
        await anext(messages)

        async def all_sent() -> bool:
            async with server.connect() as connection:
                return "omem=0" in await connection.text("CLIENT", "LIST", "TYPE", "pubsub")

        await until("everything was sent", all_sent)


async def test_while_replicas_are_away_nothing_more_is_written(sentinel_set: SentinelSet) -> None:
    key, options = fresh(), "?durability=replicated&wait_ms=200&timeout_ms=2000&patience_ms=300"
    async with Client.open(parse_address(sentinel_set.url + options)) as client:
        await until("a replica takes it", lambda: passes(client, fresh()))
        assert await client.run(COUNT, [key], [], durable=True) == 1
        with paused(await sentinel_set.replicas()):
            for _ in range(4):
                with pytest.raises(StoreUnavailable, match="has 0 of 1 replicas"):
                    await client.run(COUNT, [key], [], durable=True)
        await until("a replica takes it again", lambda: passes(client, fresh()))
        assert await client.run(COUNT, [key], [], durable=True) == 3


async def test_a_replica_that_knew_the_new_chat_before_it_moved_breaks_no_binding(server: Server) -> None:
    address = parse_address(f"{server.url}?prefix=test{token_hex(6)}")
    async with RedisStore.open(address) as store, RedisStore.open(address) as other:
        session = await converse(store, inbound(1))
        await other.workspace(NEW_KEY)
        await store.migrate(OLD, NEW)
        gone_on = await accept(other, inbound(2, thread("7", "-100200"), workspace=NEW_KEY), claim())
        assert gone_on.session.key == session.key
