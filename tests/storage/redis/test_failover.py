"""What a store keeps when its master dies, or when its data moves to another node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from sessions.errors import LeaseLost, StoreUnavailable
from sessions.model import ReplyPart, ReplyRecord, Session, SessionKey, WorkspaceKey
from sessions.ports.turns import Work
from storage.redis.address import parse_address
from storage.redis.keys import Keys
from storage.redis.store import RedisStore
from tests.redis_servers import Holding, SentinelSet, cluster, sentinels, until
from tests.storage.conftest import ManualClock
from tests.storage.contract.scene import (
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    result,
    take,
    thread,
)
from tests.storage.redis.leaks import check_leaks

T = TypeVar("T")

REPLICATED = "&durability=replicated&wait_ms=500&timeout_ms=2000"


@dataclass(frozen=True, slots=True)
class Surviving:
    """A store on servers that fail, and its clock."""

    store: RedisStore
    clock: ManualClock
    keys: Keys

    async def acquired(self, session: SessionKey, holder: str, token: str = "") -> Work:
        """Get the lease, after that of a lost reply has run out if need be."""
        while (work := await self._acquire(session, holder, token)) is None:
            await self.clock.advance(LEASE)
        return work

    async def _acquire(self, session: SessionKey, holder: str, token: str) -> Work | None:
        return await insist(lambda: self.store.acquire(session, claim(holder, token=token), None))


@asynccontextmanager
async def opened(servers: Holding, options: str = "") -> AsyncIterator[Surviving]:
    """A store, after which nothing may be left of what is gone."""
    clock = ManualClock()
    address = parse_address(f"{servers.url}?prefix=test{options}")
    async with RedisStore.open(address, clock=clock) as store:
        yield Surviving(store, clock, Keys("test"))
    await check_leaks(servers, "test")


async def insist(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a step until it is done, as an engine does."""

    async def tried() -> tuple[T] | None:
        try:
            return (await call(),)
        except StoreUnavailable:
            return None

    return (await until("the store is back", tried, seconds=60))[0]


async def finish(one: Surviving, work: Work, *said: str) -> None:
    """Commit and deliver, whatever it takes."""
    turn = work.turn.id
    await insist(lambda: one.store.commit(work.lease, result(turn, *said)))
    await insist(lambda: one.store.delivered(work.lease, turn, claim(work.lease.holder), None))


async def texts(one: Surviving, session: Session) -> list[str]:
    found = await insist(lambda: one.store.transcript(session.key, None, 100))
    return [message.content for message in found]


@pytest.mark.parametrize("messages", [1, 10])
async def test_what_was_accepted_is_answered_though_the_master_dies_at_once(
    tmp_path: Path, messages: int
) -> None:
    async with sentinels(tmp_path) as servers, opened(servers, REPLICATED) as one:
        numbers = range(1, messages + 1)
        for number in numbers:
            accepted = await insist(partial(accept, one.store, inbound(number)))
        old = await servers.kill_master()
        session = accepted.session
        for number in numbers:
            work = await one.acquired(session.key, f"holder {number}")
            assert work.turn.inbound == inbound(number)
            await finish(one, work, f"question {number}", f"answer {number}")
        said = [f"{what} {number}" for number in numbers for what in ("question", "answer")]
        assert await texts(one, session) == said
        assert await insist(lambda: one.store.waiting(session.key)) == ()
        await servers.failed_over(old, seconds=60)


async def test_what_was_committed_is_delivered_though_the_master_dies_at_once(tmp_path: Path) -> None:
    async with sentinels(tmp_path) as servers, opened(servers, REPLICATED) as one:
        session = (await insist(lambda: accept(one.store, inbound(1)))).session
        work = await one.acquired(session.key, "one")
        done = result(work.turn.id, "a", "b")
        await insist(lambda: one.store.commit(work.lease, done))
        old = await servers.kill_master()
        assert not (await insist(lambda: one.store.commit(work.lease, done))).fresh
        again = await one.acquired(session.key, "two")
        assert again.turn.answer == done.answer
        await insist(lambda: one.store.delivered(again.lease, again.turn.id, claim("two"), None))
        assert await texts(one, session) == ["a", "b"]
        await servers.failed_over(old, seconds=60)


async def test_who_goes_on_after_a_delivery_goes_on_after_the_masters_death(tmp_path: Path) -> None:
    async with sentinels(tmp_path) as servers, opened(servers, REPLICATED) as one:
        session = (await insist(lambda: accept(one.store, inbound(1)))).session
        await insist(lambda: accept(one.store, inbound(2)))
        work = await one.acquired(session.key, "one")
        await insist(lambda: one.store.commit(work.lease, result(work.turn.id, "a", "b")))
        following = await insist(lambda: one.store.delivered(work.lease, work.turn.id, claim(), None))
        old = await servers.kill_master()
        assert following is not None
        await finish(one, following, "c", "d")
        assert await texts(one, session) == ["a", "b", "c", "d"]
        await servers.failed_over(old, seconds=60)


async def test_nothing_is_accepted_while_no_replica_takes_it(sentinel_set: SentinelSet) -> None:
    async with opened(sentinel_set, REPLICATED) as one:
        session = await insist(lambda: converse(one.store, inbound(1)))
        replicas = await sentinel_set.replicas()
        for replica in replicas:
            replica.pause()
        try:
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="has 0 of 1 replicas"):
                    await accept(one.store, inbound(2))
        finally:
            for replica in replicas:
                replica.resume()
        accepted = await insist(lambda: accept(one.store, inbound(2)))
        assert accepted.ahead == 0
        (turn,) = await one.store.waiting(session.key)
        assert turn.inbound == inbound(2)


async def test_with_local_durability_a_failover_takes_what_no_replica_had_and_no_lease_of_it_counts(
    tmp_path: Path,
) -> None:
    async with sentinels(tmp_path) as servers, opened(servers) as one:
        session = (await accept(one.store, inbound(1))).session
        inbox = one.keys.of(session.key.workspace).inbox(session.key.id)
        replicas, old = await servers.replicas(), await servers.master()
        for replica in replicas:
            await until("the replica has it", partial(replica.call, "EXISTS", inbox))
            replica.pause()
        await old.call("CLIENT", "KILL", "TYPE", "replica")
        lost = await one.acquired(session.key, "one", "token of a lost lease")
        await accept(one.store, inbound(2))
        old.kill()
        for replica in replicas:
            replica.resume()
        await servers.failed_over(old, seconds=60)

        work = await one.acquired(session.key, "one", "a new token")
        assert work.lease.fence == lost.lease.fence
        for call in (
            lambda: one.store.renew(lost.lease, LEASE),
            lambda: one.store.commit(lost.lease, result(lost.turn.id, "not", "this")),
            lambda: one.store.note_reply(lost.lease, lost.turn.id, ReplyRecord()),
        ):
            with pytest.raises(LeaseLost):
                await call()
        assert len(await one.store.waiting(session.key)) == 1
        assert (await accept(one.store, inbound(2))).fresh
        await finish(one, work, "a", "b")
        assert await texts(one, session) == ["a", "b"]


def homes_on_all_nodes() -> list[WorkspaceKey]:
    return [WorkspaceKey(f"telegram:-{number}") for number in range(100, 112)]


async def test_a_master_of_a_cluster_dies_and_its_sessions_go_on_when_it_has_a_replica_again(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as servers, opened(servers, REPLICATED) as one:
        waiting = []
        for key in homes_on_all_nodes():
            message = inbound(1, thread("7", key.removeprefix("telegram:")), workspace=key)
            waiting.append((await insist(partial(accept, one.store, message))).session)
        killed = await servers.kill_node_of(one.keys.of(waiting[0].key.workspace).sessions)
        await servers.failed_over(killed, seconds=60)
        # The successor has no replica, so it takes no writes that have to be durable.
        with pytest.raises(StoreUnavailable):
            await one.store.acquire(waiting[0].key, claim("one"), None)
        await killed.start()
        for session in waiting:
            await finish(one, await one.acquired(session.key, "two"), "a", "b")
            assert await texts(one, session) == ["a", "b"]
        assert await insist(lambda: one.store.sweep(claim("two"), 10)) == ()


async def test_a_slot_that_moves_in_the_middle_of_a_turn_loses_nothing(tmp_path: Path) -> None:
    async with cluster(tmp_path) as servers, opened(servers, "&patience_ms=10000") as one:
        work = await take(one.store, inbound(1))
        sessions = one.keys.of(work.session.key.workspace).sessions
        slot, old = await servers.slot_of(sessions), await servers.node_of(sessions)
        new = next(node for node in await servers.masters() if node is not old)

        await servers.begin_move(slot, new)
        noting = one.store.note_reply(work.lease, work.turn.id, ReplyRecord((ReplyPart("1"),)))
        committing = one.store.commit(work.lease, result(work.turn.id, "a", "b"))
        async with asyncio.TaskGroup() as steps:
            steps.create_task(noting)
            committed = steps.create_task(committing)
            accepted = steps.create_task(accept(one.store, inbound(2)))
            await servers.move_keys(slot, new)
            await servers.end_move(slot, new)
        assert committed.result().fresh
        assert accepted.result().ahead == 1

        following = await one.store.delivered(work.lease, work.turn.id, claim(), None)
        assert following is not None
        await finish(one, following, "c", "d")
        assert await texts(one, work.session) == ["a", "b", "c", "d"]
