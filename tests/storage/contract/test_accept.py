from datetime import timedelta

from sessions.model import OPEN, OPERATOR, Audience, EventId, Platform, Preferences, SessionId, Status
from sessions.ports.store import Store
from sessions.ports.turns import NEWS_LIMIT, Known, Proposal
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import (
    ADA,
    HOME,
    LEASE,
    TELEGRAM,
    accept,
    claim,
    converse,
    inbound,
    proposal,
    result,
    take,
    thread,
    workspace_session,
)


async def test_the_first_message_of_a_thread_makes_workspace_and_session(store: Store) -> None:
    wanted = Proposal(SessionId("an-id-123456"), "alpha", "A title", Preferences("m", "be brief"))
    accepted = await accept(store, inbound(1), proposed=wanted)
    home = await store.find_workspace(HOME)
    assert home is not None
    assert accepted.fresh
    assert accepted.started
    assert accepted.ahead == 0
    assert accepted.work is None
    session = accepted.session
    assert (session.key.workspace, session.key.id) == (home.id, wanted.id)
    assert (session.name, session.title, session.preferences) == ("alpha", "A title", wanted.preferences)
    assert (session.status, session.starter) == (Status.ACTIVE, ADA.id)
    assert session.created_at == session.active_at
    assert await store.bound(thread()) == session
    assert await store.get(session.key) == session


async def test_a_session_that_starts_by_itself_has_the_audience_of_its_message(store: Store) -> None:
    audience = Audience("channel 9")
    accepted = await accept(store, inbound(1, audience=audience))
    assert accepted.session.audience == audience


async def test_a_place_that_became_private_leaves_the_open_session(store: Store) -> None:
    first = await accept(store, inbound(1))
    private = Audience("channel 9")
    wanted = proposal("another-id-9", "beta")
    moved = await accept(store, inbound(2, audience=private), claim("two"), proposed=wanted)
    assert moved.started
    assert moved.work is not None
    assert moved.work.turn.id == inbound(2).event
    assert (moved.session.key.id, moved.session.audience) == (wanted.id, private)
    assert await store.bound(thread()) == moved.session
    assert [turn.id for turn in await store.waiting(first.session.key)] == [inbound(1).event]
    left = await store.get(first.session.key)
    assert left is not None
    assert left.status is Status.PAUSED


async def test_a_place_that_became_open_leaves_the_private_session(store: Store) -> None:
    first = await accept(store, inbound(1, audience=Audience("channel 9")))
    moved = await accept(store, inbound(2), proposed=proposal("another-id-9", "beta"))
    assert (moved.started, moved.session.audience) == (True, OPEN)
    assert moved.session.key != first.session.key


async def test_a_repeat_stays_with_its_session_whatever_its_place_became(store: Store) -> None:
    first = await accept(store, inbound(1))
    again = await accept(
        store,
        inbound(1, audience=Audience("channel 9")),
        proposed=proposal("another-id-9", "beta"),
    )
    assert (again.fresh, again.started) == (False, False)
    assert again.session.key == first.session.key
    assert await store.bound(thread()) == first.session


async def test_the_operator_joins_any_session_that_is_bound(store: Store) -> None:
    for number, audience in enumerate((OPEN, Audience("channel 9"))):
        where = thread(f"{number}")
        made = await workspace_session(store, f"talk {number}", where=where, audience=audience)
        joined = await accept(store, inbound(1, where, audience=OPERATOR))
        assert (joined.started, joined.session.key) == (False, made.key)
        assert joined.session.audience == audience


async def test_what_the_operator_starts_is_open(store: Store) -> None:
    started = await accept(store, inbound(1, audience=OPERATOR))
    assert (started.started, started.session.audience) == (True, OPEN)
    following = await accept(store, inbound(2, audience=OPERATOR))
    assert following.session.key == started.session.key


async def test_a_message_in_a_bound_thread_joins_its_session(store: Store) -> None:
    first = await accept(store, inbound(1))
    second = await accept(store, inbound(2), proposed=proposal("another-id-9", "beta"))
    assert second.session.key == first.session.key
    assert second.fresh
    assert not second.started
    assert await store.by_name(first.session.key.workspace, "beta") is None


async def test_the_same_event_is_accepted_once(store: Store, second: Second) -> None:
    first = await accept(store, inbound(1))
    again = await accept(await second(), inbound(1), proposed=proposal("another-id-9", "beta"))
    assert not again.fresh
    assert not again.started
    assert again.session.key == first.session.key
    assert len(await store.waiting(first.session.key)) == 1


async def test_an_answered_event_is_not_accepted_again(store: Store) -> None:
    session = await converse(store, inbound(1))
    again = await accept(store, inbound(1), claim())
    assert (again.fresh, again.work) == (False, None)
    assert again.session.key == session.key
    assert await store.waiting(session.key) == ()


async def test_a_repeat_stays_with_its_session_when_the_thread_is_bound_elsewhere(store: Store) -> None:
    first = await accept(store, inbound(1))
    other = await workspace_session(store, "beta")
    await store.bind(other.key, thread(), EventId("bind"))
    again = await accept(store, inbound(1))
    assert again.session.key == first.session.key
    assert not again.fresh
    bound = await store.bound(thread())
    assert bound is not None
    assert bound.key == other.key


async def test_a_repeat_after_unbinding_makes_no_session(store: Store) -> None:
    first = await accept(store, inbound(1))
    await store.unbind(thread())
    again = await accept(store, inbound(1), proposed=proposal("another-id-9", "beta"))
    assert again.session.key == first.session.key
    assert not again.started
    assert await store.bound(thread()) is None


async def test_a_repeat_counts_what_is_before_it(store: Store) -> None:
    for number in (1, 2, 3):
        await accept(store, inbound(number))
    assert (await accept(store, inbound(3))).ahead == 2


async def test_a_repeat_may_take_a_free_lease(store: Store) -> None:
    await accept(store, inbound(1))
    again = await accept(store, inbound(1), claim())
    assert not again.fresh
    assert again.work is not None
    assert again.work.turn.id == inbound(1).event


async def test_a_taken_name_gets_six_characters_of_the_id(store: Store) -> None:
    await workspace_session(store, "Alpha")
    accepted = await accept(store, inbound(1), proposed=proposal("0123456789abcdef", "alpha"))
    name, _, added = accepted.session.name.rpartition("-")
    assert name == "alpha"
    assert len(added) == 6
    assert added in "0123456789abcdef"


async def test_a_thread_whose_session_was_deleted_gets_another(store: Store) -> None:
    first = await converse(store, inbound(1))
    await store.delete(first.key, EventId("delete"))
    accepted = await accept(store, inbound(2), proposed=proposal("another-id-9"))
    assert accepted.started
    assert accepted.session.key.id == "another-id-9"


async def test_messages_of_a_thread_are_ordered_by_number(store: Store) -> None:
    for number in (3, 1, 2):
        accepted = await accept(store, inbound(number))
    waiting = await store.waiting(accepted.session.key)
    assert [turn.inbound.number for turn in waiting] == [1, 2, 3]
    assert accepted.ahead == 1


async def test_other_threads_keep_their_places(store: Store) -> None:
    first = await accept(store, inbound(5))
    await store.bind(first.session.key, thread("b"), EventId("bind"))
    for message in (inbound(9, thread("b")), inbound(7), inbound(1, thread("b")), inbound(6)):
        await accept(store, message)
    waiting = await store.waiting(first.session.key)
    places = [(turn.inbound.place.thread.thread, turn.inbound.number) for turn in waiting]
    assert places == [("7", 5), ("b", 1), ("7", 6), ("b", 9), ("7", 7)]


async def test_a_turn_that_was_handed_out_keeps_its_place(store: Store) -> None:
    work = await take(store, inbound(5))
    accepted = await accept(store, inbound(4))
    assert accepted.ahead == 1
    await store.release(work.lease)
    waiting = await store.waiting(work.session.key)
    assert [turn.inbound.number for turn in waiting] == [5, 4]


async def test_equal_numbers_stand_in_order_of_acceptance(store: Store) -> None:
    for event in ("first", "second"):
        accepted = await accept(store, inbound(1, event=event))
    waiting = await store.waiting(accepted.session.key)
    assert [turn.id for turn in waiting] == ["first", "second"]


async def test_a_claim_takes_the_free_lease(store: Store) -> None:
    by = claim("one")
    work = await take(store, inbound(1), by)
    assert (work.lease.holder, work.lease.token) == (by.holder, by.token)
    assert work.turn.inbound == inbound(1)
    assert (work.turn.takeovers, work.turn.answer, work.turn.stop) == (0, None, False)
    assert work.lease.deadline == work.turn.accepted_at + LEASE
    assert (work.news, work.since) == ((), 0)
    assert not work.orphaned


async def test_the_work_is_for_the_head_of_the_inbox(store: Store) -> None:
    await accept(store, inbound(1))
    accepted = await accept(store, inbound(2), claim())
    assert accepted.ahead == 1
    assert accepted.work is not None
    assert accepted.work.turn.id == inbound(1).event


async def test_a_held_lease_is_not_taken(store: Store) -> None:
    await take(store, inbound(1), claim("one"))
    assert (await accept(store, inbound(2), claim("two"))).work is None
    assert (await accept(store, inbound(3), claim("one", token="new"))).work is None


async def test_a_lease_that_ran_out_is_taken(store: Store, advance: Advance) -> None:
    first = await take(store, inbound(1), claim("one"))
    await advance(LEASE - timedelta(seconds=1))
    assert (await accept(store, inbound(2), claim("two"))).work is None
    await advance(timedelta(seconds=1))
    second = await take(store, inbound(3), claim("two"))
    assert second.turn.id == inbound(1).event
    assert second.turn.takeovers == 1
    assert second.lease.fence > first.lease.fence


async def test_a_head_of_another_platform_is_not_taken(store: Store) -> None:
    where = thread("9", "5", Platform.DISCORD)
    assert (await accept(store, inbound(1, where), claim("one", TELEGRAM))).work is None
    assert (await accept(store, inbound(2, where), claim("one"))).work is not None


async def test_work_brings_what_the_caller_does_not_know(store: Store) -> None:
    session = await converse(store, inbound(1), "a", "b")
    await converse(store, inbound(2), "c", "d")
    known = Known(session.key.id, 3)
    accepted = await accept(store, inbound(3), claim(), known=known)
    assert accepted.work is not None
    assert accepted.work.since == 3
    assert [message.content for message in accepted.work.news] == ["d"]


async def test_work_brings_everything_to_a_caller_who_knows_another_session(store: Store) -> None:
    await converse(store, inbound(1), "a", "b")
    known = Known(SessionId("another"), 2)
    accepted = await accept(store, inbound(2), claim(), known=known)
    assert accepted.work is not None
    assert accepted.work.since == 0
    assert len(accepted.work.news) == 2


async def test_no_more_news_than_the_limit_are_handed_out(store: Store) -> None:
    work = await take(store, inbound(1))
    said = [f"line {number}" for number in range(NEWS_LIMIT + 5)]
    await store.commit(work.lease, result(work.turn.id, *said))
    await store.delivered(work.lease, work.turn.id, claim(), None)
    more = await take(store, inbound(2))
    assert more.since == 5
    assert len(more.news) == NEWS_LIMIT
    assert more.news[0].content == "line 5"
    assert more.news[-1].content == said[-1]


async def test_an_archived_session_becomes_active(store: Store) -> None:
    session = await converse(store, inbound(1))
    await store.archive(session.key, archived=True)
    accepted = await accept(store, inbound(2))
    assert accepted.session.key == session.key
    assert accepted.session.status is Status.ACTIVE


async def test_accepting_counts_as_activity(store: Store, advance: Advance) -> None:
    first = await accept(store, inbound(1))
    await advance(timedelta(minutes=5))
    accepted = await accept(store, inbound(2))
    assert accepted.session.active_at == first.session.active_at + timedelta(minutes=5)
    assert accepted.session.created_at == first.session.created_at


async def test_what_was_accepted_is_seen_by_another_process(store: Store, second: Second) -> None:
    other = await second()
    accepted = await accept(store, inbound(1))
    work = await other.acquire(accepted.session.key, claim("two"), None)
    assert work is not None
    assert work.turn.inbound == inbound(1)
    assert await store.acquire(accepted.session.key, claim("one"), None) is None
