import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sessions.errors import UsageError
from tests.foreign.samples import (
    EVENTS,
    Entry,
    House,
    checkpoint,
    conversation,
    memory,
    metadata,
    remembered,
    session,
    write,
)
from tests.storage.conftest import pool


def furnish(home: Path) -> Path:
    """A home with everything their program keeps in files, and what is broken among it."""
    own = home / ".praisonai"
    write(own / "sessions/default.json", session("demo"))
    write(own / "sessions/default.json.lock", "")
    write(own / "sessions/projects/0123abcd/demo.json", session("demo", created_at="2025-01-01T00:00:00"))
    write(own / "sessions/bot_discord_7.json", session("bot_discord_7"))
    write(own / "sessions/broken.json", '{"session_id": ')
    write(own / "sessions/old.json.corrupt-1735000000000", "{")
    write(own / "sessions/run-1/metadata.json", metadata("run-1", name="Trip"))
    lines = [json.dumps(one) for one in EVENTS]
    write(own / "sessions/run-1/events.jsonl", "\n".join((*lines[:1], "{not json", *lines[1:])))
    write(
        own / "memory/praison/sessions/notes.json",
        memory("notes", conversation(1), short_term=[remembered("Likes tea")]),
    )
    write(own / "checkpoints/deploy-v1.json", checkpoint("deploy-v1"))
    write(home / ".praison/checkpoints/build-v2.json", checkpoint("build-v2"))
    write(own / "config.yaml", "model: gpt-4o-mini")
    return home


def database(path: Path, rows: dict[str, object]) -> Path:
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE praison_storage (key TEXT PRIMARY KEY, data TEXT NOT NULL)")
        pairs = ((key, one if isinstance(one, str) else json.dumps(one)) for key, one in rows.items())
        made.executemany("INSERT INTO praison_storage VALUES (?, ?)", pairs)
        made.commit()
    return path


BACKEND: dict[str, object] = {
    "session:my-project:meta": metadata("my-project"),
    "session:my-project:events": EVENTS,
    "session:team:alpha:meta": metadata("team:alpha"),
    "session:team:alpha:events": EVENTS,
    "session:lone:events": EVENTS,
    "session:broken:meta": "{",
}


async def test_a_whole_home_is_read_and_what_is_broken_hides_nothing(tmp_path: Path) -> None:
    house = House()
    report = await house.move_in(furnish(tmp_path))
    assert report.kinds == {"session": 3, "events": 1, "memory": 1, "checkpoint": 2}
    assert (report.sessions.added, report.facts.added, report.runs.added) == (5, 1, 2)
    assert house.skipped == {
        "broken.json": "it is no JSON (line 1)",
        "old.json.corrupt-1735000000000": "their program put it aside because it was damaged",
        "config.yaml": "it is none of their files with sessions, memories or checkpoints",
    }
    assert await house.said("Trip") == [("user", "hi"), ("assistant", "hello")]
    assert (await house.session("Trip")).title == "run-1"
    assert "lines that are no JSON are left out: 2" in house.remarks
    assert "events that are no messages are left out: 1" in house.remarks


async def test_twice_adds_nothing_whatever_was_named(tmp_path: Path) -> None:
    home = furnish(tmp_path)
    house = House()
    first = await house.move_in(home)
    assert first.renamed == 1
    names = await house.store.names((await house.workspace()).id, None, "", 100)
    for source in (home, home / ".praisonai", home / ".praisonai/sessions/projects/0123abcd/demo.json"):
        again = await house.move_in(source)
        assert (again.sessions.added, again.facts.added, again.runs.added) == (0, 0, 0)
        assert again.sessions.there > 0
    assert await house.store.names((await house.workspace()).id, None, "", 100) == names


@pytest.mark.parametrize("name", ["metadata.json", "events.jsonl"])
async def test_either_file_of_an_older_session_stands_for_both(tmp_path: Path, name: str) -> None:
    folder = furnish(tmp_path) / ".praisonai/sessions/run-1"
    house = House()
    report = await house.move_in(folder / name)
    assert (report.sessions.added, report.messages) == (1, 2)
    assert (await house.move_in(folder)).sessions.there == 1


async def test_events_are_read_also_where_what_describes_them_is_broken(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, EVENTS))
    for name, described in (("torn", "{"), ("other", "{}")):
        write(tmp_path / name / "metadata.json", described)
        write(tmp_path / name / "events.jsonl", lines)
    write(tmp_path / "session_pair_meta.json", "[")
    write(tmp_path / "session_pair_events.json", EVENTS)
    rows: dict[str, object] = {"session:row:meta": "", "session:row:events": EVENTS}
    database(tmp_path / "x.db", rows)
    house = House()
    report = await house.move_in(tmp_path)
    assert (report.sessions.added, report.messages, report.skipped) == (4, 8, 3)
    names = await house.store.names((await house.workspace()).id, None, "", 10)
    assert names == ("other", "row", "session_pair", "torn")


async def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "elsewhere/secret.json", session("secret"))
    home = furnish(tmp_path / "home")
    (home / ".praisonai/sessions/link.json").symlink_to(secret)
    (home / ".praisonai/up").symlink_to(tmp_path)
    house = House()
    report = await house.move_in(home)
    assert report.sessions.added == 5
    assert {"link.json", "up"} <= house.skipped.keys()


async def test_an_empty_folder_has_nothing_and_a_missing_one_is_a_mistake(tmp_path: Path) -> None:
    report = await House().move_in(tmp_path)
    assert (report.read, report.skipped) == (0, 0)
    for source in (str(tmp_path / "nowhere"), "postgres://host/db", "redis://host:port"):
        with pytest.raises(UsageError):
            await House().move_in(source)


async def test_a_database_is_read_key_by_key(tmp_path: Path) -> None:
    rows: dict[str, object] = {**BACKEND, "notes": memory("notes", []), "talk": session("talk")}
    path = database(tmp_path / "sessions.db", rows)
    house = House()
    report = await house.move_in(path)
    assert report.kinds == {"events": 3, "memory": 1, "session": 1}
    assert await house.said("team:alpha") == [("user", "hi"), ("assistant", "hello")]
    assert list(house.skipped.values()) == ["it is no JSON (line 1)"]
    assert (await house.move_in(path)).sessions.added == 0
    assert (await house.move_in(tmp_path)).skipped == 1  # nothing was left beside it


async def test_a_database_of_something_else_is_skipped(tmp_path: Path) -> None:
    for name, table in (("index.db", "session_meta"), ("other.db", "things")):
        with closing(sqlite3.connect(tmp_path / name)) as made:
            made.execute(f"CREATE TABLE {table} (session_id TEXT)")
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 400)
    house = House()
    assert (await house.move_in(tmp_path)).skipped == 3
    assert house.skipped["index.db"] == "it is an index over sessions that are kept elsewhere"
    assert house.skipped["other.db"] == "the database has no table praison_storage"
    assert "cannot be read" in house.skipped["torn.db"]


async def test_what_their_file_backend_keeps_in_two_files_is_one_session(tmp_path: Path) -> None:
    write(tmp_path / "session_trip_meta.json", metadata("trip"))
    write(tmp_path / "session_trip_events.json", EVENTS)
    write(tmp_path / "session_lone_events.json", EVENTS)
    write(tmp_path / "session_empty_meta.json", metadata("empty"))
    write(tmp_path / "session_our_meta.json", session("a session of that name"))
    house = House()
    report = await house.move_in(tmp_path)
    assert report.kinds == {"events": 3, "session": 1}
    assert (report.sessions.added, report.messages, report.skipped) == (4, 6, 0)


async def test_keys_of_a_server_are_read_whatever_their_prefix() -> None:
    server = pool().standalone()
    prefix = "import-test:session:"
    rows: dict[str, Entry | object] = {f"{prefix}{key}": one for key, one in BACKEND.items()}
    for key, one in rows.items():
        await server.call("SET", key, one if isinstance(one, str) else json.dumps(one))
    await server.call("RPUSH", f"{prefix}session:list:meta", "no text")
    try:
        house = House()
        report = await house.move_in(server.url)
        assert report.kinds == {"events": 3}
        names = await house.store.names((await house.workspace()).id, None, "", 10)
        assert {"my-project", "team:alpha", "lone"} >= set(names)
        assert sorted(house.skipped.values()) == ["it is no JSON (line 1)", "it is no text in Redis"]
        assert (await house.move_in(server.url)).sessions.there == 3
    finally:
        await server.call("DEL", *rows, f"{prefix}session:list:meta")
