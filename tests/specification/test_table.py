"""docs/specification.md leaves nothing of the page out, and the tests that it names exist."""

import re
from pathlib import Path

import pytest

from tests.specification.page import CALLS, COMMANDS, FLAGS, HEADINGS, TABLES

TESTS = Path(__file__).parent.parent
PAGE = (TESTS.parent / "docs" / "specification.md").read_text("utf-8")


def rows() -> list[tuple[str, str, str]]:
    found = re.findall(r"^\| (.+?) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
    return [row for row in found if not row[0].startswith(("---", "heading"))]


def exists(named: str) -> bool:
    path, _, test = named.partition("::")
    file = TESTS / path
    return file.is_file() and (not test or f"def {test}(" in file.read_text("utf-8"))


def test_every_heading_of_the_page_has_its_row_in_the_pages_order() -> None:
    headings = [heading for heading, _, _ in rows()]
    assert set(headings) == set(HEADINGS)
    assert list(dict.fromkeys(headings)) == list(dict.fromkeys(HEADINGS))


@pytest.mark.parametrize("words", [COMMANDS, FLAGS, CALLS, TABLES])
def test_everything_that_the_page_shows_is_named(words: tuple[str, ...]) -> None:
    shown = " ".join(shown for _, shown, _ in rows())
    assert [one for one in words if one not in shown] == []


def test_every_row_names_a_test_and_every_test_exists() -> None:
    named = set(re.findall(r"`([a-z_/]+\.py::test_[a-z0-9_]+)`", PAGE))
    assert [row for row in rows()[:-1] if "::test_" not in row[2]] == []
    assert [one for one in sorted(named) if not exists(one)] == []
