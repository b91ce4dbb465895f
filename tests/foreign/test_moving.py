from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessions.errors import StoreUnavailable
from sessions.leaving import all_sessions, whole_transcript
from sessions.model import (
    OPEN,
    EventId,
    Message,
    PersonId,
    Role,
    Session,
    SessionId,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.moving import (
    AT_ONCE,
    MOST_AT_ONCE,
    Found,
    FoundSession,
    Remark,
    Report,
    Skipped,
    take_in,
)
from sessions.names import nearest_name, parse_name
from sessions.ports.bringing import Brought
from storage.memory import MemoryStore

NOW = datetime(2025, 1, 1, tzinfo=UTC)
MANY = 10 * AT_ONCE


class FrailStore(MemoryStore):
    """Goes away after so many sessions."""

    def __init__(self, lives: int) -> None:
        super().__init__()
        self.lives = lives

    async def bring(self, workspace: WorkspaceId, brought: Brought) -> Session:
        self.lives -= 1
        if self.lives < 0:
            raise StoreUnavailable("the disk is full")
        return await super().bring(workspace, brought)


def piece(number: int, *, name: str = "", size: int = 5) -> FoundSession:
    said = Message(Role.USER, "x" * size, EventId(f"turn {number}"), NOW)
    brought = Brought(
        SessionId(f"id-{number:06}"),
        name or f"s-{number}",
        OPEN,
        PersonId("cli:ada"),
        NOW,
        NOW + timedelta(seconds=number),
        messages=(said,),
    )
    return FoundSession(f"file {number}", "session", brought)


async def moved(store: MemoryStore, found: Iterator[Found]) -> tuple[Report, list[Skipped | Remark]]:
    told: list[Skipped | Remark] = []
    home = await store.workspace(WorkspaceKey("local"))
    return await take_in(store, home.id, found, told.append), told


async def test_only_a_few_pieces_are_in_memory() -> None:
    store, ahead = MemoryStore(), [0]
    home = await store.workspace(WorkspaceKey("local"))

    def found(size: int) -> Iterator[Found]:
        for number in range(MANY):
            there = home.id in store._tables and len(store._tables[home.id].sessions)
            ahead[0] = max(ahead[0], number - there)
            yield piece(number, size=size)

    assert (await moved(store, found(5)))[0].sessions.added == MANY
    assert 0 < ahead[0] < 3 * AT_ONCE
    store._tables[home.id].sessions.clear()
    ahead[0] = 0
    store = MemoryStore()
    home = await store.workspace(WorkspaceKey("local"))
    await moved(store, found(MOST_AT_ONCE // 3))
    assert ahead[0] <= 8


async def test_names_are_given_in_the_order_of_what_is_found() -> None:
    store = MemoryStore()
    report, told = await moved(store, (piece(number, name="same") for number in range(3)))
    assert (report.sessions.added, report.renamed) == (3, 2)
    home = await store.workspace(WorkspaceKey("local"))
    assert await store.names(home.id, None, "", 10) == ("same", "same-000001", "same-000002")
    assert told[0] == Remark("file 1", "“same” was taken: it is “same-000001” here")


async def test_what_is_found_twice_at_once_is_added_once() -> None:
    report, told = await moved(MemoryStore(), iter([piece(1), piece(1), Skipped("x", "why")]))
    assert (report.sessions.added, report.sessions.there, report.skipped) == (1, 1, 1)
    assert told == [Skipped("x", "why")]


async def test_a_store_that_goes_away_keeps_what_it_has_and_the_repeat_adds_the_rest() -> None:
    store = FrailStore(lives=40)
    with pytest.raises(StoreUnavailable):
        await moved(store, map(piece, range(MANY)))
    store.lives = MANY
    report, _ = await moved(store, map(piece, range(MANY)))
    assert (report.sessions.there, report.sessions.added) == (40, MANY - 40)


async def test_one_that_cannot_be_taken_hides_no_other() -> None:
    store = MemoryStore()
    home = await store.workspace(WorkspaceKey("local"))
    full = replace(piece(1), brought=replace(piece(1).brought, name="taken"))
    for name in full.brought.names():
        other = replace(piece(7).brought, id=SessionId(f"other {name}"), name=name)
        await store.bring(home.id, other)
    report, told = await moved(store, iter([full, piece(2)]))
    assert (report.sessions.added, report.skipped) == (1, 1)
    assert told == [Skipped("file 1", "There is a session named taken already. Give it another name.")]


async def test_a_transcript_and_a_workspace_are_read_in_pages() -> None:
    store = MemoryStore()
    home = await store.workspace(WorkspaceKey("local"))
    messages = tuple(replace(piece(1).brought.messages[0], content=str(one)) for one in range(1_001))
    long = await store.bring(home.id, replace(piece(0).brought, messages=messages))
    assert tuple([one async for one in whole_transcript(store, long)]) == messages
    await moved(store, map(piece, range(1, 450)))
    ids = [one.key.id async for one in all_sessions(store, home.id)]
    assert ids == [f"id-{one:06}" for one in reversed(range(450))]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("trip", "trip"),
        ("  trip\t plan\n", "trip plan"),
        ("two  spaces", "two  spaces"),
        ("42", "session-42"),
        ("", "otherwise"),
        ("\u200b\u200f", "otherwise"),
        ("x" * 100, "x" * 64),
        ("9" * 100, f"session-{'9' * 56}"),
        ("../../etc", "../../etc"),
    ],
)
def test_the_nearest_name_is_one(text: str, name: str) -> None:
    assert nearest_name(text, "otherwise") == parse_name(name) == name
