from datetime import timedelta

from sessions.model import EventId, SessionId, SessionKey
from sessions.ports.store import Store
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import LEASE, accept, claim, converse, inbound, result, take

STOP = EventId("stop")


async def test_the_running_turn_is_asked_to_end(store: Store, second: Second) -> None:
    work = await take(store, inbound(1))
    assert await (await second()).stop(work.session.key, STOP) == work.turn.id
    assert (await store.renew(work.lease, LEASE)).stopped == work.turn.id
    assert (await store.waiting(work.session.key))[0].stop


async def test_a_repeated_stop_marks_no_later_turn(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    await store.stop(work.session.key, STOP)
    await store.commit(work.lease, result(work.turn.id))
    following = await store.delivered(work.lease, work.turn.id, claim(), None)
    assert following is not None
    assert await store.stop(work.session.key, STOP) == work.turn.id
    assert not following.turn.stop
    assert (await store.renew(following.lease, LEASE)).stopped is None


async def test_another_stop_ends_the_following_turn(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    await store.stop(work.session.key, STOP)
    await store.commit(work.lease, result(work.turn.id))
    await store.delivered(work.lease, work.turn.id, claim(), None)
    assert await store.stop(work.session.key, EventId("second stop")) == inbound(2).event


async def test_there_is_nothing_to_stop_where_nothing_runs(store: Store) -> None:
    accepted = await accept(store, inbound(1))
    key = accepted.session.key
    assert await store.stop(key, STOP) is None
    session = await converse(store, inbound(1))
    assert await store.stop(session.key, EventId("second stop")) is None
    nowhere = SessionKey(key.workspace, SessionId("none"))
    assert await store.stop(nowhere, EventId("third stop")) is None


async def test_a_stop_that_found_nothing_finds_nothing_later(store: Store) -> None:
    accepted = await accept(store, inbound(1))
    assert await store.stop(accepted.session.key, STOP) is None
    work = await store.acquire(accepted.session.key, claim(), None)
    assert work is not None
    assert await store.stop(accepted.session.key, STOP) is None
    assert (await store.renew(work.lease, LEASE)).stopped is None


async def test_a_committed_turn_is_not_stopped(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert await store.stop(work.session.key, STOP) is None


async def test_who_takes_over_finds_the_stop(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await store.stop(work.session.key, STOP)
    await advance(LEASE)
    again = await store.acquire(work.session.key, claim("two"), None)
    assert again is not None
    assert again.turn.stop


async def test_a_stop_of_a_turn_by_its_name_stops_that_one(store: Store) -> None:
    work = await take(store, inbound(1))
    assert await store.stop(work.session.key, STOP, turn=work.turn.id) == work.turn.id
    assert (await store.renew(work.lease, LEASE)).stopped == work.turn.id


async def test_a_stop_of_a_turn_by_its_name_spares_every_other(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    for _ in range(2):
        assert await store.stop(work.session.key, STOP, turn=inbound(2).event) is None
    assert (await store.renew(work.lease, LEASE)).stopped is None
    await store.commit(work.lease, result(work.turn.id))
    following = await store.delivered(work.lease, work.turn.id, claim(), None)
    assert following is not None
    assert await store.stop(work.session.key, STOP, turn=inbound(2).event) is None
    assert (await store.renew(following.lease, LEASE)).stopped is None


async def test_a_stop_spares_what_was_sent_after_it_was_said(store: Store) -> None:
    work = await take(store, inbound(1))
    before = work.turn.inbound.sent_at - timedelta(microseconds=1)
    assert await store.stop(work.session.key, STOP, said_at=before) is None
    assert (await store.renew(work.lease, LEASE)).stopped is None
    later = EventId("said later")
    assert await store.stop(work.session.key, later, said_at=work.turn.inbound.sent_at) == work.turn.id
    assert (await store.renew(work.lease, LEASE)).stopped == work.turn.id


async def test_a_repeated_stop_returns_the_same_whatever_runs(store: Store) -> None:
    work = await take(store, inbound(1))
    said_at = work.turn.inbound.sent_at
    for _ in range(2):
        assert await store.stop(work.session.key, STOP, said_at=said_at) == work.turn.id
        await store.commit(work.lease, result(work.turn.id))


async def test_a_committed_turn_that_was_to_be_stopped_is_not_named_any_more(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.stop(work.session.key, STOP)
    await store.commit(work.lease, result(work.turn.id))
    assert (await store.renew(work.lease, LEASE)).stopped is None
