from dataclasses import replace
from datetime import timedelta

import pytest

from sessions.errors import LeaseLost, NameTaken, NoSuchSession, SessionGone
from sessions.model import (
    Answer,
    Ending,
    EventId,
    ReplyPart,
    ReplyRecord,
    Status,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.catalog import DELETED_NOTE
from sessions.ports.store import Store
from sessions.ports.turns import EVENT_MEMORY
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import (
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    new,
    proposal,
    result,
    take,
    thread,
    workspace_session,
)

DELETE = EventId("delete")
MOMENT = timedelta(seconds=1)
UNANSWERED = Answer(Ending.UNANSWERED, note=DELETED_NOTE)


async def test_everything_of_a_deleted_session_is_gone(store: Store, second: Second) -> None:
    session = await converse(store, inbound(1))
    other = await second()
    await store.delete(session.key, DELETE)
    for one in (store, other):
        assert await one.get(session.key) is None
        assert await one.by_name(session.key.workspace, session.name) is None
        assert await one.bound(thread()) is None
        assert await one.transcript(session.key, None, 10) == ()
        assert (await one.page(session.key.workspace, None, None, 10)).total == 0
        assert await one.names(session.key.workspace, None, "", 10) == ()
        assert await one.acquire(session.key, claim(), None) is None
        assert await one.sweep(claim(), 10) == ()


async def test_deleting_returns_what_was_there(store: Store) -> None:
    session = await converse(store, inbound(1))
    assert await store.delete(session.key, DELETE) == session


async def test_a_repeated_delete_returns_what_the_first_did(store: Store, second: Second) -> None:
    session = await converse(store, inbound(1))
    await store.delete(session.key, DELETE)
    assert await (await second()).delete(session.key, DELETE) == session
    with pytest.raises(NoSuchSession):
        await store.delete(session.key, EventId("another"))


async def test_a_repeated_delete_spares_a_namesake(store: Store) -> None:
    session = await converse(store, inbound(1))
    await store.delete(session.key, DELETE)
    namesake = await workspace_session(store, session.name)
    await store.delete(session.key, DELETE)
    assert await store.get(namesake.key) == namesake


async def test_the_name_is_free_again(store: Store) -> None:
    session = await converse(store, inbound(1))
    await store.delete(session.key, DELETE)
    fresh = await workspace_session(store, session.name, where=thread())
    assert fresh.key != session.key
    assert fresh.tally.messages == 0
    work = await take(store, inbound(2))
    assert work.news == ()


async def test_the_holder_of_a_deleted_session_learns_it(store: Store, second: Second) -> None:
    work = await take(store, inbound(1))
    await (await second()).delete(work.session.key, DELETE)
    with pytest.raises(SessionGone):
        await store.renew(work.lease, LEASE)
    with pytest.raises(SessionGone):
        await store.note_reply(work.lease, work.turn.id, ReplyRecord((ReplyPart("1"),)))
    with pytest.raises(SessionGone):
        await store.commit(work.lease, result(work.turn.id, "late", "words"))
    with pytest.raises(SessionGone):
        await store.delivered(work.lease, work.turn.id, claim(), None)
    assert await store.get(work.session.key) is None
    assert await store.transcript(work.session.key, None, 10) == ()


async def test_nobody_else_writes_to_the_answer_while_the_holder_still_may(
    store: Store, advance: Advance
) -> None:
    work = await take(store, inbound(1), claim("one"))
    await store.delete(work.session.key, DELETE)
    await advance(LEASE - MOMENT)
    assert await store.acquire(work.session.key, claim("two"), None) is None
    assert await store.sweep(claim("two"), 10) == ()
    assert (await accept(store, inbound(1), claim("two"))).work is None
    await advance(MOMENT)
    (tomb,) = await store.sweep(claim("two"), 10)
    assert (tomb.turn.answer, tomb.turn.takeovers) == (UNANSWERED, 0)
    assert tomb.lease.fence > work.lease.fence


async def test_the_holder_gives_a_deleted_session_up(store: Store, second: Second) -> None:
    work = await take(store, inbound(1), claim("one"))
    await (await second()).delete(work.session.key, DELETE)
    await store.release(work.lease)
    tomb = await store.acquire(work.session.key, claim("one", token="another"), None)
    assert tomb is not None
    for call in (
        store.renew(work.lease, LEASE),
        store.commit(work.lease, result(work.turn.id, "late", "words")),
        store.delivered(work.lease, work.turn.id, claim("one"), None),
    ):
        with pytest.raises(SessionGone):
            await call
    await store.release(work.lease)
    assert (await store.renew(tomb.lease, LEASE)).stopped is None
    for _ in range(2):
        assert await store.delivered(tomb.lease, tomb.turn.id, claim("one"), None) is None
    with pytest.raises(SessionGone):
        await store.delivered(work.lease, work.turn.id, claim("one"), None)


async def test_a_lease_on_a_tombstone_passes_on_like_any_other(store: Store, advance: Advance) -> None:
    accepted = await accept(store, inbound(1))
    await store.delete(accepted.session.key, DELETE)
    (first,) = await store.sweep(claim("one"), 10)
    await advance(LEASE)
    (second_,) = await store.sweep(claim("two"), 10)
    assert second_.lease.fence > first.lease.fence
    with pytest.raises(LeaseLost):
        await store.delivered(first.lease, first.turn.id, claim("one"), None)
    assert await store.delivered(second_.lease, second_.turn.id, claim("two"), None) is None


async def test_a_committed_turn_stays_committed_after_the_deletion(store: Store) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "a", "b")
    await store.commit(work.lease, done)
    await store.delete(work.session.key, DELETE)
    again = await store.commit(work.lease, done)
    assert (again.fresh, again.session.status) == (False, Status.DELETED)
    await store.release(work.lease)
    (tomb,) = await store.sweep(claim("two"), 10)
    assert not (await store.commit(tomb.lease, done)).fresh
    await store.delivered(tomb.lease, tomb.turn.id, claim("two"), None)
    await workspace_session(store, "another")
    again = await store.commit(work.lease, done)
    assert (again.fresh, again.session.status) == (False, Status.DELETED)
    assert again.session.key == work.session.key


async def test_a_turn_delivered_before_the_deletion_stays_committed(store: Store) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "a", "b")
    await store.commit(work.lease, done)
    await store.delivered(work.lease, work.turn.id, claim(), None)
    await store.delete(work.session.key, DELETE)
    await workspace_session(store, "another")
    again = await store.commit(work.lease, done)
    assert (again.fresh, again.session.status) == (False, Status.DELETED)
    with pytest.raises(SessionGone):
        await store.commit(work.lease, result("never accepted", "a", "b"))


async def test_what_a_repeat_finds_of_a_session_that_is_gone_is_no_other_session(store: Store) -> None:
    session = await converse(store, inbound(1))
    await store.delete(session.key, DELETE)
    for number in range(3):
        await workspace_session(store, f"another {number}")
    again = await accept(store, inbound(1), claim())
    assert (again.fresh, again.started, again.work) == (False, False, None)
    assert (again.session.status, again.session.name) == (Status.DELETED, "")
    assert await store.delete(session.key, DELETE) == session


async def test_a_late_commit_brings_nothing_back_after_the_tombstone(store: Store) -> None:
    work = await take(store, inbound(1), claim("one"))
    await store.delete(work.session.key, DELETE)
    await store.release(work.lease)
    tomb = await store.acquire(work.session.key, claim("two"), None)
    assert tomb is not None
    await store.delivered(tomb.lease, tomb.turn.id, claim("two"), None)
    with pytest.raises(SessionGone):
        await store.commit(work.lease, result(work.turn.id, "late", "words"))
    with pytest.raises(SessionGone):
        await store.renew(work.lease, LEASE)
    assert (await store.page(work.session.key.workspace, None, None, 10)).total == 0


async def test_every_waiting_message_is_told(store: Store) -> None:
    work = await take(store, inbound(1), claim("one"))
    await accept(store, inbound(2))
    noted = ReplyRecord((ReplyPart("55"),))
    await store.note_reply(work.lease, work.turn.id, noted)
    await store.delete(work.session.key, DELETE)
    await store.release(work.lease)
    tomb = await store.acquire(work.session.key, claim("two"), None)
    assert tomb is not None
    assert (tomb.session.status, tomb.news) == (Status.DELETED, ())
    assert (tomb.turn.id, tomb.turn.answer) == (work.turn.id, UNANSWERED)
    assert tomb.turn.reply == noted
    assert tomb.turn.takeovers == 0
    assert tomb.lease.fence > work.lease.fence
    await store.note_reply(tomb.lease, tomb.turn.id, ReplyRecord((ReplyPart("56"),)))
    following = await store.delivered(tomb.lease, tomb.turn.id, claim("two"), None)
    assert following is not None
    assert (following.turn.id, following.turn.answer) == (inbound(2).event, UNANSWERED)
    assert (await store.renew(following.lease, LEASE)).lease.fence == tomb.lease.fence
    assert await store.delivered(following.lease, following.turn.id, claim("two"), None) is None
    assert await store.sweep(claim("three"), 10) == ()


async def test_a_repeated_last_delivery_of_a_tombstone_changes_nothing(store: Store) -> None:
    accepted = await accept(store, inbound(1))
    await store.delete(accepted.session.key, DELETE)
    (tomb,) = await store.sweep(claim("two"), 10)
    for _ in range(2):
        assert await store.delivered(tomb.lease, tomb.turn.id, claim("two"), None) is None


async def test_an_answer_that_was_committed_is_still_delivered(store: Store) -> None:
    work = await take(store, inbound(1))
    done = result(work.turn.id, "a", "b")
    await store.commit(work.lease, done)
    await accept(store, inbound(2))
    await store.delete(work.session.key, DELETE)
    await store.release(work.lease)
    tomb = await store.acquire(work.session.key, claim("two"), None)
    assert tomb is not None
    assert tomb.turn.answer == done.answer
    following = await store.delivered(tomb.lease, tomb.turn.id, claim("two"), None)
    assert following is not None
    assert following.turn.answer == UNANSWERED


async def test_the_thread_of_a_deleted_session_starts_another(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.delete(work.session.key, DELETE)
    accepted = await accept(store, inbound(2), claim("two"), proposed=proposal("fresh-id-1"))
    assert accepted.started
    assert accepted.work is not None
    assert accepted.work.turn.id == inbound(2).event
    assert accepted.ahead == 0


async def test_a_message_accepted_before_the_deletion_is_not_accepted_again(store: Store) -> None:
    accepted = await accept(store, inbound(1))
    await store.delete(accepted.session.key, DELETE)
    again = await accept(store, inbound(1))
    assert (again.fresh, again.started) == (False, False)
    assert again.session.status is Status.DELETED
    (tomb,) = await store.sweep(claim(), 10)
    assert await store.delivered(tomb.lease, tomb.turn.id, claim(), None) is None
    again = await accept(store, inbound(1), claim())
    assert (again.fresh, again.started, again.work) == (False, False, None)
    assert again.session.status is Status.DELETED


async def test_a_paused_session_can_be_deleted(store: Store) -> None:
    session = await converse(store, inbound(1))
    await store.unbind(thread())
    assert await store.delete(session.key, DELETE) == replace(session, status=Status.PAUSED)


async def test_other_sessions_stay(store: Store) -> None:
    session = await converse(store, inbound(1, thread("a")))
    other = await converse(store, inbound(1, thread("b")), "kept", "words")
    await store.delete(session.key, DELETE)
    assert await store.get(other.key) == other
    assert len(await store.transcript(other.key, None, 10)) == 2
    bound = await store.bound(thread("b"))
    assert bound == other


async def test_what_a_command_did_is_on_record(store: Store, second: Second) -> None:
    made = await workspace_session(store, "alpha")
    home, event = made.key.workspace, EventId(f"create {made.key.id}")
    bound = await store.bind(made.key, thread(), EventId("bind"))
    deleted = await store.delete(made.key, DELETE)
    other = await second()
    assert await other.recorded(home, event) == made
    assert await other.recorded(home, EventId("bind")) == bound
    assert await other.recorded(home, DELETE) == deleted
    assert await other.recorded(home, EventId("none")) is None


async def test_what_did_not_happen_is_not_on_record(store: Store) -> None:
    made = await workspace_session(store, "alpha")
    with pytest.raises(NameTaken):
        await store.create(made.key.workspace, new("other-id", "ALPHA"), None, EventId("in vain"))
    assert await store.recorded(made.key.workspace, EventId("in vain")) is None


async def test_a_record_stays_in_its_workspace_and_its_time(store: Store, advance: Advance) -> None:
    made = await workspace_session(store, "alpha")
    event = EventId(f"create {made.key.id}")
    elsewhere = await store.workspace(WorkspaceKey("telegram:-200"))
    assert await store.recorded(elsewhere.id, event) is None
    assert await store.recorded(WorkspaceId("none"), event) is None
    await advance(EVENT_MEMORY + MOMENT)
    await store.sweep(claim(), 10)
    assert await store.recorded(made.key.workspace, event) is None


async def test_a_turn_or_a_stop_is_no_record(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.stop(work.session.key, EventId("stop"))
    for event in (work.turn.id, EventId("stop")):
        assert await store.recorded(work.session.key.workspace, event) is None
