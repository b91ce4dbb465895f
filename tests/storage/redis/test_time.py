"""Without a clock of a test, the time is the server's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from secrets import token_hex

import pytest

from sessions.model import Holder, RoleName
from storage.redis.address import parse_address
from storage.redis.store import RedisStore
from tests.redis_servers import Server, until
from tests.storage.contract.scene import accept, claim, inbound, take
from tests.storage.redis.leaks import check_leaks

SECOND = timedelta(seconds=1)


@pytest.fixture
async def store(server: Server) -> AsyncIterator[RedisStore]:
    prefix = f"test{token_hex(6)}"
    async with RedisStore.open(parse_address(f"{server.url}?prefix={prefix}")) as opened:
        yield opened
    await check_leaks(server, prefix)


async def server_time(server: Server) -> datetime:
    async with server.connect() as connection:
        seconds, micros = map(_number, await connection.rows("TIME"))
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)


def _number(reply: object) -> int:
    assert isinstance(reply, bytes)
    return int(reply)


async def test_what_happens_is_stamped_with_the_servers_time(store: RedisStore, server: Server) -> None:
    before = await server_time(server)
    work = await take(store, inbound(1), claim(lasts=SECOND))
    after = await server_time(server)
    assert before <= work.session.created_at <= work.turn.accepted_at <= after
    assert before + SECOND <= work.lease.deadline <= after + SECOND
    renewed = (await store.renew(work.lease, SECOND * 2)).lease
    assert renewed.deadline >= after + SECOND * 2


async def test_a_lease_runs_out_by_itself_and_another_gets_the_session(
    store: RedisStore, server: Server
) -> None:
    work = await take(store, inbound(1), claim("one", lasts=SECOND))
    assert await store.acquire(work.session.key, claim("two"), None) is None
    again = await until(
        "the lease ran out", lambda: store.acquire(work.session.key, claim("two"), None), seconds=5
    )
    assert await server_time(server) >= work.lease.deadline
    assert (again.turn.takeovers, again.lease.fence) == (1, work.lease.fence + 1)


async def test_a_sweep_finds_a_lease_when_it_has_run_out(store: RedisStore, server: Server) -> None:
    work = await take(store, inbound(1), claim("one", lasts=SECOND / 5))

    async def swept() -> bool:
        return len(await store.sweep(claim("two"), 10)) == 1

    await until("a sweep finds it", swept, seconds=5)
    assert await server_time(server) >= work.lease.deadline


async def test_a_role_goes_to_the_next_when_its_holder_is_silent(store: RedisStore) -> None:
    role, one, two = RoleName("telegram:1:updates"), Holder("one"), Holder("two")
    assert await store.hold_role(role, one, SECOND / 5)
    assert not await store.hold_role(role, two, SECOND)
    await until("the role is free", lambda: store.hold_role(role, two, SECOND), seconds=5)
    assert not await store.hold_role(role, one, SECOND)


async def test_an_owner_that_is_silent_leaves_its_inbound_to_others(store: RedisStore) -> None:
    accepted = await accept(store, inbound(1, owner="terminal"), claim("one", lasts=SECOND / 5))
    assert accepted.work is None
    work = await until(
        "the owner is given up",
        lambda: store.acquire(accepted.session.key, claim("one"), None),
        seconds=5,
    )
    assert work.orphaned
