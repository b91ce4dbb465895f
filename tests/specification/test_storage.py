"""Where sessions are kept: each backend the page names, on every command that touches sessions."""

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import ParleyInside
from tests.redis_servers import ServerPool
from tests.specification.conftest import Page
from tests.specification.page import COMMANDS

BACKENDS = [line for line in COMMANDS if "--storage-backend" in line]


@pytest.mark.parametrize("line", BACKENDS)
def test_a_backend_is_chosen_by_option_on_every_command(page: Page, line: str, tmp_path: Path) -> None:
    with ServerPool(tmp_path / "servers") as servers:
        address = servers.standalone().url if "redis" in line else ""
        words = shlex.split(line.replace("~", str(tmp_path)).replace("redis://localhost:6379", address))
        assert "There are none yet" in page.answered(*words).out
        chosen = words[words.index("--storage-backend") :]
        page.answered("session", "start", "there", *chosen)
        page.answered(*chosen, "hello", "--session", "there")
        page.answered("ask", "--retry", *chosen)
        assert "│ there" in page.answered(*words).out
        assert "Session Details: there" in page.answered(*chosen, "session", "show", "there").out
        page.answered("session", *chosen, "resume", "there")
        page.answered("session", "delete", "there", "--yes", *chosen)
    assert "There are none yet" in page.answered("session", "list").out


@pytest.mark.parametrize(
    "words",
    [
        ("session", "list"),
        ("session", "start", "a"),
        ("session", "resume", "a"),
        ("session", "show", "a"),
        ("session", "delete", "a", "--yes"),
        ("hello", "--session", "a"),
        ("chat",),
        ("workspace", "list"),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_an_unknown_backend_is_refused_with_the_three_that_there_are(
    inside: ParleyInside, words: tuple[str, ...], before: bool
) -> None:
    chosen = ("--storage-backend", "postgres")
    result = inside(*chosen, *words) if before else inside(*words, *chosen)
    assert (result.code, result.out) == (2, "")
    assert "There are three: file, sqlite, and redis" in result.error
    assert "redis://localhost:6379" in result.error


def test_files_of_a_user_lie_under_one_folder_and_no_name_is_a_path(inside: ParleyInside) -> None:
    for name in ("my-project", "../../escape", "code-review"):
        inside("session", "start", name, "--storage-backend", "file")
    home = inside.folder / "home"
    assert {path.name for path in inside.folder.iterdir()} >= {"home"}
    assert not list(inside.folder.parent.glob("escape*"))
    assert any(path.is_file() for path in home.rglob("*"))
