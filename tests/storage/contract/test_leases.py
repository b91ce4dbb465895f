from datetime import timedelta

import pytest

from sessions.errors import LeaseLost, SessionGone
from sessions.model import EventId, Platform, ReplyPart, ReplyRecord, SessionId, SessionKey
from sessions.ports.store import Store
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
    without_lease,
)

SECOND = timedelta(seconds=1)
TERMINAL = thread("", "ada", Platform.TERMINAL)


async def test_nobody_acquires_a_session_that_does_not_exist(store: Store) -> None:
    home = await store.workspace(inbound(1).place.workspace)
    assert await store.acquire(SessionKey(home.id, SessionId("none")), claim(), None) is None


async def test_nobody_acquires_an_empty_inbox(store: Store) -> None:
    session = await converse(store, inbound(1))
    assert await store.acquire(session.key, claim(), None) is None


async def test_nobody_acquires_a_lease_that_has_not_run_out(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await advance(LEASE - SECOND)
    assert await store.acquire(work.session.key, claim("two"), None) is None


async def test_a_head_of_a_platform_that_is_not_claimed_stays(store: Store) -> None:
    accepted = await accept(store, inbound(1))
    key = accepted.session.key
    assert await store.acquire(key, claim("one", frozenset({Platform.DISCORD})), None) is None
    assert await store.acquire(key, claim("one", TELEGRAM), None) is not None


async def test_a_fence_only_grows(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    fences = [work.lease.fence]
    for round_ in range(3):
        await advance(LEASE)
        again = await store.acquire(work.session.key, claim(f"holder {round_}"), None)
        assert again is not None
        fences.append(again.lease.fence)
        await store.release(again.lease)
        again = await store.acquire(work.session.key, claim(f"other {round_}"), None)
        assert again is not None
        fences.append(again.lease.fence)
    assert fences == sorted(set(fences))


async def test_every_lease_that_ran_out_over_a_running_turn_is_counted(
    store: Store, advance: Advance
) -> None:
    work = await take(store, inbound(1))
    for takeovers in (1, 2, 3):
        await advance(LEASE)
        again = await store.acquire(work.session.key, claim(f"{takeovers}"), None)
        assert again is not None
        assert again.turn.takeovers == takeovers


async def test_a_lease_that_ran_out_over_a_committed_turn_is_not_counted(
    store: Store, advance: Advance
) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    await advance(LEASE)
    again = await store.acquire(work.session.key, claim("two"), None)
    assert again is not None
    assert again.turn.takeovers == 0
    assert again.turn.answer == result(work.turn.id).answer


async def test_a_released_lease_is_not_counted(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.release(work.lease)
    again = await store.acquire(work.session.key, claim("two"), None)
    assert again is not None
    assert again.turn.takeovers == 0


async def test_releasing_leaves_the_inbox_as_it_is(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    await store.release(work.lease)
    assert [turn.inbound.number for turn in await store.waiting(work.session.key)] == [1, 2]


async def test_releasing_a_lease_that_is_not_held_changes_nothing(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await store.release(without_lease(work.lease))
    assert await store.acquire(work.session.key, claim("two"), None) is None
    await advance(LEASE)
    await store.acquire(work.session.key, claim("two"), None)
    await store.release(work.lease)
    await store.release(work.lease)
    assert await store.acquire(work.session.key, claim("three"), None) is None


async def test_an_owned_message_is_for_its_owner(store: Store) -> None:
    accepted = await accept(store, inbound(1, TERMINAL, owner="terminal"))
    key = accepted.session.key
    assert await store.acquire(key, claim("one"), None) is None
    work = await store.acquire(key, claim("terminal"), None)
    assert work is not None
    assert not work.orphaned


async def test_a_message_whose_owner_is_silent_is_anybodys(store: Store, advance: Advance) -> None:
    accepted = await accept(store, inbound(1, TERMINAL, owner="terminal"))
    key = accepted.session.key
    await advance(timedelta(seconds=30) - SECOND)
    assert await store.acquire(key, claim("one", TELEGRAM), None) is None
    await advance(SECOND)
    work = await store.acquire(key, claim("one", TELEGRAM), None)
    assert work is not None
    assert work.orphaned


async def test_an_owner_counts_as_alive_for_its_claims_duration(store: Store, advance: Advance) -> None:
    by = claim("terminal", frozenset({Platform.DISCORD}), lasts=timedelta(seconds=90))
    accepted = await accept(store, inbound(1, TERMINAL, owner="terminal"), by)
    assert accepted.work is None
    await advance(timedelta(seconds=89))
    assert await store.acquire(accepted.session.key, claim("one"), None) is None
    await advance(SECOND)
    work = await store.acquire(accepted.session.key, claim("one"), None)
    assert work is not None
    assert work.orphaned


async def test_an_owner_that_keeps_waiting_keeps_its_message(store: Store, advance: Advance) -> None:
    accepted = await accept(store, inbound(1, TERMINAL, owner="terminal"))
    key, turn = accepted.session.key, inbound(1, TERMINAL).event
    await advance(timedelta(seconds=20))
    assert await store.keep_waiting(key, turn, timedelta(seconds=60))
    await advance(timedelta(seconds=59))
    assert await store.acquire(key, claim("one"), None) is None
    await advance(SECOND)
    assert await store.acquire(key, claim("one"), None) is not None


async def test_an_answered_message_waits_no_more(store: Store) -> None:
    session = await converse(store, inbound(1, TERMINAL, owner="one"), by=claim("one"))
    assert not await store.keep_waiting(session.key, inbound(1, TERMINAL).event, LEASE)
    assert not await store.keep_waiting(session.key, EventId("never seen"), LEASE)


async def test_a_dead_owners_running_turn_is_handed_on_as_orphaned(
    store: Store, advance: Advance
) -> None:
    work = await take(store, inbound(1, TERMINAL, owner="terminal"), claim("terminal"))
    await advance(LEASE)
    again = await store.acquire(work.session.key, claim("one"), None)
    assert again is not None
    assert again.orphaned
    assert again.turn.takeovers == 1


async def test_renewing_moves_the_deadline(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await advance(timedelta(seconds=20))
    renewal = await store.renew(work.lease, LEASE)
    assert renewal.lease.deadline == work.lease.deadline + timedelta(seconds=20)
    assert renewal.lease.fence == work.lease.fence
    assert renewal.stopped is None
    await advance(timedelta(seconds=29))
    assert await store.acquire(work.session.key, claim("two"), None) is None


async def test_the_lease_as_it_was_before_its_renewal_still_counts(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.renew(work.lease, LEASE * 2)
    assert (await store.commit(work.lease, result(work.turn.id))).fresh


async def test_a_lease_that_was_taken_cannot_be_renewed(
    store: Store, second: Second, advance: Advance
) -> None:
    work = await take(store, inbound(1))
    await advance(LEASE)
    assert await (await second()).acquire(work.session.key, claim("two"), None) is not None
    with pytest.raises(LeaseLost) as raised:
        await store.renew(work.lease, LEASE)
    assert not isinstance(raised.value, SessionGone)


async def test_a_released_lease_cannot_be_renewed(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.release(work.lease)
    with pytest.raises(LeaseLost):
        await store.renew(work.lease, LEASE)


async def test_a_made_up_token_is_no_lease(store: Store) -> None:
    work = await take(store, inbound(1))
    forged = without_lease(work.lease)
    with pytest.raises(LeaseLost):
        await store.renew(forged, LEASE)
    with pytest.raises(LeaseLost):
        await store.note_reply(forged, work.turn.id, ReplyRecord())
    with pytest.raises(LeaseLost):
        await store.commit(forged, result(work.turn.id))


async def test_a_reply_is_found_by_who_takes_over(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    first = ReplyRecord((ReplyPart(""),))
    final = ReplyRecord((ReplyPart("100"), ReplyPart("")))
    await store.note_reply(work.lease, work.turn.id, first)
    await store.note_reply(work.lease, work.turn.id, final)
    await store.note_reply(work.lease, work.turn.id, final)
    await advance(LEASE)
    again = await store.acquire(work.session.key, claim("two"), None)
    assert again is not None
    assert again.turn.reply == final


async def test_who_lost_the_lease_notes_no_reply(store: Store, advance: Advance) -> None:
    work = await take(store, inbound(1))
    await advance(LEASE)
    await store.acquire(work.session.key, claim("two"), None)
    with pytest.raises(LeaseLost):
        await store.note_reply(work.lease, work.turn.id, ReplyRecord((ReplyPart("1"),)))
    assert (await store.waiting(work.session.key))[0].reply == ReplyRecord()


async def test_sessions_do_not_wait_for_each_other(store: Store) -> None:
    first = await take(store, inbound(1, thread("a")))
    second = await take(store, inbound(1, thread("b")))
    assert first.session.key != second.session.key
