import json
import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sessions.errors import SettingError, StoreUnavailable
from sessions.model import EventId, Session, SessionId, SessionKey, WorkspaceId
from storage.file import FileStore
from storage.file.records import frame
from tests.storage.contract.scene import HOME, accept, claim, converse, inbound, proposal, thread

DELETE = EventId("delete")


async def refusal(path: Path) -> str:
    with pytest.raises(SettingError) as raised:
        async with FileStore.open(path):
            pass
    return str(raised.value)


def texts(path: Path) -> bytes:
    """All bytes in all files of the store, and their names."""
    files = [file for file in path.rglob("*") if file.is_file()]
    return b"\n".join(bytes(file.relative_to(path)) + b"\n" + file.read_bytes() for file in files)


def entries(path: Path, pattern: str = "*") -> list[Path]:
    return sorted(path.glob(pattern))


async def secret_session(path: Path) -> Session:
    async with FileStore.open(path) as store:
        await converse(store, inbound(1, thread("other")), "a kept question", "a kept answer")
        message = inbound(1, text="secret words")
        await accept(store, message, proposed=proposal("secret-id-1", "secretname"))
        return await converse(store, message, "secret words", "secret answer")


async def test_a_new_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    async with FileStore.open(path) as store:
        await accept(store, inbound(1))
    assert json.loads((path / "parley.json").read_text())["version"] == 1


async def test_a_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert "Name an empty or a new directory" in await refusal(tmp_path)
    assert entries(tmp_path) == [tmp_path / "thesis.txt"]


async def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "Name another path" in await refusal(tmp_path / "file")
    assert "Name another path" in await refusal(tmp_path / "file" / "store")


async def test_a_place_where_nothing_can_be_written_is_refused(tmp_path: Path) -> None:
    assert "Name a directory that you may write to" in await refusal(Path("/proc/parley"))


async def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path):
        pass
    marker = tmp_path / "parley.json"
    marker.write_text(marker.read_text().replace(":1", ":2"))
    assert "newer Parley" in await refusal(tmp_path)


async def test_a_foreign_or_unreadable_marker_is_refused(tmp_path: Path) -> None:
    marker = tmp_path / "parley.json"
    marker.write_text('{"format":"something else","version":1}')
    assert "not a Parley store" in await refusal(tmp_path)
    marker.write_text("")
    assert "cannot be read" in await refusal(tmp_path)


async def test_an_interrupted_first_opening_is_repeated(tmp_path: Path) -> None:
    (tmp_path / ".parley-0123").write_text("{")
    async with FileStore.open(tmp_path) as store:
        assert (await accept(store, inbound(1))).fresh


async def test_ids_that_mean_something_to_a_file_system_name_no_file(tmp_path: Path) -> None:
    outside = tmp_path / "victim.md"
    outside.write_text("untouched")
    path = tmp_path / "store"
    async with FileStore.open(path) as store:
        accepted = await accept(store, inbound(1), claim(), proposed=proposal("../../../../victim"))
        assert accepted.work is not None
        await store.release(accepted.work.lease)
        session = await converse(store, inbound(1))
    async with FileStore.open(path) as store:
        assert (await store.get(session.key)) is not None
        await store.delete(session.key, DELETE)
    assert outside.read_text() == "untouched"
    assert entries(tmp_path) == [path, outside]


async def test_transcripts_can_be_read_in_an_editor(tmp_path: Path) -> None:
    named = proposal("a-plain-id", "alpha")
    async with FileStore.open(tmp_path) as store:
        await accept(store, inbound(1), proposed=named)
        session = await converse(store, inbound(1), "hello", "hi")
    async with FileStore.open(tmp_path) as one, FileStore.open(tmp_path) as two:
        await converse(one, inbound(2), "how are you", "well")
        await converse(two, inbound(3), "and now", "better")
    folder = tmp_path / "workspaces" / session.key.workspace
    copy = (folder / "transcripts" / "a-plain-id.md").read_text()
    places = [copy.index(said) for said in ("hello", "hi", "how are you", "well", "and now", "better")]
    assert places == sorted(places)
    assert all(copy.count(said) == 1 for said in ("how are you", "and now"))
    (listed,) = json.loads((folder / "sessions.json").read_text())
    assert (listed["name"], listed["tally"]["messages"]) == ("alpha", 6)


async def test_copies_are_never_read_back(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as store:
        session = await converse(store, inbound(1), "hello", "hi")
    for copy in (
        *entries(tmp_path, "workspaces/*/transcripts/*"),
        *entries(tmp_path, "workspaces/*/*.json"),
    ):
        copy.write_text("nonsense")
    async with FileStore.open(tmp_path) as store:
        assert len(await store.transcript(session.key, None, 10)) == 2
        await converse(store, inbound(2), "again", "yes")
    (copy,) = entries(tmp_path, "workspaces/*/transcripts/*")
    assert "nonsense" not in copy.read_text()
    assert "hello" in copy.read_text()


async def test_copies_that_cannot_be_written_stop_nothing_and_are_logged_without_words(
    tmp_path: Path,
) -> None:
    with capture_logs() as logs:
        async with FileStore.open(tmp_path) as store:
            home = await store.workspace(HOME)
            (tmp_path / "workspaces" / home.id / "transcripts").write_text("in the way")
            session = await converse(store, inbound(1), "a secret", "another secret")
        assert session.tally.messages == 2
    assert {entry["event"] for entry in logs} == {"copies.failed"}
    assert {entry["error"] for entry in logs} == {"FileExistsError EEXIST"}
    assert "secret" not in str(logs)


async def test_a_deleted_session_can_be_read_in_no_file(tmp_path: Path) -> None:
    session = await secret_session(tmp_path)
    assert b"secret words" in texts(tmp_path)
    async with FileStore.open(tmp_path) as store, FileStore.open(tmp_path) as other:
        assert await other.get(session.key) is not None
        await store.delete(session.key, DELETE)
        for kept in (b"secret words", b"secret answer"):
            assert kept not in texts(tmp_path)
        assert await other.get(session.key) is None
        assert await other.transcript(session.key, None, 10) == ()
        await converse(other, inbound(2, thread("other")), "one more", "yes")
        assert await store.bound(thread("other")) is not None
    assert b"a kept question" in texts(tmp_path)
    assert b"secret words" not in texts(tmp_path)


async def test_the_words_of_waiting_messages_go_with_their_session(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as store:
        accepted = await accept(store, inbound(1, text="secret words"))
        await store.delete(accepted.session.key, DELETE)
        assert b"secret words" not in texts(tmp_path)
        (work,) = await store.sweep(claim(), 10)
        assert work.turn.id == inbound(1).event


async def test_a_deletion_that_was_cut_short_is_finished_later(tmp_path: Path) -> None:
    session = await secret_session(tmp_path)
    gone = f'[{{"type":"DropSession","session":"{session.key.id}"}}]'.encode()
    with (tmp_path / "workspaces" / session.key.workspace / "journal").open("ab") as file:
        file.write(frame(gone))
    async with FileStore.open(tmp_path) as store:
        assert await store.get(session.key) is None
        await store.sweep(claim(), 10)
        assert b"secret words" not in texts(tmp_path)
    assert b"secret words" not in texts(tmp_path)
    assert b"a kept question" in texts(tmp_path)


async def test_an_unknown_session_is_looked_for_in_no_file(tmp_path: Path) -> None:
    session = await secret_session(tmp_path)
    async with FileStore.open(tmp_path) as store:
        for identity in ("../journal", "", "\0", "x" * 5_000):
            for key in (
                SessionKey(session.key.workspace, SessionId(identity)),
                SessionKey(WorkspaceId(identity), session.key.id),
            ):
                assert await store.get(key) is None
                assert await store.acquire(key, claim(), None) is None


async def test_a_check_fails_while_nothing_can_be_written_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "store"
    async with FileStore.open(path) as store:
        before = entries(path)
        await store.check()
        assert entries(path) == before
        shutil.move(path, tmp_path / "elsewhere")
        with pytest.raises(StoreUnavailable):
            await store.check()
        shutil.move(tmp_path / "elsewhere", path)
        await store.check()
