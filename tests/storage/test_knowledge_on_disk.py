import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sessions.errors import StoreUnavailable
from sessions.model import WorkspaceId, WorkspaceKey
from sessions.ports.knowledge import Document, DocumentId, Passage
from sessions.ports.store import Store
from storage.file import FileStore
from storage.fulltext import documents
from storage.sqlite import SqliteStore
from tests.storage.conftest import ManualClock

AT = datetime(2031, 3, 5, tzinfo=UTC)


def document(source: str, passages: int, id_: str = "an id") -> Document:
    return Document(DocumentId(id_), source, source, "c0ffee", 9, passages, AT)


def passages(texts: Sequence[str]) -> list[Passage]:
    return [
        Passage(number, "lines 1-2", text, bytes((number % 100 + 1, 1)))
        for number, text in enumerate(texts)
    ]


async def put(store: Store, workspace: WorkspaceId, source: str, *texts: str) -> None:
    await store.put_document(workspace, document(source, len(texts)), passages(texts))


async def texts(store: Store, workspace: WorkspaceId, *terms: str) -> list[str]:
    return [one.passage.text for one in await store.find_passages(workspace, terms, 100)]


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)


def half_written(path: Path, workspace: WorkspaceId, now: datetime) -> documents.Staged:
    """What a process leaves that was killed while it wrote a new version of ``guide``."""
    with closing(sqlite3.connect(path)) as connection:
        instant = int(now.timestamp()) * 1_000_000
        staged = documents.begin(connection, instant, workspace, document("guide", 2, "new"))
        documents.stage(connection, instant, staged, 0, passages(["Winter and snow."]))
        connection.commit()
        return staged


async def test_a_document_that_was_half_written_is_never_found_and_goes_later(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "parley.db"
    async with SqliteStore.open(path, clock=clock) as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        await put(store, home, "guide", "Summer and sun.")
        half_written(path, home, clock.now)
        assert await texts(store, home, "winter", "summer") == ["Summer and sun."]
        assert await store.near_passages(home, bytes((1, 1)), 9) != ()
        await put(store, home, "beside", "Autumn.")
        assert rows(path, "documents") == 3
        await clock.advance(timedelta(minutes=11))
        await put(store, home, "beside", "Autumn.")
        assert (rows(path, "documents"), rows(path, "passages"), rows(path, "passage_vectors")) == (
            2,
            2,
            2,
        )
        assert await texts(store, home, "winter", "snow") == []


async def test_who_wrote_for_too_long_is_told_and_a_repeat_succeeds(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "parley.db"
    async with SqliteStore.open(path, clock=clock) as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        await put(store, home, "guide", "Summer and sun.")
        staged = half_written(path, home, clock.now)
        await clock.advance(timedelta(minutes=11))
        assert await store.drop_document(home, "nothing") is None
    with closing(sqlite3.connect(path)) as connection, pytest.raises(StoreUnavailable):
        documents.show(connection, 0, staged)


async def test_a_dropped_document_leaves_no_row(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    async with SqliteStore.open(path) as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        await put(store, home, "guide", *(f"Passage {number}." for number in range(600)))
        await store.drop_document(home, "guide")
    for table in ("documents", "passages", "passage_vectors", "passage_words_1_docsize"):
        assert rows(path, table) == 0, table


async def test_a_damaged_row_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    async with SqliteStore.open(path) as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        for source in ("a", "b", "c"):
            await put(store, home, source, "Summer and sun.")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE documents SET added_at = 'soon' WHERE source = 'b'")
            connection.commit()
        assert [one.source for one in await store.documents(home, "", 9)] == ["a", "c"]
        assert len(await texts(store, home, "summer")) == 3


async def test_turns_do_not_wait_for_a_long_document(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "parley.db") as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        long = asyncio.create_task(put(store, home, "book", *(f"Page {n}. " * 20 for n in range(3_000))))
        others = 0
        while not long.done():
            await store.workspace(WorkspaceKey("local"), f"title {others}")
            others += 1
        await long
        assert others >= 10  # one or more between any two of its parts


def test_parts_are_short_and_whole() -> None:
    given = passages(["x" * size for size in (10, 200_000, 90_000, 50_000, *[1] * 700)])
    found = list(documents.parts(given))
    assert [one for _, part in found for one in part] == given
    assert [first for first, _ in found] == [0, 1, 2, 3, 259, 515]
    assert not list(documents.parts([]))


async def test_documents_are_readable_files(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path / "store") as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        await put(store, home, "../../guide", "Summer and sun.")
    (path,) = (tmp_path / "store" / "workspaces" / home / "knowledge").iterdir()
    assert path.suffix == ".json"
    assert '"text": "Summer and sun."' in path.read_text()
    assert path.stem.isalnum()


async def test_a_lost_or_damaged_index_is_made_anew(tmp_path: Path) -> None:
    root = tmp_path / "store"
    async with FileStore.open(root) as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        await put(store, home, "guide", "Summer and sun.")
    for damage in (b"", b"nothing of the kind" * 1_000):
        for left in root.glob("knowledge.index*"):
            left.unlink()
        if damage:
            (root / "knowledge.index").write_bytes(damage)
        async with FileStore.open(root) as store:
            assert await texts(store, home, "summer") == ["Summer and sun."]
            assert len(await store.near_passages(home, bytes((1, 1)), 9)) == 1


async def test_files_that_a_person_removes_or_brings_back_are_seen(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path / "store") as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        await put(store, home, "guide", "Summer and sun.")
        await put(store, home, "beside", "Autumn.")
        folder = tmp_path / "store" / "workspaces" / home / "knowledge"
        (path,) = (one for one in folder.iterdir() if "Summer" in one.read_text())
        kept = path.rename(tmp_path / path.name)
        assert await texts(store, home, "summer", "autumn") == ["Autumn."]
        assert await store.document(home, "guide") is None
        kept.rename(path)
        assert sorted(await texts(store, home, "summer", "autumn")) == ["Autumn.", "Summer and sun."]
        for one in folder.iterdir():
            one.unlink()
        folder.rmdir()
        assert await store.documents(home, "", 9) == ()


async def test_a_damaged_document_hides_no_other(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path / "store") as store:
        home = (await store.workspace(WorkspaceKey("local"))).id
        await put(store, home, "beside", "Autumn.")
        folder = tmp_path / "store" / "workspaces" / home / "knowledge"
        (folder / "damaged.json").write_bytes(b'{"document": ')
        assert await texts(store, home, "autumn") == ["Autumn."]
        assert [one.why for one in await store.quarantined()] == ["no document (DecodeError)"]
