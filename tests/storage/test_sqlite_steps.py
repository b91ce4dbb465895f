import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sessions.errors import LeaseLost, NameTaken, SettingError
from sessions.model import OPEN, Audience, EventId, SessionKey
from sessions.ports.turns import Known, Wake
from storage.sqlite import SqliteStore
from storage.sqlite.step import Step
from tests.storage.conftest import ManualClock
from tests.storage.contract.scene import (
    HOME,
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    new,
    result,
    take,
    workspace_session,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "parley.db", clock=ManualClock()) as opened:
        yield opened


def by_hand(store: SqliteStore, tmp_path: Path, statement: str, *values: object) -> None:
    """Change the file as no program should."""
    connection = sqlite3.connect(tmp_path / "parley.db")
    with connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


async def test_calls_that_queue_up_share_a_transaction_and_an_error_stays_with_its_call(
    store: SqliteStore,
) -> None:
    home = await store.workspace(HOME)
    names = ["a", "b", "a", "c"]
    made = await asyncio.gather(
        *(
            store.create(home.id, new(f"id-{n}", name), None, EventId(f"create {n}"))
            for n, name in enumerate(names)
        ),
        return_exceptions=True,
    )
    assert [isinstance(one, NameTaken) for one in made] == [False, False, True, False]
    assert (await store.page(home.id, None, None, 10)).total == 3


async def test_a_step_that_fails_after_writing_leaves_nothing(store: SqliteStore) -> None:
    def broken(step: Step) -> None:
        step.execute("INSERT INTO workspaces (id, key, title, created_at) VALUES ('x', 'x', '', 0)")
        raise SettingError("broken on purpose")

    for others in (0, 3):
        calls: list[Awaitable[object]] = [store._db.write(broken)]
        calls += [store.workspace(HOME) for _ in range(others)]
        failed, *well = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(failed, SettingError)
        assert not any(isinstance(one, Exception) for one in well)
        assert await store._db.read(
            lambda step: step.execute("SELECT count(*) FROM workspaces WHERE id = 'x'").fetchone()
        ) == (0,)


async def test_a_cancelled_call_disturbs_no_other(store: SqliteStore) -> None:
    calls = [asyncio.ensure_future(store.workspace(HOME)) for _ in range(5)]
    await asyncio.wait(calls[:1], timeout=0)
    calls[2].cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in done] == [False, False, True, False, False]


async def steps_taken(store: SqliteStore, call: Callable[[], Awaitable[object]]) -> int:
    """How many instructions of SQLite's machine the call took."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    def watch(step: Step, handler: Callable[[], int] | None) -> None:
        step.execute.__self__.set_progress_handler(handler, 1)  # type: ignore[attr-defined] # a bound method's

    await store._db.read(watch, count)
    await call()
    await store._db.read(watch, None)
    return counted


async def test_a_turn_costs_the_same_in_a_long_session(store: SqliteStore) -> None:
    async def turn(number: int, known: int, *said: str) -> int:
        work = (await accept(store, inbound(number), claim(), known=Known(key.id, known))).work
        assert work is not None
        committed = await store.commit(work.lease, result(work.turn.id, *said))
        have = Known(key.id, committed.session.tally.messages)
        assert await store.delivered(work.lease, work.turn.id, claim(), have) is None
        return have.messages

    key = (await converse(store, inbound(1))).key
    short = await steps_taken(store, lambda: turn(2, 2, "a", "b"))
    known = 4
    for number in range(3, 13):
        known = await turn(number, known, *(["line"] * 1_000))
    long = await steps_taken(store, lambda: turn(20, known, "a", "b"))
    assert known > 10_000
    assert long <= short * 1.2


async def test_a_page_costs_the_same_among_many_sessions(store: SqliteStore) -> None:
    home = await store.workspace(HOME)
    private = Audience("channel")

    async def make(first: int, last: int) -> None:
        whose = [OPEN, private]
        await asyncio.gather(
            *(
                store.create(home.id, new(f"id-{n:06}", f"talk {n}", whose[n % 2]), None, EventId(f"{n}"))
                for n in range(first, last)
            )
        )

    async def page() -> None:
        first = await store.page(home.id, None, None, 20)
        assert first.next is not None
        await store.page(home.id, frozenset({OPEN}), first.next, 20)
        await store.names(home.id, frozenset({private}), "talk", 20)

    await make(0, 100)
    few = await steps_taken(store, page)
    await make(100, 5_000)
    assert await steps_taken(store, page) <= few * 1.2


async def test_an_unreadable_message_is_put_aside_and_hides_no_other(
    store: SqliteStore, tmp_path: Path
) -> None:
    session = await converse(store, inbound(1), "one", "two")
    await converse(store, inbound(2), "three", "four")
    by_hand(store, tmp_path, "UPDATE messages SET record = ? WHERE seq % 4294967296 = 1", b"1{tw")

    with capture_logs() as logs:
        for _ in range(2):
            read = await store.transcript(session.key, None, 10)
            assert [message.content for message in read] == ["one", "three", "four"]
    assert [entry["event"] for entry in logs] == ["store.quarantined"]
    (kept,) = await store.quarantined()
    assert "message 1" in kept.where
    found = await store.get(session.key)
    assert found is not None
    assert found.tally.messages == 3

    work = await take(store, inbound(3))
    assert [message.content for message in work.news] == ["one", "three", "four"]


async def test_an_unreadable_inbound_is_put_aside_and_the_inbox_goes_on(
    store: SqliteStore, tmp_path: Path
) -> None:
    first = await accept(store, inbound(1))
    await accept(store, inbound(2))
    by_hand(store, tmp_path, "UPDATE turns SET inbound = ? WHERE position = 1", b"7")

    with capture_logs() as logs:
        work = await store.acquire(first.session.key, claim(), None)
        assert work is not None
        assert work.turn.id == inbound(2).event
        assert [turn.id for turn in await store.waiting(first.session.key)] == [inbound(2).event]
    assert [entry["event"] for entry in logs] == ["store.quarantined"]
    assert len(await store.quarantined()) == 1
    with pytest.raises(LeaseLost):
        await store.commit(work.lease, result(inbound(1).event, "a", "b"))
    assert not (await accept(store, inbound(1))).fresh


async def test_a_reader_finds_the_unreadable_inbound_too(store: SqliteStore, tmp_path: Path) -> None:
    session = (await accept(store, inbound(1))).session
    by_hand(store, tmp_path, "UPDATE turns SET inbound = 'text'")
    with capture_logs():
        assert await store.waiting(session.key) == ()
    assert len(await store.quarantined()) == 1
    assert await store.sweep(claim(), 10) == ()


async def test_two_processes_hand_a_session_over(store: SqliteStore, tmp_path: Path) -> None:
    clock = ManualClock()
    async with SqliteStore.open(tmp_path / "parley.db", clock=clock) as other:
        work = await take(store, inbound(1))
        assert await other.acquire(work.session.key, claim("two"), None) is None
        await clock.advance(LEASE)
        taken = await other.acquire(work.session.key, claim("two"), None)
        assert taken is not None
        assert taken.lease.fence > work.lease.fence
        with pytest.raises(LeaseLost):
            await store.commit(work.lease, result(work.turn.id, "a", "b"))


async def test_hints_do_not_pile_up(store: SqliteStore) -> None:
    session = await workspace_session(store, "alpha")
    await asyncio.gather(*(store._db.write(_wake, session.key) for _ in range(1_100)))
    assert await store._db.read(
        lambda step: step.execute("SELECT count(*) <= 1024, max(seq) FROM wakeups").fetchone()
    ) == (1, 1_100)


def _wake(step: Step, session: SessionKey) -> None:
    step.wake(Wake.WAITING, session)
