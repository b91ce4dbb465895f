import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sessions.errors import SettingError, StoreDamaged, StoreError, StoreUnavailable
from sessions.model import WorkspaceKey
from sessions.ports.turns import EVENT_MEMORY
from storage.sqlite import SqliteStore, database
from storage.sqlite.schema import APPLICATION_ID, VERSION
from tests.storage.conftest import ManualClock
from tests.storage.contract.scene import claim
from tests.storage.contract.test_facts import fact

KEY = WorkspaceKey("telegram:-100")


async def refusal(path: Path) -> str:
    with pytest.raises(SettingError) as refused:
        async with SqliteStore.open(path):
            pass
    return str(refused.value)


async def test_a_missing_directory_and_file_are_made_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "parley.db"
    async with SqliteStore.open(path) as store:
        await store.workspace(KEY)
        assert {stat.S_IMODE(p.stat().st_mode) for p in (path.parent, path.parent.parent)} == {0o700}
        assert {stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()} == {0o600}
    assert [p.name for p in path.parent.iterdir()] == ["parley.db"]


async def test_the_file_says_whose_it_is_and_how_old(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    async with SqliteStore.open(path):
        pass
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "parley.db") as store:
        full, keys = await store._db.read(
            lambda step: [
                step.execute(f"PRAGMA {name}").fetchone() for name in ("synchronous", "foreign_keys")
            ]
        )
        assert (full, keys) == ((2,), (1,))


async def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    path.touch()
    async with SqliteStore.open(path) as store:
        assert (await store.workspace(KEY)).key == KEY


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 100)
    assert "is not a Parley database" in await refusal(path)
    assert path.read_text() == "dear diary, " * 100


async def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cookies (name TEXT)")
    connection.close()
    before = path.read_bytes()
    assert "another program" in await refusal(path)
    assert path.read_bytes() == before


async def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    async with SqliteStore.open(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    assert "newer Parley" in await refusal(path)


async def test_a_directory_in_the_files_place_is_refused(tmp_path: Path) -> None:
    assert "is a directory" in await refusal(tmp_path)


async def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    text = await refusal(tmp_path / "file" / "parley.db")
    assert str(tmp_path / "file" / "parley.db") in text


async def test_a_pipe_in_the_files_place_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in await refusal(tmp_path / "pipe")


async def test_a_database_without_its_tables_is_reported_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    async with SqliteStore.open(path) as store:
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE workspace_keys")
        connection.close()
        with pytest.raises(StoreDamaged):
            await store.workspace(KEY)


async def test_many_may_make_the_same_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"

    async def one() -> str:
        async with SqliteStore.open(path) as store:
            return (await store.workspace(KEY)).id

    assert len(set(await asyncio.gather(*(one() for _ in range(8))))) == 1


async def test_closing_leaves_no_thread_and_may_be_repeated(tmp_path: Path) -> None:
    before = threading.active_count()
    async with SqliteStore.open(tmp_path / "parley.db") as store:
        await store.workspace(KEY)
        assert threading.active_count() == before + 1
        await store.close()
        await store.close()
        assert threading.active_count() == before
        with pytest.raises(StoreUnavailable, match="closed"):
            await store.workspace(KEY)


async def test_calls_that_were_made_before_closing_are_finished(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "parley.db") as store:
        calls = [asyncio.ensure_future(store.workspace(WorkspaceKey(f"key {n}"))) for n in range(300)]
        await asyncio.wait(calls[:1])
        await store.close()
        assert len({(await call).id for call in calls}) == 300


async def test_a_locked_file_is_unavailable_and_then_usable_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    path = tmp_path / "parley.db"
    async with SqliteStore.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.workspace(KEY)
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.check()
        assert await store.find_workspace(KEY) is None
        other.execute("ROLLBACK")
        other.close()
        assert (await store.workspace(KEY)).key == KEY


async def test_a_full_disk_fails_the_calls_and_loses_nothing_else(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "parley.db") as store:
        await store.workspace(KEY)
        await store._db.read(lambda step: step.execute("PRAGMA max_page_count = 1").fetchone())
        wide = [store.workspace(WorkspaceKey(f"{n}" + "k" * 50_000)) for n in range(4)]
        failed = await asyncio.gather(*wide, return_exceptions=True)
        assert all(isinstance(one, StoreError) for one in failed)
        assert any("full" in str(one) for one in failed)
        await store._db.read(lambda step: step.execute("PRAGMA max_page_count = 100000").fetchone())
        assert await store.find_workspace(KEY) is not None
        assert len((await store.workspaces(None, 10)).workspaces) == 1


def test_a_page_of_sessions_imports_nothing_heavy(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from storage.opening import open_store
async def page():
    async with open_store("sqlite://{tmp_path}/parley.db") as store:
        home = await store.workspace("local")
        await store.page(home.id, None, None, 20)
        await store.names(home.id, None, "a", 20)
asyncio.run(page())
print(*(name for name in ("msgspec", "structlog", "pydantic", "json", "uuid") if name in sys.modules))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


async def test_what_was_forgotten_long_ago_leaves_the_file(tmp_path: Path) -> None:
    clock = ManualClock()
    async with SqliteStore.open(tmp_path / "parley.db", clock=clock) as store:
        home = (await store.workspace(KEY)).id
        for name in "ab":
            await store.remember(home, fact(name))
            await store.forget(home, fact(name).id)
            await clock.advance(EVENT_MEMORY / 2)
        await store.sweep(claim(), 10)
        rows = await store._db.read(lambda step: step.execute("SELECT key FROM shelf").fetchall())
        assert rows == [("b",)]
