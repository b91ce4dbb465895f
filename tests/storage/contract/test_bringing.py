from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessions.errors import NoSuchSession
from sessions.model import (
    OPEN,
    Audience,
    EventId,
    Message,
    Preferences,
    Role,
    SessionId,
    SessionKey,
    Status,
    Tally,
    WorkspaceId,
)
from sessions.ports.bringing import Brought
from sessions.ports.store import Store
from tests.storage.conftest import Second
from tests.storage.contract.scene import (
    ADA,
    HOME,
    accept,
    claim,
    inbound,
    result,
    thread,
    workspace_session,
)

BORN = datetime(2024, 12, 16, 15, 30, tzinfo=UTC)
LAST = BORN + timedelta(minutes=15)


def message(place: int, text: str = "") -> Message:
    role = Role.ASSISTANT if place % 2 else Role.USER
    author = None if place % 2 else ADA
    return Message(role, text or f"message {place}", EventId(f"turn {place // 2}"), BORN, author)


def brought(name: str = "trip", identity: str = "0123456789abcdef", messages: int = 4) -> Brought:
    return Brought(
        SessionId(identity),
        name,
        OPEN,
        ADA.id,
        BORN,
        LAST,
        "A title",
        Preferences("a-model", "a system"),
        tokens=30,
        context=12,
        estimated=True,
        messages=tuple(map(message, range(messages))),
    )


async def test_a_session_is_brought_as_it_was(store: Store, second: Second) -> None:
    home = await store.workspace(HOME)
    wanted = brought()
    made = await store.bring(home.id, wanted)
    assert (made.key, made.name, made.title) == (SessionKey(home.id, wanted.id), "trip", "A title")
    assert (made.created_at, made.active_at, made.archived_at) == (BORN, LAST, None)
    assert (made.status, made.audience, made.starter) == (Status.PAUSED, OPEN, ADA.id)
    assert (made.tally, made.preferences) == (Tally(4, 2, 2, 30, 12, 36, True), wanted.preferences)
    other = await second()
    assert await other.get(made.key) == await other.by_name(home.id, "TRIP") == made
    assert (await other.page(home.id, None, None, 10)).sessions == (made,)
    assert await other.names(home.id, frozenset({OPEN}), "tr", 10) == ("trip",)
    assert await other.transcript(made.key, None, 10) == wanted.messages


async def test_a_session_that_is_brought_twice_is_there_once(store: Store, second: Second) -> None:
    taken = await workspace_session(store, "trip")
    home = taken.key.workspace
    made = await store.bring(home, brought())
    assert made.name == "trip-abcdef"
    grown = replace(brought(messages=6), title="Another")
    assert await (await second()).bring(home, grown) == made
    assert await store.transcript(made.key, None, 10) == brought().messages
    assert (await store.page(home, None, None, 10)).total == 2
    third = await store.bring(home, brought(identity="1111111111abcdef"))
    assert third.name == "trip-1111111111abcdef"


async def test_what_was_put_away_stays_put_away(store: Store) -> None:
    home = await store.workspace(HOME)
    made = await store.bring(home.id, replace(brought(), archived_at=LAST))
    assert (made.status, made.archived_at) == (Status.ARCHIVED, LAST)
    woken = await store.bind(made.key, thread(), EventId("bind"))
    assert woken.status is Status.ACTIVE


async def test_a_brought_session_goes_on(store: Store) -> None:
    home = await store.workspace(HOME)
    made = await store.bring(home.id, brought())
    await store.bind(made.key, thread(), EventId("bind"))
    work = (await accept(store, inbound(1), claim())).work
    assert work is not None
    assert work.session.key == made.key
    assert work.news == brought().messages
    committed = await store.commit(work.lease, result(work.turn.id, "and then?", "home"))
    assert committed.session.tally.messages == 6
    assert await store.delivered(work.lease, work.turn.id, claim(), None) is None
    assert [one.content for one in await store.transcript(made.key, None, 2)] == ["and then?", "home"]


async def test_a_session_that_was_deleted_can_be_brought_again(store: Store) -> None:
    home = await store.workspace(HOME)
    for repeat in range(2):
        made = await store.bring(home.id, brought())
        await store.delete(made.key, EventId(f"delete {repeat}"))
        assert await store.get(made.key) is None
    again = await store.bring(home.id, brought())
    assert await store.get(again.key) == again
    assert (await store.page(home.id, None, None, 10)).total == 1


async def test_a_tombstone_is_left_alone(store: Store) -> None:
    home = await store.workspace(HOME)
    made = await store.bring(home.id, brought())
    await store.bind(made.key, thread(), EventId("bind"))
    await accept(store, inbound(1))
    await store.delete(made.key, EventId("delete"))
    assert (await store.bring(home.id, brought())).status is Status.DELETED
    assert await store.get(made.key) is None


async def test_a_private_session_stays_in_its_channel(store: Store) -> None:
    home = await store.workspace(HOME)
    private = Audience("discord:7")
    made = await store.bring(home.id, replace(brought(), audience=private))
    assert (await store.page(home.id, frozenset({OPEN}), None, 10)).sessions == ()
    assert (await store.page(home.id, frozenset({private}), None, 10)).sessions == (made,)


async def test_a_long_session_comes_whole(store: Store) -> None:
    home = await store.workspace(HOME)
    made = await store.bring(home.id, brought(name="n" * 64, messages=4_001))
    assert made.tally.messages == 4_001
    assert [one.content for one in await store.transcript(made.key, 2_001, 2)] == [
        "message 1999",
        "message 2000",
    ]
    again = await store.bring(home.id, brought(name="n" * 64, identity="fedcba9876543210"))
    assert again.name == "n" * 57 + "-543210"


async def test_an_unknown_workspace_takes_nothing(store: Store) -> None:
    with pytest.raises(NoSuchSession):
        await store.bring(WorkspaceId("nowhere"), brought())


async def test_text_that_no_encoding_carries_is_mended(store: Store) -> None:
    home = await store.workspace(HOME)
    broken = replace(brought(), messages=(message(0, "half \ud83d"),), title="\udc00")
    made = await store.bring(home.id, broken)
    assert made.title == "\ufffd"
    assert (await store.transcript(made.key, None, 1))[0].content == "half \ufffd"
