import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessions.errors import ModelDown, UsageError
from sessions.knowledge.adding import Added, Adding, FileDone
from sessions.knowledge.walking import source_of
from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, Passage
from storage.memory import MemoryStore
from tests.knowledge.papers import pdf

HOME = WorkspaceId("home")
AT = datetime(2031, 3, 5, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here."""


class Shelf(MemoryStore):
    """A store that counts what is put, and ends after so many documents."""

    def __init__(self) -> None:
        super().__init__()
        self.put: list[str] = []
        self.lives = 1_000

    async def put_document(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
    ) -> None:
        if len(self.put) >= self.lives:
            raise Killed
        await super().put_document(workspace, document, passages)
        self.put.append(document.source.rpartition("/")[2])


class Letters:
    """Embeddings by the number of letters."""

    def __init__(self, name: str = "letters") -> None:
        self.name = name
        self.down = False

    async def embed(self, texts: Sequence[str]) -> tuple[bytes, ...]:
        if self.down:
            raise ModelDown("The server is away.")
        return tuple(bytes((len(text) % 100 + 1, 1)) for text in texts)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with two documents, in a repository."""
    folder = tmp_path / "docs"
    (folder / ".git").mkdir(parents=True)
    (folder / "a.md").write_text("# Winter\n\nSnow falls.")
    (folder / "b.txt").write_text("Summer is warm.")
    return folder


async def add(shelf: Shelf, *paths: Path, letters: Letters | None = None) -> Added:
    return await Adding(shelf, HOME, letters, lambda: AT).add([str(path) for path in paths])


def did(added: Added) -> dict[str, int]:
    return {did.value: count for did, count in added.counts.items() if count}


async def sources(shelf: Shelf) -> list[str]:
    return [one.source.rpartition("/")[2] for one in await shelf.documents(HOME, "", 100)]


async def test_a_folder_is_added_and_found(shelf: Shelf, docs: Path) -> None:
    (docs / "paper.pdf").write_bytes(pdf("Of autumn", "Of spring"))
    told: list[tuple[FileDone, int, int]] = []
    added = await Adding(shelf, HOME).add([str(docs)], lambda *one: told.append(one))
    assert (did(added), added.passages) == ({"added": 3}, 4)
    assert sorted((done, total) for _, done, total in told) == [(1, 3), (2, 3), (3, 3)]
    (found,) = await shelf.find_passages(HOME, ("spring",), 9)
    assert (found.source, found.passage.place) == (source_of(docs / "paper.pdf"), "page 2")
    document = await shelf.document(HOME, source_of(docs / "a.md"))
    assert document is not None
    assert (document.title, document.size, document.passages) == ("Winter", 21, 1)


async def test_only_what_changed_is_read_again(shelf: Shelf, docs: Path) -> None:
    await add(shelf, docs)
    (docs / "b.txt").write_text("Autumn is wet.")
    assert did(await add(shelf, docs, docs / "b.txt")) == {"replaced": 1, "unchanged": 1}
    assert sorted(shelf.put) == ["a.md", "b.txt", "b.txt"]
    assert await shelf.find_passages(HOME, ("summer",), 9) == ()


async def test_killed_on_the_way_it_goes_on_when_it_is_repeated(shelf: Shelf, tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text(f"Text {number}")
    shelf.lives = 5
    with pytest.raises(BaseExceptionGroup):
        await add(shelf, tmp_path)
    before = set(await sources(shelf))
    assert before >= set(shelf.put)
    shelf.lives, shelf.put = 1_000, []
    again = did(await add(shelf, tmp_path))
    assert again == {"added": 9 - len(before), "unchanged": len(before)}
    assert before.isdisjoint(shelf.put)
    assert len(await shelf.find_passages(HOME, ("text",), 20)) == 9


async def test_a_bad_file_is_reported_and_hides_no_other(shelf: Shelf, docs: Path) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    (docs / "picture.png").write_bytes(b"\x89PNG\x00\x00")
    (docs / "empty.txt").write_bytes(b"")
    added = await add(shelf, docs)
    assert did(added) == {"added": 2, "skipped": 2, "failed": 1}
    assert {one.source.rpartition("/")[2] for one in added.failures} == {"broken.pdf"}
    named = await add(shelf, docs / "picture.png", docs / "empty.txt")
    assert did(named) == {"failed": 2}


async def test_what_is_too_large_says_what_to_do(
    shelf: Shelf, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.knowledge.adding.LARGEST", 1 << 20)
    (docs / "b.txt").write_text("x" * ((1 << 20) + 1))
    (failure,) = (await add(shelf, docs)).failures
    assert failure.why == "b.txt is larger than 1 MB. Divide it and add the parts."


async def test_ignored_hidden_and_secret_files_of_a_folder_are_left_out(shelf: Shelf, docs: Path) -> None:
    (docs / ".gitignore").write_text("*.log\n/build/\n!keep.log\n")
    (docs / "inner").mkdir()
    (docs / "inner" / ".gitignore").write_text("b.txt\n!c.log\n")
    (docs / "build").mkdir()
    for name in (
        ".env",
        "x.log",
        "keep.log",
        "build/y.txt",
        "inner/b.txt",
        "inner/c.log",
        "id_rsa",
        "k.pem",
    ):
        (docs / name).write_text("text")
    await add(shelf, docs)
    assert await sources(shelf) == ["a.md", "b.txt", "c.log", "keep.log"]
    other = Shelf()
    await add(other, docs / "inner")
    assert await sources(other) == ["c.log"]
    assert did(await add(other, docs / ".env")) == {"added": 1}
    assert did(await add(other, docs / "build")) == {"added": 1}


async def test_links_are_not_followed(shelf: Shelf, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("Secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "more.txt").write_text("Secret too")
    (docs / "link.txt").symlink_to(tmp_path / "secret.txt")
    (docs / "folder").symlink_to(tmp_path / "elsewhere")
    (docs / "loop").symlink_to(docs)
    await add(shelf, docs)
    assert await sources(shelf) == ["a.md", "b.txt"]
    (tmp_path / "named").symlink_to(docs)
    assert did(await add(shelf, tmp_path / "named")) == {"unchanged": 2}


async def test_what_is_no_longer_in_a_folder_is_told_and_stays(shelf: Shelf, docs: Path) -> None:
    await add(shelf, docs)
    (docs / "a.md").unlink()
    assert (await add(shelf, docs)).gone == (source_of(docs / "a.md"),)
    assert (await add(shelf, docs / "b.txt")).gone == ()
    assert await sources(shelf) == ["a.md", "b.txt"]


@pytest.mark.parametrize("paths", [["nowhere"], ["a.md", "nowhere"], [], ["\0"], ["/dev/null"]])
async def test_a_path_that_is_not_there_adds_nothing(
    shelf: Shelf, docs: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str]
) -> None:
    monkeypatch.chdir(docs)
    with pytest.raises(UsageError):
        await Adding(shelf, HOME).add(paths)
    assert sorted(shelf.put) == []


async def test_passages_get_vectors_and_another_model_makes_them_anew(shelf: Shelf, docs: Path) -> None:
    await add(shelf, docs)
    assert await shelf.near_passages(HOME, bytes((1, 1)), 9) == ()
    assert did(await add(shelf, docs, letters=Letters())) == {"replaced": 2}
    assert len(await shelf.near_passages(HOME, bytes((1, 1)), 9)) == 2
    assert did(await add(shelf, docs, letters=Letters())) == {"unchanged": 2}
    assert did(await add(shelf, docs, letters=Letters("others"))) == {"replaced": 2}


async def test_embeddings_that_cannot_be_had_end_it_with_their_words(shelf: Shelf, docs: Path) -> None:
    letters = Letters()
    letters.down = True
    with pytest.raises(ModelDown, match="away"):
        await add(shelf, docs, letters=letters)
    letters.down = False
    assert did(await add(shelf, docs, letters=letters)) == {"added": 2}


async def test_a_name_may_be_any_bytes(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("Coffee")
    assert did(await add(shelf, tmp_path)) == {"added": 1}
    again = await add(shelf, tmp_path)
    assert (did(again), again.gone) == ({"unchanged": 1}, ())
    assert await sources(shelf) == ["caf\ufffd.txt"]


def test_a_source_is_the_same_wherever_the_command_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert source_of(Path("/home/ada/docs/a.md")) == "~/docs/a.md"
    assert source_of(Path("/srv/docs/a.md")) == "/srv/docs/a.md"
