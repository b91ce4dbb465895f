"""What the pages say about the project is there."""

import doctest
import os
import re
import tomllib
from pathlib import Path

import pytest

import parley
from bots.admission import Admission
from bots.settings import load, variable

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"


def test_every_test_that_a_promise_names_exists() -> None:
    page = (ROOT / "docs" / "promises.md").read_text()
    paths = re.findall(r"`([a-z_/]+\.py|[a-z_]+/)`", page)
    names = re.findall(r"`(test_[a-z0-9_]+)`", page)
    assert len(paths) > 15
    assert [path for path in paths if not (TESTS / path).exists()] == []
    code = "".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    assert [name for name in names if f"def {name}(" not in code] == []


def test_the_example_in_the_librarys_face_does_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("PARLEY_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(parley) == (0, 3)
    assert {name: getattr(parley, name).__name__ for name in parley.__all__} == {
        name: name for name in parley.__all__
    }


def test_every_promise_has_a_test() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", (ROOT / "docs" / "promises.md").read_text(), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
    assert all(".py`" in tests for _, tests in rows)


def test_every_setting_has_its_row(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    names = [variable(name) for name in load({}, tmp_path).__dataclass_fields__]
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "deploy/README.md",
        "docs/decisions.md",
        "docs/glossary.md",
        "docs/python.md",
        "docs/redis.md",
    ],
)
def test_links_and_files_that_a_page_names_exist(path: str) -> None:
    page = (ROOT / path).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page) if "://" not in link]
    named = re.findall(r"`((?:sessions|storage|bots|cli|tests|docs|deploy)/[A-Za-z0-9_./]*)`", page)
    missing = [link for link in links if not (ROOT / path).parent.joinpath(link).exists()]
    assert missing + [name for name in named if not (ROOT / name).exists()] == []


def test_the_example_of_a_deployment_can_be_read() -> None:
    lines = (ROOT / "deploy" / "env.example").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert Admission.parse(settings["PARLEY_ALLOWED"]).entries
    assert "serve" in (ROOT / "deploy" / "Dockerfile").read_text()


def test_the_package_names_what_it_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"parley": "cli.entry:run"}
