"""Rows in which something stands that no program of ours put there."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sessions.errors import StoreDamaged, StoreError
from sessions.model import OPEN, EventId, Holder, Platform, WorkspaceKey
from sessions.ports.errands import Errand
from sessions.ports.turns import Wake, Wakeup
from storage.sqlite import SqliteStore
from storage.sqlite.database import running_error
from tests.storage.conftest import ManualClock
from tests.storage.contract.scene import (
    EVERYWHERE,
    HOME,
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    proposal,
    take,
    thread,
    workspace_session,
)
from tests.storage.contract.test_checkpoints import run
from tests.storage.contract.test_facts import fact

BAD = "CAST(x'ff61' AS TEXT)"
SHOWN = "\ufffda"
Damage = Callable[..., None]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "parley.db", clock=clock) as opened:
        yield opened


@pytest.fixture
def damage(tmp_path: Path) -> Damage:
    """Change one row of the file by hand."""

    def run(statement: str, *values: object) -> None:
        with closing(sqlite3.connect(tmp_path / "parley.db")) as connection, connection:
            assert connection.execute(statement, values).rowcount == 1

    return run


@pytest.mark.parametrize("column", ["name", "title", "starter", "model", "system", "holder", "token"])
async def test_an_unreadable_text_hides_no_session(
    store: SqliteStore, damage: Damage, column: str
) -> None:
    made = [await workspace_session(store, name) for name in ("aa", "bb", "cc")]
    damage(f"UPDATE sessions SET {column} = {BAD} WHERE name = 'bb'")
    home = made[0].key.workspace
    shown = {session.key.id: session for session in (await store.page(home, None, None, 10)).sessions}
    assert len(shown) == 3
    assert (shown[made[0].key.id], shown[made[2].key.id]) == (made[0], made[2])
    damaged = shown[made[1].key.id]
    assert getattr(damaged, column, SHOWN) == SHOWN
    assert await store.by_name(home, "aa") == made[0]
    assert await store.by_name(home, "bb") == damaged
    assert "aa" in await store.names(home, None, "", 10)


@pytest.mark.parametrize("column", ["id", "folded", "audience", "workspace"])
async def test_an_unreadable_key_hides_no_other_session(
    store: SqliteStore, damage: Damage, column: str
) -> None:
    made = [await workspace_session(store, name) for name in ("aa", "bb", "cc")]
    damage(f"UPDATE sessions SET {column} = {BAD} WHERE name = 'bb'")
    home = made[0].key.workspace
    for audiences in (None, frozenset({OPEN})):
        shown = (await store.page(home, audiences, None, 10)).sessions
        assert {made[0], made[2]} <= set(shown)
        assert {"aa", "cc"} <= set(await store.names(home, audiences, "", 10))
    assert await store.by_name(home, "aa") == made[0]
    assert await store.sweep(claim(), 10) == ()


@pytest.mark.parametrize("column", ["title", "workspace", "id", "holder", "token", "name"])
async def test_an_unreadable_session_keeps_no_other_from_the_sweep(
    store: SqliteStore, damage: Damage, column: str
) -> None:
    for name in "ab":
        await accept(store, inbound(1, thread(name)), proposed=proposal(f"id of {name}", name))
    damage(f"UPDATE sessions SET {column} = {BAD} WHERE name = 'a'")
    with capture_logs():
        assert "b" in {work.session.name for work in await store.sweep(claim(), 10)}


@pytest.mark.parametrize("column", ["created_at", "fence", "deadline", "messages", "active_at"])
async def test_a_session_that_makes_no_sense_keeps_no_other_from_the_sweep(
    store: SqliteStore, damage: Damage, column: str
) -> None:
    for name in "ab":
        await accept(store, inbound(1, thread(name)), proposed=proposal(f"id of {name}", name))
    damage(f"UPDATE sessions SET {column} = 'secret' WHERE name = 'a'")
    with capture_logs() as logs:
        swept = await store.sweep(claim(), 10)
    assert "b" in {work.session.name for work in swept}
    assert "secret" not in str(logs)
    if logs:
        assert [entry["event"] for entry in logs] == ["sweep.skipped"]


async def test_a_session_that_makes_no_sense_hides_no_other(store: SqliteStore, damage: Damage) -> None:
    made = [await workspace_session(store, name) for name in ("aa", "bb", "cc")]
    home = made[0].key.workspace
    for column in ("created_at", "active_at"):
        damage(f"UPDATE sessions SET {column} = 'secret' WHERE name = 'bb'")
        with capture_logs() as logs:
            shown = (await store.page(home, None, None, 10)).sessions
            with pytest.raises(StoreDamaged):
                await store.by_name(home, "bb")
        assert shown == (made[0], made[2])
        assert [entry["event"] for entry in logs] == ["page.skipped"]
        assert "secret" not in str(logs)


@pytest.mark.parametrize("column", ["event", "platform"])
async def test_an_unreadable_turn_is_put_aside_and_the_inbox_goes_on(
    store: SqliteStore, damage: Damage, column: str
) -> None:
    first = await accept(store, inbound(1))
    await accept(store, inbound(2))
    damage(f"UPDATE turns SET {column} = {BAD} WHERE position = 1")
    with capture_logs() as logs:
        work = await store.acquire(first.session.key, claim(), None)
    assert work is not None
    assert work.turn.id == inbound(2).event
    assert [entry["event"] for entry in logs] == ["store.quarantined"]
    assert len(await store.quarantined()) == 1


async def test_an_unreadable_workspace_hides_no_other(store: SqliteStore, damage: Damage) -> None:
    for key in "abc":
        await store.workspace(WorkspaceKey(key), f"title of {key}")
    damage(f"UPDATE workspaces SET title = {BAD} WHERE key = 'b'")
    page = await store.workspaces(None, 10)
    assert [one.title for one, _ in page.workspaces] == ["title of a", SHOWN, "title of c"]


async def test_an_unreadable_errand_is_put_aside_and_hides_no_other(
    store: SqliteStore, clock: ManualClock, damage: Damage
) -> None:
    errands = [Errand(EventId(name), Platform.TELEGRAM, name.encode()) for name in "abc"]
    for errand in errands:
        await store.admit(errand, Holder("one"), LEASE)
    damage(f"UPDATE errands SET event = {BAD} WHERE event = 'b'")
    damage(f"UPDATE errands SET platform = {BAD} WHERE event = 'c'")
    await clock.advance(LEASE)
    with capture_logs() as logs:
        assert await store.adopt(EVERYWHERE, Holder("two"), LEASE, 10) == (errands[0],)
    assert [entry["event"] for entry in logs] == ["store.quarantined"]
    await clock.advance(LEASE)
    assert await store.adopt(EVERYWHERE, Holder("two"), LEASE, 10) == (errands[0],)


async def test_an_unreadable_hint_keeps_no_other_from_being_heard(
    store: SqliteStore, tmp_path: Path, damage: Damage
) -> None:
    async with SqliteStore.open(tmp_path / "parley.db") as other, other.wakeups() as wakeups:
        damage(
            "INSERT INTO wakeups (origin, wake, workspace, session)"
            f" VALUES ('foreign', {BAD}, {BAD}, {BAD})"
        )
        accepted = await accept(store, inbound(1))
        assert await anext(wakeups) == Wakeup(Wake.WAITING, accepted.session.key)


async def test_what_sqlite_says_is_not_passed_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        with pytest.raises(sqlite3.OperationalError) as unreadable:
            connection.execute("SELECT CAST(x'ff736563726574' AS TEXT)").fetchone()
        with pytest.raises(sqlite3.OperationalError) as wrong:
            connection.execute("SELECT secret")
    for caught in (unreadable, wrong):
        assert "secret" in str(caught.value)
        assert "secret" not in str(running_error(caught.value, tmp_path))
    assert "SQLITE_ERROR" in str(running_error(wrong.value, tmp_path))


async def test_an_error_names_what_sqlite_calls_it(store: SqliteStore) -> None:
    await converse(store, inbound(1))
    with pytest.raises(StoreError, match="SQLITE_CONSTRAINT"):
        await store._db.write(lambda step: step.execute("UPDATE sessions SET waiting = -1"))


async def rows_left(store: SqliteStore) -> list[str]:
    found = await store._db.read(
        lambda step: step.execute("SELECT id FROM sessions ORDER BY seq").fetchall()
    )
    return [row[0] for row in found]


async def test_nothing_is_left_of_a_session_that_was_deleted_with_an_empty_inbox(
    store: SqliteStore,
) -> None:
    session = await converse(store, inbound(1))
    kept = await workspace_session(store, "kept")
    await store.delete(session.key, EventId("delete"))
    assert await rows_left(store) == [kept.key.id]


async def test_a_tombstone_goes_with_its_last_delivery(store: SqliteStore) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    kept = await workspace_session(store, "kept")
    await store.delete(work.session.key, EventId("delete"))
    await store.release(work.lease)
    (tomb,) = await store.sweep(claim("two"), 10)
    following = await store.delivered(tomb.lease, tomb.turn.id, claim("two"), None)
    assert following is not None
    assert await rows_left(store) == [work.session.key.id, kept.key.id]
    for _ in range(2):
        assert await store.delivered(tomb.lease, following.turn.id, claim("two"), None) is None
    assert await rows_left(store) == [kept.key.id]


async def test_the_newest_tombstone_goes_when_there_is_a_newer_session(store: SqliteStore) -> None:
    for number in range(3):
        session = await workspace_session(store, f"talk {number}")
        await store.delete(session.key, EventId(f"delete {number}"))
    assert len(await rows_left(store)) == 1
    kept = await workspace_session(store, "kept")
    assert await rows_left(store) == [kept.key.id]


async def test_a_tombstone_whose_last_turn_was_put_aside_goes(store: SqliteStore, damage: Damage) -> None:
    accepted = await accept(store, inbound(1))
    kept = await workspace_session(store, "kept")
    await store.delete(accepted.session.key, EventId("delete"))
    damage("UPDATE turns SET inbound = x'00'")
    with capture_logs():
        assert await store.sweep(claim(), 10) == ()
    assert await rows_left(store) == [kept.key.id]
    assert await store.workspace(HOME)


async def test_a_listener_that_fell_behind_goes_on(store: SqliteStore) -> None:
    session = await workspace_session(store, "alpha")
    hint = Wakeup(Wake.WAITING, session.key)
    async with store.wakeups() as wakeups:
        for _ in range(3):
            store._hints.give([hint] * 4096)
        for _ in range(4096):
            assert await anext(wakeups) == hint
        last = Wakeup(Wake.STOP, session.key)
        store._hints.give([last])
        assert await anext(wakeups) == last


async def test_an_unreadable_fact_or_run_is_put_aside_and_hides_no_other(
    store: SqliteStore, damage: Damage
) -> None:
    home = (await store.workspace(HOME)).id
    for name in "abc":
        assert await store.remember(home, fact(name))
        assert await store.save_checkpoint(home, run(name))
    damage("UPDATE shelf SET record = x'31ff' WHERE kind = 'fact' AND key = 'b'")
    damage("UPDATE shelf SET record = 'text' WHERE kind = 'checkpoint' AND key = 'a'")
    damage("UPDATE shelf SET record = x'00' WHERE kind = 'checkpoint' AND key = 'c'")
    with capture_logs() as logs:
        assert await store.facts(home, None) == (fact("a"), fact("c"))
        assert await store.checkpoints(home, None) == (run("b"),)
        assert await store.checkpoint(home, "c") is None
    assert [one["event"] for one in logs] == ["store.quarantined"] * 3
    assert len(await store.quarantined()) == 3
    assert await store.remember(home, fact("b"))
    assert await store.save_checkpoint(home, run("c"))
