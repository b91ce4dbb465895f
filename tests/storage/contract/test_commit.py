from datetime import timedelta

import pytest

from sessions.errors import LeaseLost
from sessions.model import EventId, Platform, Tally, Usage
from sessions.ports.store import Store
from sessions.ports.turns import Known
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


async def test_a_commit_appends_to_the_transcript(store: Store) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "hello", "hi")
    committed = await store.commit(work.lease, done)
    assert committed.fresh
    assert committed.session.tally.messages == 2
    assert await store.transcript(work.session.key, None, 10) == done.messages
    assert await store.get(work.session.key) == committed.session


async def test_a_committed_turn_waits_for_its_delivery(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "hello", "hi")
    await store.commit(work.lease, done)
    (turn,) = await store.waiting(work.session.key)
    assert turn.answer == done.answer
    assert await store.acquire(work.session.key, claim("two"), None) is None
    await advance(LEASE)
    again = await store.acquire(work.session.key, claim("two"), None)
    assert again is not None
    assert again.turn.answer == done.answer
    assert again.news == done.messages


async def test_the_tally_is_kept(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "grüße", "hi", usage=Usage(10, 5)))
    await store.delivered(work.lease, work.turn.id, claim(), None)
    work = await take(store, inbound(2))
    usage = Usage(20, 7, estimated=True)
    committed = await store.commit(work.lease, result(work.turn.id, "e", "é", "more", usage=usage))
    assert committed.session.tally == Tally(
        messages=5,
        user_messages=3,
        agent_messages=2,
        tokens=42,
        context=27,
        size=7 + 2 + 1 + 2 + 4,
        estimated=True,
    )


async def test_an_estimate_stays_an_estimate(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", usage=Usage(1, 1, estimated=True)))
    await store.delivered(work.lease, work.turn.id, claim(), None)
    work = await take(store, inbound(2))
    committed = await store.commit(work.lease, result(work.turn.id, "a", usage=Usage(3, 1)))
    assert committed.session.tally.estimated
    assert committed.session.tally.context == 4


async def test_a_commit_without_messages_appends_nothing(store: Store) -> None:
    work = await take(store, inbound(1))
    committed = await store.commit(work.lease, result(work.turn.id))
    assert committed.fresh
    assert committed.session.tally == Tally()
    assert await store.transcript(work.session.key, None, 10) == ()


async def test_a_commit_counts_as_activity(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await advance(timedelta(seconds=9))
    committed = await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert committed.session.active_at == work.session.active_at + timedelta(seconds=9)


async def test_a_repeated_commit_writes_once(store: Store) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "hello", "hi", usage=Usage(1, 2))
    first = await store.commit(work.lease, done)
    again = await store.commit(work.lease, done)
    assert not again.fresh
    assert again.session == first.session
    assert await store.transcript(work.session.key, None, 10) == done.messages


async def test_a_commit_repeated_after_the_delivery_writes_nothing(store: Store) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "hello", "hi")
    await store.commit(work.lease, done)
    await accept(store, inbound(2))
    await store.delivered(work.lease, work.turn.id, claim(), None)
    assert not (await store.commit(work.lease, done)).fresh
    (turn,) = await store.waiting(work.session.key)
    assert turn.answer is None
    assert len(await store.transcript(work.session.key, None, 10)) == 2


async def test_a_commit_repeated_by_a_later_holder_writes_nothing(
    store: Store, second: Second, advance: Advance
) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "hello", "hi")
    await store.commit(work.lease, done)
    await advance(LEASE)
    other = await second()
    later = await other.acquire(work.session.key, claim("two"), None)
    assert later is not None
    changed = result(work.turn.id, "other", "words", text="another answer")
    assert not (await other.commit(later.lease, changed)).fresh
    assert not (await store.commit(work.lease, done)).fresh
    assert await store.transcript(work.session.key, None, 10) == done.messages
    assert (await store.waiting(work.session.key))[0].answer == done.answer


async def test_who_lost_the_lease_cannot_commit(store: Store, second: Second, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await advance(LEASE)
    later = await (await second()).acquire(work.session.key, claim("two"), None)
    assert later is not None
    with pytest.raises(LeaseLost):
        await store.commit(work.lease, result(work.turn.id, "late", "words"))
    assert await store.transcript(work.session.key, None, 10) == ()
    assert (await store.commit(later.lease, result(work.turn.id, "a", "b"))).fresh


async def test_who_released_the_lease_cannot_commit(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.release(work.lease)
    with pytest.raises(LeaseLost):
        await store.commit(work.lease, result(work.turn.id, "late", "words"))


async def test_a_deadline_alone_does_not_stop_a_commit(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await advance(LEASE * 2)
    assert (await store.commit(work.lease, result(work.turn.id, "a", "b"))).fresh


async def test_only_the_head_can_be_committed(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    with pytest.raises(LeaseLost):
        await store.commit(work.lease, result(inbound(2).event, "a", "b"))
    assert await store.transcript(work.session.key, None, 10) == ()


async def test_the_lease_stays_after_a_commit(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert await store.acquire(work.session.key, claim("two"), None) is None
    assert (await store.renew(work.lease, LEASE)).lease.token == work.lease.token


async def test_the_last_delivery_frees_the_lease(store: Store) -> None:
    work = await take(store, inbound(1), claim("one"))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert await store.delivered(work.lease, work.turn.id, claim("one"), None) is None
    assert await store.waiting(work.session.key) == ()
    assert (await accept(store, inbound(2), claim("two"))).work is not None


async def test_a_delivery_brings_the_next_turn_under_the_same_lease(
    store: Store, advance: Advance
) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    await advance(timedelta(seconds=10))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    known = Known(work.session.key.id, 1)
    following = await store.delivered(work.lease, work.turn.id, claim(), known)
    assert following is not None
    assert following.turn.inbound == inbound(2)
    assert (following.lease.token, following.lease.fence) == (work.lease.token, work.lease.fence)
    assert following.lease.deadline == work.lease.deadline + timedelta(seconds=10)
    assert following.since == 1
    assert [message.content for message in following.news] == ["b"]
    assert (await store.commit(following.lease, result(following.turn.id, "c", "d"))).fresh


async def test_a_repeated_delivery_takes_nothing_more(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    await accept(store, inbound(3))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    first = await store.delivered(work.lease, work.turn.id, claim(), None)
    again = await store.delivered(work.lease, work.turn.id, claim(), None)
    assert again == first
    assert again is not None
    assert again.turn.inbound == inbound(2)
    assert len(await store.waiting(work.session.key)) == 2


async def test_a_repeated_last_delivery_changes_nothing(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert await store.delivered(work.lease, work.turn.id, claim(), None) is None
    assert await store.delivered(work.lease, work.turn.id, claim(), None) is None
    assert (await accept(store, inbound(2), claim("two"))).work is not None


async def test_a_next_turn_of_another_platform_frees_the_lease(store: Store) -> None:
    work = await take(store, inbound(1), claim("one", TELEGRAM))
    where = thread("", "5", Platform.DISCORD)
    await store.bind(work.session.key, where, EventId("bind"))
    await accept(store, inbound(1, where))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert await store.delivered(work.lease, work.turn.id, claim("one", TELEGRAM), None) is None
    taken = await store.acquire(work.session.key, claim("two", frozenset({Platform.DISCORD})), None)
    assert taken is not None
    assert taken.turn.takeovers == 0


async def test_who_lost_the_lease_delivers_nothing(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    await advance(LEASE)
    assert await store.acquire(work.session.key, claim("two"), None) is not None
    with pytest.raises(LeaseLost):
        await store.delivered(work.lease, work.turn.id, claim(), None)
    assert len(await store.waiting(work.session.key)) == 1


async def test_the_next_process_goes_on_with_the_conversation(store: Store, second: Second) -> None:
    await converse(store, inbound(1), "a", "b")
    other = await second()
    await converse(other, inbound(2), "c", "d", by=claim("two"))
    work = await take(store, inbound(3))
    assert [message.content for message in work.news] == ["a", "b", "c", "d"]
