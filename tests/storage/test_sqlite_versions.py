import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sessions.model import Holder, RoleName, SessionId, SessionKey, WorkspaceKey
from storage.sqlite import SqliteStore
from storage.sqlite.schema import APPLICATION_ID, MIGRATIONS, VERSION
from tests.storage.contract.test_facts import fact


def a_file_of_version(version: int, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute(
            "INSERT INTO workspaces (id, key, title, created_at)"
            " VALUES ('an id', 'telegram:-100', 'Club', 0)"
        )
        connection.execute(
            "INSERT INTO workspace_keys (key, workspace) VALUES ('telegram:-100', 'an id')"
        )
        archived = 1 if version < 3 else 9
        connection.execute(
            "INSERT INTO sessions (workspace, id, name, title, archived, audience, starter, created_at,"
            f" active_at, model, system) VALUES ('an id', 'old', 'old', '', {archived}, 'open', '', 5, 9,"
            " '', '')"
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()


async def test_an_older_file_keeps_what_it_has_and_gets_what_it_lacks(tmp_path: Path) -> None:
    for version in range(1, VERSION + 1):
        path = tmp_path / f"version-{version}.db"
        a_file_of_version(version, path)
        async with SqliteStore.open(path) as store:
            found = await store.find_workspace(WorkspaceKey("telegram:-100"))
            assert found is not None
            assert found.title == "Club"
            assert await store.hold_role(RoleName("a role"), Holder("one"), timedelta(seconds=1))
            assert await store.remember(found.id, fact("a"))
            session = await store.get(SessionKey(found.id, SessionId("old")))
            assert session is not None
            assert session.archived_at == session.active_at
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
