import json
import re
import subprocess
from pathlib import Path

import pytest

from cli.routing import RootGroup
from tests.cli.conftest import COMMAND, ParleyInside
from tests.terminal.test_pages import LISTED, STARTED

HELP = """\
Session Commands:

  parley session start <name>    - Start a new session
  parley session list            - List all sessions
  parley session resume <name>   - Resume a session
  parley session show <name>     - Show session details
  parley session delete <name>   - Delete a session
  parley session help            - Show this help

Using Sessions with Prompts:
  parley "prompt" --session <name>   - Run with session context
"""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")


def without_times(page: str) -> str:
    return _TIME.sub(lambda found: "#" * len(found[0]), page)


def test_start_prints_the_page_of_the_specification(inside: ParleyInside) -> None:
    result = inside("session", "start", "my-project")
    assert (result.code, result.error) == (0, "")
    assert without_times(result.out) == without_times(STARTED) + "\n"


def test_list_prints_the_page_of_the_specification(inside: ParleyInside) -> None:
    for name in ("documentation", "code-review", "research-task", "my-project"):
        inside("session", "start", name)
    lines = without_times(inside("session", "list").out).splitlines()
    expected = without_times(LISTED).splitlines()
    assert [line[:45] for line in lines] == [line[:45] for line in expected]
    assert [line.split("│")[-2].strip() for line in lines[5:9]] == [
        "active",
        "paused",
        "paused",
        "paused",
    ]


def test_help_prints_the_page_of_the_specification(inside: ParleyInside) -> None:
    assert inside("session", "help").out == inside("session").out == HELP


def test_delete_asks_and_deletes(inside: ParleyInside) -> None:
    inside("session", "start", "my-project")
    result = inside("session", "delete", "my-project", said="y\n")
    assert result.code == 0
    assert result.out == (
        "⚠️  Delete session 'my-project'?\n"
        "This will permanently remove all conversation history.\n"
        "Are you sure? (y/N): \n\n"
        "🗑️  Session 'my-project' deleted successfully.\n"
    )
    assert inside("session", "show", "my-project").code == 1


@pytest.mark.parametrize(("said", "code"), [("n\n", 0), ("\n", 0), ("", 1)])
def test_delete_without_a_yes_deletes_nothing(inside: ParleyInside, said: str, code: int) -> None:
    inside("session", "start", "kept")
    assert inside("session", "delete", "kept", said=said).code == code
    assert inside("session", "show", "kept").code == 0


@pytest.mark.parametrize(
    "words", [("delete", "gone", "--yes"), ("--yes", "delete", "gone"), ("delete", "-y", "gone")]
)
def test_delete_with_yes_does_not_ask(inside: ParleyInside, words: tuple[str, ...]) -> None:
    inside("session", "start", "gone")
    result = inside("session", *words)
    assert (result.code, result.out) == (0, "🗑️  Session 'gone' deleted successfully.\n")


def test_options_stand_before_or_after(inside: ParleyInside, tmp_path: Path) -> None:
    path = str(tmp_path / "elsewhere.db")
    inside("--storage-path", path, "session", "start", "there")
    lines = (
        ("session", "list", "--json", "--storage-backend", "sqlite", "--storage-path", path),
        ("--storage-backend", "sqlite", "--storage-path", path, "--json", "session", "list"),
        ("session", "--json", f"--storage-path={path}", "list"),
        ("--json", "session", "--storage-backend", f"sqlite://{path}", "list"),
    )
    for line in lines:
        listed = json.loads(inside(*line).out)
        assert [one["name"] for one in listed["sessions"]] == ["there"]
    assert json.loads(inside("session", "list", "--json").out)["total"] == 0


def test_the_last_used_session_is_active_and_the_others_paused(inside: ParleyInside) -> None:
    inside("session", "start", "one")
    inside("session", "start", "two")
    inside("session", "resume", "one")
    sessions = json.loads(inside("session", "list", "--json").out)["sessions"]
    assert {one["name"]: one["status"] for one in sessions} == {"one": "active", "two": "paused"}
    assert json.loads(inside("session", "show", "--json").out)["name"] == "one"


def test_a_number_refers_to_the_last_list(inside: ParleyInside) -> None:
    inside("session", "start", "old")
    inside("session", "start", "new")
    assert inside("session", "show", "2").code == 1
    inside("session", "list")
    assert "Session Details: old" in inside("session", "show", "2").out
    assert "no number 3" in inside("session", "show", "3").error


def test_pages_and_all(inside: ParleyInside) -> None:
    lines = "".join(f"/session start s-{number}\n" for number in range(12))
    assert inside("chat", said=lines).code == 0
    second = inside("session", "list", "2")
    assert second.out == inside("session", "list", "--page", "2").out
    assert "│ 11 │ s-1 " in second.out
    assert second.out.endswith("Total: 12 sessions\nPage 2 of 2\n")
    assert "│ 12 │ s-0 " in inside("session", "list", "--all").out
    assert inside("session", "list", "3").code == 2
    assert inside("session", "list", "0").code == 2
    assert inside("session", "list", "-1").code == 2


@pytest.mark.parametrize("name", ["", "x" * 300, "line\nfeed", "\u200f", "42", "\x1b[2J"])
def test_a_bad_name_is_a_usage_error_and_never_printed_raw(inside: ParleyInside, name: str) -> None:
    result = inside("session", "start", "--", name)
    assert (result.code, result.out) == (2, "")
    assert result.error.startswith("Error: ")
    assert "\x1b" not in result.error


@pytest.mark.parametrize("name", ["../../x", "a/b", "a:b", "🚀 launch", "שלום", "[/bold]", "--json"])
def test_an_unusual_name_is_a_name(inside: ParleyInside, tmp_path: Path, name: str) -> None:
    before = {path for path in tmp_path.rglob("*") if "home" not in path.parts}
    assert inside("session", "start", "--", name).code == 0
    result = inside("session", "show", "--", name)
    assert result.code == 0
    assert f"Session Details: {name}\n" in result.out
    assert {path for path in tmp_path.rglob("*") if "home" not in path.parts} == before


def test_a_taken_name_is_a_failure_that_tells_how_to_resume(inside: ParleyInside) -> None:
    inside("session", "start", "Alpha")
    result = inside("session", "start", "alpha")
    assert (result.code, result.out) == (1, "")
    assert "Resume it" in result.error


def test_a_closed_input_is_an_empty_one(inside: ParleyInside) -> None:
    inside("session", "start", "kept")
    words = " ".join((*COMMAND, "session", "delete", "kept"))
    done = subprocess.run(
        ["sh", "-c", f"{words} <&-"],
        cwd=inside.folder,
        env=inside.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("list",), "parley session list? To ask the model: parley ask list"),
        (("start", "a b"), "parley session start 'a b'?"),
        (("delete", "--yes"), "parley session delete?"),
        (("sesion", "list"), "parley session list?"),
        (("chatt",), "parley chat? To ask the model: parley ask chatt"),
        (
            ("session", "lst"),
            "parley session list? There are: start, list, resume, show, delete, help, export, import.",
        ),
        (
            ("session", "frobnicate"),
            "There are: start, list, resume, show, delete, help, export, import.",
        ),
    ],
)
def test_a_word_in_the_wrong_place_is_no_prompt(
    inside: ParleyInside, words: tuple[str, ...], meant: str
) -> None:
    result = inside(*words)
    assert (result.code, result.out) == (2, "")
    assert meant in result.error


def test_delete_without_a_name_asks_about_the_active_session(inside: ParleyInside) -> None:
    inside("session", "start", "kept")
    inside("session", "start", "gone")
    refused = inside("session", "delete", "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert "Delete session 'gone'?" in inside("session", "delete", said="y\n").out
    listed = json.loads(inside("session", "list", "--json").out)["sessions"]
    assert [one["name"] for one in listed] == ["kept"]


def test_the_help_page_tells_the_commands_and_the_options_of_prompts(inside: ParleyInside) -> None:
    page = inside("--help").out
    for name in (*RootGroup.modules, "--session", "--storage-path", "--workspace", "--json", "--retry"):
        assert re.search(rf"^  {name} ", page, re.MULTILINE), name
    assert inside("help").out == page


def test_words_that_do_not_fit_are_usage_errors(inside: ParleyInside) -> None:
    for words in (("lst",), ("start", "a", "b"), ("resume",), ("list", "two"), ("show", "x", "--nope")):
        result = inside("session", *words)
        assert (result.code, result.out) == (2, "")
        assert result.error.startswith("Error: ")


def test_what_is_not_there_is_a_failure_that_tells_what_is_near(inside: ParleyInside) -> None:
    inside("session", "start", "research")
    result = inside("session", "resume", "rese")
    assert (result.code, result.out) == (1, "")
    assert "research" in result.error


def test_an_unknown_workspace_tells_where_to_look(inside: ParleyInside) -> None:
    result = inside("session", "list", "--workspace", "telegram:-100")
    assert (result.code, result.out) == (1, "")
    assert "parley workspace list" in result.error


def test_json_of_a_session_has_stable_keys(inside: ParleyInside) -> None:
    made = json.loads(inside("session", "start", "a", "--json").out)
    assert list(made) == [
        "id",
        "name",
        "title",
        "status",
        "created_at",
        "active_at",
        "messages",
        "user_messages",
        "agent_messages",
        "tokens",
        "context_tokens",
        "tokens_estimated",
        "size_bytes",
    ]
    assert made["created_at"].endswith("+00:00")
    assert json.loads(inside("session", "delete", "a", "--yes", "--json").out) == {
        "deleted": True,
        "name": "a",
    }


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--storage-backend", "postgres"), 2),
        (("--storage-backend", "redis://localhost:6379/first"), 2),
        (("--storage-backend", "sqlite:"), 2),
        (("--storage-path", "/proc/nowhere/x.db"), 2),
        (("--storage-path", "not-ours.db"), 2),
    ],
)
def test_a_storage_that_cannot_work_is_explained(
    inside: ParleyInside, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    foreign = tmp_path / "not-ours.db"
    foreign.write_text("somebody else's notes\n" * 100)
    result = inside("session", "list", *words)
    assert (result.code, result.out) == (code, "")
    assert result.error.startswith("Error: ")
    assert "Traceback" not in result.error
    assert foreign.read_text().startswith("somebody else's")
