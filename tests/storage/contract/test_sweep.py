from datetime import timedelta

from sessions.model import EventId, Platform, WorkspaceKey
from sessions.ports.store import Store
from sessions.ports.turns import EVENT_MEMORY
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

SECOND = timedelta(seconds=1)


async def test_a_sweep_finds_work_that_nobody_does(store: Store, second: Second) -> None:
    await accept(store, inbound(1))
    (work,) = await (await second()).sweep(claim("two"), 10)
    assert work.turn.inbound == inbound(1)
    assert await store.sweep(claim("one"), 10) == ()


async def test_a_sweep_finds_nothing_where_nothing_waits(store: Store) -> None:
    await converse(store, inbound(1))
    assert await store.sweep(claim(), 10) == ()


async def test_a_sweep_takes_over_from_the_dead(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    assert await store.sweep(claim("two"), 10) == ()
    await advance(LEASE)
    (again,) = await store.sweep(claim("two"), 10)
    assert again.turn.takeovers == 1
    assert again.lease.fence > work.lease.fence


async def test_a_sweep_brings_the_transcript(store: Store) -> None:
    await converse(store, inbound(1), "a", "b")
    await accept(store, inbound(2))
    (work,) = await store.sweep(claim(), 10)
    assert work.since == 0
    assert [message.content for message in work.news] == ["a", "b"]


async def test_a_sweep_finds_undelivered_answers(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    await advance(LEASE)
    (again,) = await store.sweep(claim("two"), 10)
    assert again.turn.answer == result(work.turn.id).answer


async def test_the_longest_waiting_come_first_in_all_workspaces(store: Store, advance: Advance) -> None:
    for number, name in enumerate(("c", "a", "d", "b")):
        where = thread(name, f"chat {number % 2}")
        workspace = WorkspaceKey(f"telegram:chat {number % 2}")
        await accept(store, inbound(number, where, workspace=workspace))
        await advance(SECOND)
    first = await store.sweep(claim("one"), 3)
    assert [work.turn.inbound.place.thread.thread for work in first] == ["c", "a", "d"]
    rest = await store.sweep(claim("two"), 3)
    assert [work.turn.inbound.place.thread.thread for work in rest] == ["b"]


async def test_a_sweep_leaves_what_the_claimant_cannot_deliver(store: Store) -> None:
    await accept(store, inbound(1, thread("1", "5", Platform.DISCORD)))
    await accept(store, inbound(1, thread("", "ada", Platform.TERMINAL), owner="terminal"))
    assert await store.sweep(claim("one", TELEGRAM), 10) == ()
    (work,) = await store.sweep(claim("terminal", frozenset({Platform.TERMINAL})), 10)
    assert work.turn.inbound.owner == "terminal"


async def test_an_event_is_remembered_for_its_time(store: Store, advance: Advance) -> None:
    await converse(store, inbound(1))
    await advance(EVENT_MEMORY - SECOND)
    await store.sweep(claim(), 10)
    assert not (await accept(store, inbound(1))).fresh


async def test_an_event_past_its_time_is_forgotten(store: Store, advance: Advance) -> None:
    await converse(store, inbound(1))
    await advance(EVENT_MEMORY + SECOND)
    await store.sweep(claim(), 10)
    assert (await accept(store, inbound(1))).fresh


async def test_an_event_is_remembered_beyond_the_deletion_of_its_session(
    store: Store, advance: Advance
) -> None:
    session = await converse(store, inbound(1))
    await store.delete(session.key, EventId("delete"))
    await advance(EVENT_MEMORY - SECOND)
    await store.sweep(claim(), 10)
    again = await accept(store, inbound(1))
    assert (again.fresh, again.started, again.work) == (False, False, None)
    assert await store.bound(thread()) is None


async def test_an_event_is_remembered_as_long_as_its_turn_waits(store: Store, advance: Advance) -> None:
    accepted = await accept(store, inbound(1))
    await advance(EVENT_MEMORY * 2)
    (work,) = await store.sweep(claim(), 10)
    assert not (await accept(store, inbound(1))).fresh
    assert len(await store.waiting(accepted.session.key)) == 1
    assert (await store.commit(work.lease, result(work.turn.id, "a", "b"))).fresh
