import asyncio
from collections.abc import AsyncIterator

from sessions.model import EventId, Platform
from sessions.ports.store import Store
from sessions.ports.turns import Wake, Wakeup
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import (
    LEASE,
    TELEGRAM,
    accept,
    claim,
    converse,
    inbound,
    result,
    take,
    thread,
)


async def until(wakeups: AsyncIterator[Wakeup], wanted: Wakeup) -> list[Wakeup]:
    """The hints that come before this one."""
    before: list[Wakeup] = []
    async with asyncio.timeout(5):
        async for wakeup in wakeups:
            if wakeup == wanted:
                break
            before.append(wakeup)
    return before


async def heard(wakeups: AsyncIterator[Wakeup], wanted: Wakeup) -> None:
    """Wait for the hint; others may come before it."""
    await until(wakeups, wanted)


async def test_accepting_without_a_claim_wakes_others(store: Store, second: Second) -> None:
    async with (await second()).wakeups() as theirs, store.wakeups() as ours:
        accepted = await accept(store, inbound(1))
        await heard(ours, Wakeup(Wake.WAITING, accepted.session.key))
        await heard(theirs, Wakeup(Wake.WAITING, accepted.session.key))


async def test_a_head_that_is_not_for_the_claimant_wakes_others(store: Store, second: Second) -> None:
    async with (await second()).wakeups() as wakeups:
        where = thread("1", "5", Platform.DISCORD)
        accepted = await accept(store, inbound(1, where), claim("one", TELEGRAM))
        await heard(wakeups, Wakeup(Wake.WAITING, accepted.session.key))


async def test_releasing_wakes_others_when_something_waits(store: Store, second: Second) -> None:
    work = await take(store, inbound(1))
    async with (await second()).wakeups() as wakeups:
        await store.release(work.lease)
        await heard(wakeups, Wakeup(Wake.WAITING, work.session.key))


async def test_a_delivery_that_leaves_others_work_wakes_them(store: Store, second: Second) -> None:
    work = await take(store, inbound(1), claim("one", TELEGRAM))
    where = thread("", "5", Platform.DISCORD)
    await store.bind(work.session.key, where, EventId("bind"))
    await accept(store, inbound(1, where))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    async with (await second()).wakeups() as wakeups:
        await store.delivered(work.lease, work.turn.id, claim("one", TELEGRAM), None)
        await heard(wakeups, Wakeup(Wake.WAITING, work.session.key))


async def test_a_stop_wakes_the_holder(store: Store, second: Second) -> None:
    work = await take(store, inbound(1))
    async with store.wakeups() as wakeups:
        await (await second()).stop(work.session.key, EventId("stop"))
        await heard(wakeups, Wakeup(Wake.STOP, work.session.key, work.turn.id))


async def test_a_deletion_wakes_the_holder(store: Store, second: Second) -> None:
    work = await take(store, inbound(1))
    async with store.wakeups() as wakeups:
        await (await second()).delete(work.session.key, EventId("delete"))
        await heard(wakeups, Wakeup(Wake.STOP, work.session.key, work.turn.id))


async def test_a_deletion_wakes_who_can_tell_the_waiting(store: Store, second: Second) -> None:
    accepted = await accept(store, inbound(1))
    async with (await second()).wakeups() as wakeups:
        await store.delete(accepted.session.key, EventId("delete"))
        await heard(wakeups, Wakeup(Wake.WAITING, accepted.session.key))


async def test_a_deletion_leaves_a_held_session_to_its_holder(store: Store, second: Second) -> None:
    work = await take(store, inbound(1))
    async with (await second()).wakeups() as wakeups:
        await store.delete(work.session.key, EventId("delete"))
        await store.release(work.lease)
        seen = await until(wakeups, Wakeup(Wake.WAITING, work.session.key))
    assert seen == [Wakeup(Wake.STOP, work.session.key, work.turn.id)]


async def test_a_deletion_under_a_lease_that_ran_out_wakes_all(
    store: Store, second: Second, advance: Advance
) -> None:
    work = await take(store, inbound(1))
    await advance(LEASE)
    async with (await second()).wakeups() as wakeups:
        await store.delete(work.session.key, EventId("delete"))
        await heard(wakeups, Wakeup(Wake.WAITING, work.session.key))


async def test_several_subscribers_hear_the_same(store: Store) -> None:
    async with store.wakeups() as one, store.wakeups() as two:
        accepted = await accept(store, inbound(1))
        await heard(one, Wakeup(Wake.WAITING, accepted.session.key))
        await heard(two, Wakeup(Wake.WAITING, accepted.session.key))


async def test_a_subscriber_that_left_hinders_nobody(store: Store) -> None:
    async with store.wakeups():
        pass
    await converse(store, inbound(1))
