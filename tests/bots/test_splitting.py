import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.splitting import SHORTEST_LIMIT, split

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def utf8(text: str) -> int:
    return len(text.encode())


def visible(text: str) -> str:
    return "".join(text.split())


def code_blocks(text: str) -> list[tuple[str, str]]:
    """Read fenced blocks in the simplest way that the specification allows: language and code."""
    blocks: list[tuple[str, str]] = []
    opened: tuple[str, str] | None = None
    for line in text.split("\n"):
        fence = re.match(r"^(`{3,}|~{3,})([^`]*)$", line)
        if opened is None and fence:
            opened = (fence[1], fence[2])
            blocks.append((fence[2].strip(), ""))
        elif opened and fence and fence[1].startswith(opened[0]) and not fence[2].strip():
            opened = None
        elif opened:
            blocks[-1] = (blocks[-1][0], blocks[-1][1] + line)
    assert opened is None, "a fence is left open"
    return blocks


PIECES = (
    "word",
    "e\u0301",
    "\u3002",
    "end. ",
    " ",
    FAMILY,
    FLAG,
    "\U0001f44d\U0001f3fd",
    "x" * 30,
    "**b**",
    "`c`",
)
words = st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map("".join)
lines = words.map(lambda line: line.strip() or "x")
blocks = st.one_of(
    lines,
    st.lists(lines, min_size=1, max_size=8).map("\n".join),
    st.lists(lines, min_size=1, max_size=8).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(lines, min_size=1, max_size=8).map(lambda items: "\n".join(f"> {item}" for item in items)),
)
fenced = st.tuples(
    st.sampled_from(["```", "~~~", "````"]),
    st.sampled_from(["", "python", "c++"]),
    st.lists(lines, max_size=20),
).map(lambda block: "\n".join((block[0] + block[1], *block[2], block[0])))
documents = st.lists(st.one_of(blocks, fenced), min_size=1, max_size=8).map("\n\n".join)
measures = st.sampled_from([len, utf16, utf8])


@given(documents, st.integers(SHORTEST_LIMIT, 300), measures)
def test_no_part_is_too_long_or_blank(text: str, limit: int, measure: Callable[[str], int]) -> None:
    for part in split(text, limit, measure):
        assert measure(part) <= limit
        assert part.strip()


@given(st.text(max_size=600), st.integers(SHORTEST_LIMIT, 200), measures)
def test_any_text_at_all_fits(text: str, limit: int, measure: Callable[[str], int]) -> None:
    parts = split(text, limit, measure)
    assert all(measure(part) <= limit and part.strip() for part in parts)
    assert bool(parts) == bool(text.strip())


@given(st.lists(blocks, min_size=1, max_size=8).map("\n\n".join), st.integers(SHORTEST_LIMIT, 300))
def test_parts_joined_show_the_whole_text(text: str, limit: int) -> None:
    joined = "\n".join(split(text, limit))
    if ">" in text:  # a quotation is a quotation in every part
        joined, text = joined.replace(">", ""), text.replace(">", "")
    assert visible(joined) == visible(text)


@given(documents, st.integers(SHORTEST_LIMIT, 300), measures)
def test_code_stays_code_in_every_part(text: str, limit: int, measure: Callable[[str], int]) -> None:
    whole = code_blocks(text)
    parts = [block for part in split(text, limit, measure) for block in code_blocks(part)]
    assert visible("".join(code for _, code in parts)) == visible("".join(code for _, code in whole))
    assert {language for language, _ in parts} <= {language for language, _ in whole}


@given(documents, st.integers(SHORTEST_LIMIT, 300))
def test_no_part_begins_or_ends_within_a_character(text: str, limit: int) -> None:
    for part in split(text, limit):
        assert not re.match("[\u0301\u200d\U0001f3fb-\U0001f3ff]", part)
        assert not part.endswith("\u200d")
        assert len(re.findall("[\U0001f1e6-\U0001f1ff]", part)) % 2 == 0


@given(documents, st.integers(SHORTEST_LIMIT, 300))
def test_parts_that_are_complete_stay_while_the_text_grows(text: str, limit: int) -> None:
    earlier: tuple[str, ...] = ()
    for length in range(0, len(text), 40):
        parts = split(text[:length], limit)
        settled = max(0, len(earlier) - 2)
        assert parts[:settled] == earlier[:settled]
        earlier = parts


def test_text_within_the_limit_is_one_part_as_it_is() -> None:
    assert split("# Title\n\ntext\n\n```py\nx = 1\n```", 2000) == (
        "# Title\n\ntext\n\n```py\nx = 1\n```",
    )


def test_nothing_gives_no_parts() -> None:
    assert split("", 2000) == ()
    assert split(" \n\t\n", 2000) == ()


def test_a_cut_falls_between_paragraphs_if_it_can() -> None:
    assert split("a " * 40 + "\n\n" + "b " * 40, 120) == (("a " * 40).strip(), ("b " * 40).strip())


def test_a_cut_falls_between_sentences_of_a_long_paragraph() -> None:
    parts = split("This is a sentence of some words. " * 10, 100)
    assert all(part.endswith(".") for part in parts)


def test_a_fence_within_a_fence_stays_code() -> None:
    inner = "\n".join(f"line {number}" for number in range(40))
    parts = split(f"````md\n```py\n{inner}\n```\n````", 120)
    assert len(parts) > 2
    assert all(part.startswith("````md\n") and part.endswith("\n````") for part in parts)


def test_a_fence_in_a_list_is_reopened_where_it_was() -> None:
    code = "\n".join(f"  line {number}" for number in range(40))
    parts = split(f"- item\n  ```py\n{code}\n  ```", 120)
    assert all(part.startswith("  ```py\n") for part in parts[1:])
    assert all(part.endswith("\n  ```") for part in parts)


def test_a_fence_that_is_still_being_written_is_closed() -> None:
    assert split("```py\nprint(", 120) == ("```py\nprint(\n```",)


def test_a_table_has_its_head_in_every_part() -> None:
    rows = [f"| {number} | value |" for number in range(40)]
    parts = split("\n".join(("| a | b |", "|---|---|", *rows)), 150)
    assert all(part.startswith("| a | b |\n|---|---|\n| ") for part in parts)
    assert [line for part in parts for line in part.split("\n")[2:]] == rows


def test_a_heading_is_not_left_behind() -> None:
    parts = split("a " * 40 + "\n\n# Title\n\n" + "b " * 40, 100)
    assert parts[1].startswith("# Title")


def test_bold_text_is_not_torn_at_a_word() -> None:
    parts = split("word " * 15 + "**some bold words in a row** " + "word " * 15, 100)
    assert all(part.count("**") % 2 == 0 for part in parts)


def test_a_limit_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        split("text", 10)
