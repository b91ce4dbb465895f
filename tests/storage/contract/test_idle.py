from dataclasses import replace
from datetime import timedelta

import pytest

from sessions.model import OPEN, Audience, EventId, Session, SessionId, SessionKey, Status, WorkspaceKey
from sessions.ports.catalog import Cursor
from sessions.ports.store import Store
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import (
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

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
CHANNEL = Audience("channel 9")


async def reread(store: Store, key: SessionKey) -> Session:
    found = await store.get(key)
    assert found is not None
    return found


async def archived(store: Store, session: Session) -> Session:
    assert await store.expire(session)
    return await reread(store, session.key)


async def test_idle_sessions_are_those_without_activity_since(store: Store, advance: Advance) -> None:
    sessions: list[Session] = []
    for name, audience in (("a", OPEN), ("b", CHANNEL), ("c", OPEN)):
        sessions.append(await workspace_session(store, name, audience=audience))
        await advance(DAY)
    first, second, third = sessions
    home = first.key.workspace
    for since, expected in (
        (first.active_at - MOMENT, ()),
        (first.active_at, (first,)),
        (third.active_at - MOMENT, (second, first)),
        (third.active_at + DAY, (third, second, first)),
    ):
        page = await store.page(home, None, None, 10, idle_since=since)
        assert (page.sessions, page.total, page.next) == (expected, 3, None)
    open_only = await store.page(home, frozenset({OPEN}), None, 10, idle_since=second.active_at)
    assert open_only.sessions == (first,)


async def test_idle_sessions_come_in_pages_while_they_vanish(store: Store, advance: Advance) -> None:
    for number in range(7):
        await workspace_session(store, f"s{number}")
        await advance(MOMENT * (number % 2))
    active = await workspace_session(store, "active")
    since, after = active.active_at - MOMENT, None
    seen: list[str] = []
    while True:
        page = await store.page(active.key.workspace, None, after, 2, idle_since=since)
        seen += [session.name for session in page.sessions]
        for session in page.sessions:
            assert await store.expire(await archived(store, session))
        after = page.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 6
    assert await reread(store, active.key) == active


async def test_a_cursor_of_newer_sessions_leads_to_no_active_one(store: Store, advance: Advance) -> None:
    old = await workspace_session(store, "old")
    await advance(DAY)
    await workspace_session(store, "new")
    await advance(DAY)
    await workspace_session(store, "newest")
    cursor = (await store.page(old.key.workspace, None, None, 1)).next
    assert isinstance(cursor, Cursor)
    page = await store.page(old.key.workspace, None, cursor, 10, idle_since=old.active_at)
    assert page.sessions == (old,)


async def test_archiving_is_dated_by_the_first_time(
    store: Store, second: Second, advance: Advance
) -> None:
    session = await workspace_session(store, "one")
    assert session.archived_at is None
    await advance(DAY)
    for _ in range(2):
        await store.archive(session.key, archived=True)
        found = await reread(await second(), session.key)
        assert found.archived_at == session.active_at + DAY
        await advance(DAY)
    await store.archive(session.key, archived=False)
    assert (await reread(store, session.key)).archived_at is None
    await store.archive(session.key, archived=True)
    assert (await reread(store, session.key)).archived_at == session.active_at + 3 * DAY
    woken = await store.bind(session.key, thread(), EventId("bind"))
    assert woken.archived_at is None


async def test_an_idle_session_is_archived_and_loses_nothing(
    store: Store, second: Second, advance: Advance
) -> None:
    session = await converse(store, inbound(1))
    await advance(DAY)
    assert await store.expire(session)
    found = await reread(await second(), session.key)
    expected = replace(session, status=Status.ARCHIVED, archived_at=session.active_at + DAY)
    assert found == expected
    assert await store.bound(thread()) == found
    assert len(await store.transcript(session.key, None, 10)) == 2


async def test_an_archived_session_is_erased(store: Store, second: Second) -> None:
    session = await converse(store, inbound(1))
    await converse(store, inbound(2))
    other = await converse(store, inbound(1, thread("other")))
    last = await archived(store, await reread(store, session.key))
    assert await store.expire(last)
    home = session.key.workspace
    for one in (store, await second()):
        assert await one.get(session.key) is None
        assert await one.by_name(home, session.name) is None
        assert await one.bound(thread()) is None
        assert await one.transcript(session.key, None, 10) == ()
        assert await one.waiting(session.key) == ()
        assert (await one.page(home, None, None, 10)).sessions == (other,)
        assert await one.names(home, None, "", 10) == (other.name,)
        assert await one.acquire(session.key, claim(), None) is None
        assert await one.sweep(claim(), 10) == ()
    again = await workspace_session(store, session.name)
    assert again.key != session.key


async def test_a_message_of_an_erased_session_is_still_known(store: Store) -> None:
    session = await converse(store, inbound(1))
    assert await store.expire(await archived(store, session))
    again = await accept(store, inbound(1), claim())
    assert (again.fresh, again.started, again.work) == (False, False, None)
    fresh = await accept(store, inbound(2), claim(), proposed=proposal("fresh-id-1"))
    assert fresh.started


async def test_a_repeat_does_nothing(store: Store) -> None:
    session = await converse(store, inbound(1))
    last = await archived(store, session)
    assert not await store.expire(session)
    assert await reread(store, session.key) == last
    assert await store.expire(last)
    assert not await store.expire(last)


async def test_a_session_in_which_something_was_said_meanwhile_stays(
    store: Store, advance: Advance
) -> None:
    session = await converse(store, inbound(1))
    await advance(MOMENT)
    active = await converse(store, inbound(2))
    assert not await store.expire(session)
    assert await reread(store, session.key) == active
    last = await archived(store, active)
    await advance(MOMENT)
    woken = await converse(store, inbound(3))
    assert woken.status is Status.ACTIVE
    assert woken.archived_at is None
    assert not await store.expire(last)
    assert await reread(store, session.key) == woken


@pytest.mark.parametrize("way", ["resumed", "taken back", "archived again"])
async def test_an_archived_session_that_somebody_wanted_meanwhile_stays(
    store: Store, advance: Advance, way: str
) -> None:
    last = await archived(store, await converse(store, inbound(1)))
    await advance(MOMENT)
    if way == "resumed":
        await store.bind(last.key, thread("8"), EventId("bind"))
    else:
        await store.archive(last.key, archived=False)
    if way == "archived again":
        await store.archive(last.key, archived=True)
    found = await reread(store, last.key)
    assert not await store.expire(last)
    assert await reread(store, last.key) == found


async def test_a_session_with_an_inbox_stays_at_every_stage_of_its_turn(
    store: Store, advance: Advance
) -> None:
    accepted = await accept(store, inbound(1))
    await advance(DAY)
    assert not await store.expire(accepted.session)
    work = await store.acquire(accepted.session.key, claim(), None)
    assert work is not None
    assert not await store.expire(await reread(store, work.session.key))
    committed = await store.commit(work.lease, result(work.turn.id, "a", "b"))
    await advance(DAY)
    assert not await store.expire(committed.session)
    await store.archive(work.session.key, archived=True)
    assert not await store.expire(await reread(store, work.session.key))
    (again,) = await store.sweep(claim("two"), 10)
    assert await store.delivered(again.lease, again.turn.id, claim("two"), None) is None
    assert await store.expire(await reread(store, work.session.key))
    assert await store.get(work.session.key) is None


async def test_a_session_is_expired_in_its_own_workspace_only(store: Store) -> None:
    session = await workspace_session(store, "one")
    other = await store.workspace(WorkspaceKey("telegram:-200"))
    for key in (SessionKey(other.id, session.key.id), SessionKey(other.id, SessionId("none"))):
        assert not await store.expire(replace(session, key=key))
    assert await reread(store, session.key) == session


async def test_a_late_commit_brings_nothing_back(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert await store.delivered(work.lease, work.turn.id, claim(), None) is None
    assert await store.expire(await archived(store, await reread(store, work.session.key)))
    again = await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert not again.fresh
    assert await store.get(work.session.key) is None
    assert await store.transcript(work.session.key, None, 10) == ()
