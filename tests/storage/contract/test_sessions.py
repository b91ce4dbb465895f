from datetime import timedelta

import pytest

from sessions.errors import NameTaken, NoSuchSession
from sessions.model import (
    OPEN,
    Audience,
    EventId,
    Preferences,
    SessionId,
    SessionKey,
    Status,
    WorkspaceKey,
)
from sessions.ports.catalog import NewSession
from sessions.ports.store import Store
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import (
    ADA,
    HOME,
    accept,
    claim,
    inbound,
    new,
    result,
    take,
    thread,
    workspace_session,
)

CREATE, BIND = EventId("create"), EventId("bind")


async def test_a_workspace_is_made_once_per_key(store: Store, second: Second) -> None:
    first = await store.workspace(HOME, "A group")
    assert (first.key, first.title) == (HOME, "A group")
    assert await (await second()).workspace(HOME) == first
    assert await store.find_workspace(HOME) == first
    assert (await store.workspace(WorkspaceKey("local"))).id != first.id


async def test_a_given_title_replaces_the_stored_one(store: Store) -> None:
    first = await store.workspace(HOME, "A group")
    renamed = await store.workspace(HOME, "Another name")
    assert (renamed.id, renamed.title) == (first.id, "Another name")
    assert await store.find_workspace(HOME) == renamed


async def test_looking_for_a_workspace_makes_none(store: Store) -> None:
    assert await store.find_workspace(HOME) is None
    assert (await store.workspaces(None, 10)).workspaces == ()


async def test_a_session_is_created_by_name(store: Store, second: Second) -> None:
    home = await store.workspace(HOME)
    wanted = NewSession(
        SessionId("some-id"), "Trip", Audience("c9"), ADA.id, "A title", Preferences("m", "s")
    )
    made = await store.create(home.id, wanted, None, CREATE)
    assert made.key == SessionKey(home.id, wanted.id)
    assert (made.name, made.title, made.audience) == ("Trip", "A title", Audience("c9"))
    assert (made.starter, made.preferences, made.status) == (ADA.id, wanted.preferences, Status.PAUSED)
    assert made.created_at == made.active_at
    assert await (await second()).get(made.key) == made


async def test_a_session_created_in_a_thread_is_bound_to_it(store: Store) -> None:
    made = await workspace_session(store, "Trip", where=thread())
    assert made.status is Status.ACTIVE
    assert await store.bound(thread()) == made
    accepted = await accept(store, inbound(1))
    assert accepted.session.key == made.key
    assert not accepted.started


async def test_a_session_created_in_a_bound_thread_pauses_the_former(store: Store) -> None:
    former = await workspace_session(store, "former", where=thread())
    await workspace_session(store, "latter", where=thread())
    found = await store.get(former.key)
    assert found is not None
    assert found.status is Status.PAUSED


@pytest.mark.parametrize(("name", "same"), [("Trip", "tRIP"), ("straße", "STRASSE"), ("é", "É")])
async def test_a_name_is_taken_whatever_its_case(store: Store, name: str, same: str) -> None:
    first = await workspace_session(store, name)
    with pytest.raises(NameTaken):
        await store.create(first.key.workspace, new("other", same), thread(), CREATE)
    assert await store.bound(thread()) is None
    assert await store.get(SessionKey(first.key.workspace, SessionId("other"))) is None
    assert await store.by_name(first.key.workspace, same) == first


async def test_a_repeated_create_returns_what_the_first_did(store: Store, second: Second) -> None:
    home = await store.workspace(HOME)
    first = await store.create(home.id, new("an-id", "Trip"), thread(), CREATE)
    await store.unbind(thread())
    again = await (await second()).create(home.id, new("other", "Trip"), thread(), CREATE)
    assert again == first
    assert await store.bound(thread()) is None


async def test_a_create_repeated_after_the_deletion_brings_nothing_back(store: Store) -> None:
    home = await store.workspace(HOME)
    first = await store.create(home.id, new("an-id", "Trip"), thread(), CREATE)
    await store.delete(first.key, EventId("delete"))
    assert await store.create(home.id, new("an-id", "Trip"), thread(), CREATE) == first
    assert await store.by_name(home.id, "Trip") is None


async def test_a_refused_create_may_be_tried_again(store: Store) -> None:
    taken = await workspace_session(store, "Trip")
    home = taken.key.workspace
    with pytest.raises(NameTaken):
        await store.create(home, new("other", "trip"), None, CREATE)
    await store.delete(taken.key, EventId("delete"))
    assert (await store.create(home, new("other", "trip"), None, CREATE)).name == "trip"


async def test_binding_activates_and_pauses(store: Store) -> None:
    one, two = [await workspace_session(store, name) for name in ("one", "two")]
    assert (await store.bind(one.key, thread(), BIND)).status is Status.ACTIVE
    assert (await store.bind(two.key, thread(), EventId("bind 2"))).status is Status.ACTIVE
    bound = await store.bound(thread())
    former = await store.get(one.key)
    assert bound is not None
    assert former is not None
    assert (bound.key, former.status) == (two.key, Status.PAUSED)


async def test_a_session_may_be_bound_to_many_threads(store: Store) -> None:
    session = await workspace_session(store, "one", where=thread("a"))
    await store.bind(session.key, thread("b"), BIND)
    await store.unbind(thread("a"))
    found = await store.get(session.key)
    assert found is not None
    assert found.status is Status.ACTIVE
    await store.unbind(thread("b"))
    await store.unbind(thread("b"))
    found = await store.get(session.key)
    assert found is not None
    assert found.status is Status.PAUSED


async def test_binding_wakes_an_archived_session(store: Store) -> None:
    session = await workspace_session(store, "one")
    await store.archive(session.key, archived=True)
    assert (await store.bind(session.key, thread(), BIND)).status is Status.ACTIVE


async def test_a_repeated_bind_returns_what_the_first_did(store: Store) -> None:
    session = await workspace_session(store, "one")
    first = await store.bind(session.key, thread(), BIND)
    await store.unbind(thread())
    assert await store.bind(session.key, thread(), BIND) == first
    assert await store.bound(thread()) is None


async def test_a_thread_is_bound_in_one_workspace_only(store: Store) -> None:
    here = await workspace_session(store, "here", where=thread())
    there = await workspace_session(store, "there", workspace=WorkspaceKey("local"))
    await store.bind(there.key, thread(), BIND)
    assert await store.bound(thread()) == await store.get(there.key)
    former = await store.get(here.key)
    assert former is not None
    assert former.status is Status.PAUSED
    await store.unbind(thread())
    assert await store.bound(thread()) is None


async def test_a_session_that_does_not_exist_cannot_be_bound(store: Store) -> None:
    home = await store.workspace(HOME)
    with pytest.raises(NoSuchSession):
        await store.bind(SessionKey(home.id, SessionId("none")), thread(), BIND)
    session = await workspace_session(store, "one")
    await store.delete(session.key, EventId("delete"))
    with pytest.raises(NoSuchSession):
        await store.bind(session.key, thread(), BIND)


async def test_accepted_messages_stay_with_their_session(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    other = await workspace_session(store, "other", where=thread())
    await accept(store, inbound(3))
    assert [turn.inbound.number for turn in await store.waiting(work.session.key)] == [1, 2]
    assert [turn.inbound.number for turn in await store.waiting(other.key)] == [3]
    assert (await store.commit(work.lease, result(work.turn.id, "a", "b"))).fresh


async def test_an_unbound_thread_is_bound_to_nothing(store: Store) -> None:
    assert await store.bound(thread()) is None
    await store.unbind(thread())
    await workspace_session(store, "one", where=thread())
    await store.unbind(thread())
    assert await store.bound(thread()) is None


async def test_a_session_gets_another_title(store: Store) -> None:
    session = await workspace_session(store, "one")
    await store.retitle(session.key, "A better title")
    found = await store.get(session.key)
    assert found is not None
    assert (found.title, found.name) == ("A better title", "one")


async def test_archiving_puts_away_and_takes_back(store: Store) -> None:
    session = await workspace_session(store, "one", where=thread())
    for archived, status in ((True, Status.ARCHIVED), (False, Status.ACTIVE)):
        for _ in range(2):
            await store.archive(session.key, archived=archived)
            found = await store.get(session.key)
            assert found is not None
            assert found.status is status
    await store.unbind(thread())
    await store.archive(session.key, archived=True)
    await store.archive(session.key, archived=False)
    found = await store.get(session.key)
    assert found is not None
    assert found.status is Status.PAUSED


async def test_changing_a_session_that_is_gone_changes_nothing(store: Store) -> None:
    session = await workspace_session(store, "one")
    await store.delete(session.key, EventId("delete"))
    await store.retitle(session.key, "A title")
    await store.archive(session.key, archived=True)
    assert await store.get(session.key) is None
    assert (await store.page(session.key.workspace, None, None, 10)).sessions == ()


async def test_a_running_turn_survives_archiving(store: Store) -> None:
    work = await take(store, inbound(1))
    await store.archive(work.session.key, archived=True)
    committed = await store.commit(work.lease, result(work.turn.id, "a", "b"))
    assert committed.session.status is Status.ARCHIVED
    assert await store.acquire(work.session.key, claim("two"), None) is None


async def test_a_session_of_another_workspace_is_not_found(store: Store) -> None:
    mine = await workspace_session(store, "mine", where=thread())
    other = await store.workspace(WorkspaceKey("telegram:-200"))
    foreign = SessionKey(other.id, mine.key.id)
    assert await store.get(foreign) is None
    assert await store.by_name(other.id, "mine") is None
    assert await store.transcript(foreign, None, 10) == ()
    assert await store.waiting(foreign) == ()
    assert (await store.page(other.id, None, None, 10)).total == 0
    assert await store.names(other.id, None, "", 10) == ()
    assert await store.acquire(foreign, claim(), None) is None
    assert await store.stop(foreign, EventId("stop")) is None
    with pytest.raises(NoSuchSession):
        await store.delete(foreign, EventId("delete"))
    with pytest.raises(NoSuchSession):
        await store.bind(foreign, thread("b"), BIND)
    await store.retitle(foreign, "stolen")
    await store.archive(foreign, archived=True)
    assert await store.get(mine.key) == mine


async def test_workspaces_have_names_of_their_own(store: Store) -> None:
    here = await workspace_session(store, "trip")
    there = await workspace_session(store, "Trip", workspace=WorkspaceKey("local"))
    assert await store.by_name(here.key.workspace, "TRIP") == here
    assert await store.by_name(there.key.workspace, "TRIP") == there


async def test_what_a_command_did_is_remembered_beside_its_message(store: Store) -> None:
    event = EventId("one event")
    home = await store.workspace(HOME)
    made = await store.create(home.id, new("an-id", "Trip"), None, event)
    bound = await store.bind(made.key, thread(), event)
    accepted = await accept(store, inbound(1, event=event))
    assert (made.status, bound.status) == (Status.PAUSED, Status.ACTIVE)
    assert accepted.fresh
    assert accepted.session.key == made.key


async def test_receipts_last_as_long_as_events(store: Store, advance: Advance) -> None:
    home = await store.workspace(HOME)
    first = await store.create(home.id, new("an-id", "Trip", OPEN), None, CREATE)
    await advance(timedelta(hours=47))
    await store.sweep(claim(), 10)
    assert await store.create(home.id, new("other", "Trip"), None, CREATE) == first
