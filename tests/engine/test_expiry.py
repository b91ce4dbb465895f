"""Sessions in which nothing happens are archived, then erased, and wake up when they are talked to."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bots.duty import Duty
from sessions.errors import StoreDamaged, StoreUnavailable
from sessions.expiry import EVERY, FIRST, Expiry, Retention
from sessions.model import (
    OPEN,
    EventId,
    Holder,
    RoleName,
    Session,
    SessionId,
    SessionKey,
    Status,
    WorkspaceKey,
)
from sessions.ports.catalog import Cursor, NewSession, WorkspacePage
from storage.memory import MemoryStore
from tests.bots.virtual import now, run
from tests.engine.conftest import Core
from tests.engine.parts import ADA, said

DAY = timedelta(days=1)
RULE = Retention(archive_after=30 * DAY, delete_after=60 * DAY)


async def talk(core: Core, number: int, topic: str = "") -> Session:
    """Say something and wait for the answer."""
    async with core.engine() as engine:
        await engine.accept(said(f"line {number}", number, topic))
        await core.screen.wait(len(core.screen.finished) + 1)
    return await core.session(topic)


async def go_round(core: Core, rule: Retention = RULE) -> None:
    await Expiry(core.store, rule, clock=core.clock).go_round()


async def status(core: Core, key: SessionKey) -> Status | None:
    found = await core.store.get(key)
    return None if found is None else found.status


async def test_an_idle_session_is_archived_and_later_erased(core: Core) -> None:
    key = (await talk(core, 1)).key
    for wait, expected in (
        (30 * DAY - timedelta(seconds=1), Status.ACTIVE),
        (timedelta(seconds=1), Status.ARCHIVED),
        (60 * DAY - timedelta(seconds=1), Status.ARCHIVED),
        (timedelta(seconds=1), None),
    ):
        core.clock.advance(wait)
        await go_round(core)
        assert await status(core, key) is expected


async def test_without_a_time_for_it_nothing_is_erased(core: Core) -> None:
    key = (await talk(core, 1)).key
    for _ in range(3):
        core.clock.advance(3_650 * DAY)
        await go_round(core, Retention(30 * DAY))
    assert await status(core, key) is Status.ARCHIVED


async def test_an_archived_session_that_is_talked_to_wakes_up_and_knows_what_was_said(core: Core) -> None:
    key = (await talk(core, 1)).key
    core.clock.advance(89 * DAY)
    await go_round(core)
    assert await status(core, key) is Status.ARCHIVED
    woken = await talk(core, 2)
    assert (woken.key, woken.status) == (key, Status.ACTIVE)
    assert [text for _, text in await core.transcript()] == [
        *("line 1", "re: line 1"),
        *("line 2", "re: line 2"),
    ]
    core.clock.advance(29 * DAY)
    await go_round(core)
    assert await status(core, key) is Status.ACTIVE


async def test_what_was_idle_for_years_before_the_rule_was_set_stays_its_time_in_the_archive(
    core: Core,
) -> None:
    key = (await talk(core, 1)).key
    core.clock.advance(3_650 * DAY)
    await go_round(core)
    core.clock.advance(59 * DAY)
    await go_round(core)
    assert await status(core, key) is Status.ARCHIVED
    core.clock.advance(DAY)
    await go_round(core)
    assert await status(core, key) is None


async def test_a_session_that_somebody_archived_goes_no_earlier_than_others(core: Core) -> None:
    session, other = await talk(core, 1, "a"), await talk(core, 2, "b")
    core.clock.advance(DAY)
    await core.store.archive(session.key, archived=True)
    for _ in range(88):
        core.clock.advance(DAY)
        await go_round(core)
        assert await status(core, session.key) is Status.ARCHIVED
    core.clock.advance(DAY)
    await go_round(core)
    assert await status(core, session.key) is None
    assert await status(core, other.key) is None


async def test_a_thread_whose_session_was_erased_starts_another(core: Core) -> None:
    first = await talk(core, 1)
    core.clock.advance(30 * DAY)
    await go_round(core)
    core.clock.advance(60 * DAY)
    await go_round(core)
    second = await talk(core, 2)
    assert second.key != first.key
    assert [text for _, text in await core.transcript()] == ["line 2", "re: line 2"]


async def test_all_of_many_sessions_and_workspaces_are_found_and_logged_by_their_ids(
    core: Core, capsys: pytest.CaptureFixture[str]
) -> None:
    homes = [(f"telegram:{number}", 1) for number in range(120)] + [("telegram:-100", 230)]
    keys = [key for home, count in homes for key in await sessions_in(core.store, home, count)]
    core.clock.advance(30 * DAY)
    await go_round(core)
    assert {await status(core, key) for key in keys} == {Status.ARCHIVED}
    logged = capsys.readouterr().out
    assert logged.count("session.expired") == len(keys)
    assert all(str(key) in logged for key in keys)
    assert "secret" not in logged


async def sessions_in(store: MemoryStore, home: str, count: int) -> list[SessionKey]:
    workspace = await store.workspace(WorkspaceKey(home), "secret title")
    made = [
        await store.create(
            workspace.id, NewSession(SessionId(id_), f"secret {id_}", OPEN, ADA.id), None, EventId(id_)
        )
        for id_ in (f"{home} {number}" for number in range(count))
    ]
    return [session.key for session in made]


def store_clock() -> datetime:
    return datetime(2031, 3, 5, tzinfo=UTC) + timedelta(seconds=now())


class Troubled(MemoryStore):
    """By the loop's time; sessions are damaged, or the store is away, when a test says so."""

    def __init__(self) -> None:
        super().__init__(clock=store_clock)
        self.damaged: set[SessionKey] = set()
        self.away = False
        self.rounds: list[float] = []

    async def workspaces(self, after: Cursor | None, limit: int) -> WorkspacePage:
        self.rounds.append(now())
        if self.away:
            raise StoreUnavailable("away")
        return await super().workspaces(after, limit)

    async def expire(self, seen: Session) -> bool:
        if seen.key in self.damaged:
            raise StoreDamaged("a session that cannot be read")
        return await super().expire(seen)

    async def statuses(self, keys: list[SessionKey]) -> list[Status | None]:
        found = [await self.get(key) for key in keys]
        return [None if one is None else one.status for one in found]


def test_one_of_two_processes_goes_round_every_hour() -> None:
    async def scenario() -> None:
        store = Troubled()
        tasks = [
            asyncio.create_task(
                Duty(store, RoleName("expiry"), Holder(name), timedelta(seconds=30)).perform(
                    Expiry(store, RULE, clock=store_clock).run
                )
            )
            for name in ("one", "two")
        ]
        await asyncio.sleep(FIRST.total_seconds() + 3 * EVERY.total_seconds() + 1)
        first, every = FIRST.total_seconds(), EVERY.total_seconds()
        assert store.rounds == pytest.approx([first + number * every for number in range(4)])
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    run(scenario())


def test_a_store_that_was_away_is_gone_round_an_hour_later() -> None:
    async def scenario() -> None:
        store = Troubled()
        keys = await sessions_in(store, "telegram:1", 3)
        await asyncio.sleep(RULE.archive_after.total_seconds())
        store.away = True
        task = asyncio.create_task(Expiry(store, RULE, clock=store_clock).run())
        await asyncio.sleep(2 * EVERY.total_seconds())
        assert await store.statuses(keys) == [Status.PAUSED] * 3
        store.away = False
        await asyncio.sleep(EVERY.total_seconds())
        assert await store.statuses(keys) == [Status.ARCHIVED] * 3
        task.cancel()
        await asyncio.wait([task])

    run(scenario())


def test_damage_to_one_session_keeps_no_other() -> None:
    async def scenario() -> None:
        store = Troubled()
        keys = await sessions_in(store, "telegram:1", 3)
        store.damaged.add(keys[1])
        await asyncio.sleep(RULE.archive_after.total_seconds())
        await Expiry(store, RULE, clock=store_clock).go_round()
        assert await store.statuses(keys) == [Status.ARCHIVED, Status.PAUSED, Status.ARCHIVED]

    run(scenario())
