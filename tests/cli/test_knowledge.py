import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, ParleyInside
from tests.emulators.openai import ModelServer

BACKENDS = [("sqlite", "parley.db"), ("file", "data")]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "billing.md").write_text("# Billing\n\nInvoices are paid within thirty days.")
    (folder / "[bold]travel.txt").write_text("Trips are booked by \x1b[31mBob\x1b[0m.")
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
def test_documents_are_added_found_and_removed(
    inside: ParleyInside, docs: Path, backend: tuple[str, str]
) -> None:
    options = ("--storage-backend", backend[0], "--storage-path", str(docs.parent / backend[1]))
    added = inside("knowledge", "add", "docs", *options)
    assert (added.code, added.error) == (0, "")
    assert "added ~/docs/billing.md (1 passage)\n" in added.out
    assert added.out.endswith("📚 2 added. 2 new passages.\n")
    assert inside(*options, "knowledge", "add", "docs").out == "📚 2 unchanged.\n"
    listed = inside("knowledge", "list", *options).out
    assert "│ 1 │ ~/docs/[bold]travel.txt" in listed.replace("│ 1  │", "│ 1 │")
    assert "Documents 1 to 2\n" in listed
    found = inside("knowledge", "search", "who", "books", "trips?", *options)
    assert found.out == "[1] ~/docs/[bold]travel.txt, line 1\n    Trips are booked by ␛[31mBob␛[0m.\n"
    removed = inside("knowledge", "remove", "docs/billing.md", *options)
    assert (removed.code, removed.out) == (0, "🗑️  Removed ~/docs/billing.md (1 passage).\n")
    assert inside("knowledge", "remove", "~/docs/billing.md", *options).code == 1


def test_everything_is_there_as_json(inside: ParleyInside, docs: Path) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    added = inside("knowledge", "add", "docs", "--json")
    assert added.code == 1
    assert added.error.startswith("failed ~/docs/broken.pdf: ")
    record = json.loads(added.out)
    assert record["files"] == {"added": 2, "replaced": 0, "unchanged": 0, "skipped": 0, "failed": 1}
    assert [one["source"] for one in record["failures"]] == ["~/docs/broken.pdf"]
    listed = json.loads(inside("knowledge", "--json", "list", "--all").out)
    assert [one["passages"] for one in listed["documents"]] == [1, 1]
    (passage,) = json.loads(inside("knowledge", "search", "invoices", "--json").out)["passages"]
    assert (passage["source"], passage["place"]) == ("~/docs/billing.md", "lines 1-3")
    removed = json.loads(inside("knowledge", "remove", "docs", "--yes", "--json").out)
    assert removed["removed"] == ["~/docs/[bold]travel.txt", "~/docs/billing.md"]


def test_nothing_there_yet_says_how_to_begin(inside: ParleyInside) -> None:
    for words in (("list",), ("search", "anything")):
        result = inside("knowledge", *words)
        assert result.code == 0
        assert "There are no documents yet. Add some: parley knowledge add docs\n" in result.out


def test_a_folder_is_removed_after_a_yes(inside: ParleyInside, docs: Path) -> None:
    inside("knowledge", "add", "docs")
    no = inside("knowledge", "remove", "docs", said="n\n")
    assert (no.code, no.out.endswith("Cancelled: nothing was removed.\n")) == (0, True)
    assert inside("knowledge", "remove", "docs").code == 1
    yes = inside("knowledge", "remove", "docs", said="y\n")
    assert yes.out.startswith("Remove 2 documents below ~/docs? (y/N): ") or "below docs" in yes.out
    assert yes.out.count("Removed") == 2
    assert "no documents yet" in inside("knowledge", "list").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "nowhere"), 2, "There is no file or folder “nowhere”"),
        (("add",), 2, "PATH... is missing"),
        (("search",), 2, "QUERY is missing"),
        (("search", " "), 2, "Say what to search for"),
        (("list", "x"), 2, "“x” is no page"),
        (("list", "7"), 2, "There is no page 7"),
        (("remove", "billing.md"), 1, "Did you mean “~/docs/billing.md”?"),
        (("remove", "zzz"), 1, "The list of documents shows"),
        (("ad", "docs"), 2, "Did you mean: parley knowledge add?"),
        (("list", "--storage-backend", "paper"), 2, "no storage backend paper"),
        (("list", "--workspace", "telegram:1"), 1, "no workspace “telegram:1”"),
    ],
)
def test_bad_input_says_what_to_do(
    inside: ParleyInside, docs: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    inside("knowledge", "add", str(docs))
    result = inside("knowledge", *words)
    assert (result.code, result.out) == (code, "")
    assert said in result.error


@pytest.mark.parametrize("backend", ["sqlite", "file"])
def test_killed_while_it_adds_it_goes_on(inside: ParleyInside, tmp_path: Path, backend: str) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(200):
        (tmp_path / "docs" / f"{number}.txt").write_text(f"Document {number} about winter.")
    words = ("knowledge", "add", "docs", "--storage-backend", backend)
    running = subprocess.Popen(
        [*COMMAND, *words], cwd=inside.folder, env=inside.environment, stdout=subprocess.PIPE
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.read(1)  # what is printed is kept
        running.kill()
    files = json.loads(inside(*words, "--json").out)["files"]
    assert files["added"] + files["unchanged"] == 200
    assert files["unchanged"] > 0
    found = json.loads(
        inside("knowledge", "search", "winter", "--storage-backend", backend, "--json").out
    )
    assert len(found["passages"]) == 5


def test_help_names_every_command(inside: ParleyInside) -> None:
    page = inside("knowledge").out
    assert page == inside("knowledge", "help").out
    for word in ("add", "list", "search", "remove", "help"):
        assert f"parley knowledge {word}" in page
        assert inside("knowledge", word, "--help").code == 0


def test_an_answer_draws_on_documents_where_the_setting_says_so(inside: ParleyInside, docs: Path) -> None:
    inside("knowledge", "add", str(docs))
    asked = inside("When are invoices paid?", PARLEY_KNOWLEDGE="on")
    assert asked.code == 0
    assert asked.out.rstrip().endswith("Sources: [1] `~/docs/billing.md, lines 1-3`")
    assert "Sources" not in inside("When are invoices paid?").out
    assert "PARLEY_KNOWLEDGE=on" in inside("Hello", PARLEY_KNOWLEDGE="perhaps").error


async def test_embeddings_are_made_where_a_model_is_set(inside: ParleyInside, docs: Path) -> None:
    async with ModelServer.start() as server:
        settings = {
            "PARLEY_EMBEDDINGS_MODEL": "text-embedding-3-small",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": server.base_url,
        }
        added = await asyncio.to_thread(lambda: inside("knowledge", "add", str(docs), **settings))
        assert added.out.endswith("📚 2 added. 2 new passages.\n")
        found = await asyncio.to_thread(lambda: inside("knowledge", "search", "invoicing", **settings))
        assert found.out.startswith("[1] ~/docs/billing.md")
        assert len(server.embedded) == 3


def test_embeddings_without_a_key_say_what_is_missing(inside: ParleyInside, docs: Path) -> None:
    refused = inside("knowledge", "add", str(docs), PARLEY_EMBEDDINGS_MODEL="x")
    assert (refused.code, refused.out) == (2, "")
    assert "OPENAI_API_KEY" in refused.error
