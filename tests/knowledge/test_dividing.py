from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sessions.knowledge.dividing import PASSAGE_TOKENS, divide
from sessions.knowledge.reading import Kind, Reading, read
from sessions.ports.knowledge import Passage
from sessions.window import estimate_tokens
from tests.knowledge.papers import PAGE, pdf

LINES = st.lists(
    st.sampled_from(
        [
            "",
            "# One",
            "## Two",
            "```",
            "def f():",
            "    return 1",
            "}",
            "text",
            "word " * 60,
            "x" * 3000,
            "漢" * 900,
        ]
    ),
    max_size=60,
)


def divided(text: str, kind: Kind = Kind.TEXT) -> tuple[Passage, ...]:
    return divide(Reading("title", kind, (text,)))


def span(passage: Passage) -> tuple[int, int]:
    first, _, last = passage.place.split(" ")[1].partition("-")
    return int(first), int(last or first)


@given(LINES, st.sampled_from([Kind.TEXT, Kind.MARKDOWN, Kind.CODE]))
def test_nothing_is_lost_and_every_place_is_right(lines: list[str], kind: Kind) -> None:
    passages = divided("\n".join(lines), kind)
    assert [one.number for one in passages] == list(range(len(passages)))
    covered = {number for one in passages for number in range(span(one)[0], span(one)[1] + 1)}
    assert {number for number, line in enumerate(lines, 1) if line.strip()} <= covered
    for one in passages:
        first, last = span(one)
        body = one.text.partition(" (continued)\n\n")[2] or one.text
        for said in filter(str.strip, body.split("\n")):
            assert any(said.strip() in line for line in lines[first - 1 : last])
    whole = "".join(lines).replace(" ", "")
    if "x" not in whole and "漢" not in whole:
        assert sum(len(one.text) for one in passages) >= len(whole)


@given(LINES, st.sampled_from(list(Kind)))
def test_no_passage_is_over_the_budget(lines: list[str], kind: Kind) -> None:
    for passage in divided("\n".join(lines), kind):
        assert estimate_tokens(passage.text) <= PASSAGE_TOKENS * 1.25
        assert passage.text.strip()


def test_markdown_is_divided_at_headings_and_a_long_section_repeats_its_own() -> None:
    long = "\n\n".join(f"Sentence {n} about the matter at hand. " * 6 for n in range(9))
    passages = divided(f"# Guide\n\n## Install\n\n{long}\n\n## Use\n\nPress it.", Kind.MARKDOWN)
    assert passages[0].text.startswith("# Guide\n\n## Install\n\nSentence 0")
    assert all(one.text.startswith("## Install (continued)\n\n") for one in passages[1:-1])
    assert passages[-1].text.endswith("\n\n## Use\n\nPress it.")
    assert passages[-1].place == "lines 21-25"


def test_small_sections_stay_together_and_fences_stay_whole() -> None:
    text = "# A\n\nOne.\n\n# B\n\n```\n# no heading\n\nx = 1\n```\n\nTwo."
    assert [one.text for one in divided(text, Kind.MARKDOWN)] == [text]


def test_code_is_divided_at_definitions() -> None:
    bodies = [f"@cached\ndef f{n}(x):\n" + f"    x = g(x, {n})  # once more\n" * 18 for n in range(3)]
    passages = divided("import g\n\n\n" + "\n\n".join(bodies), Kind.CODE)
    assert [one.text.split("\n")[0] for one in passages] == ["import g", "@cached", "@cached"]
    assert passages[1].place == "lines 26-45"


def test_a_line_without_end_is_cut_between_words() -> None:
    passages = divided("winter " * 2_000)
    assert len(passages) > 3
    assert all(one.place == "line 1" for one in passages)
    assert {word for one in passages for word in one.text.split()} == {"winter"}


def test_a_file_of_one_very_long_line_takes_no_longer_than_any_other() -> None:
    assert len(divided("winter" * 200_000)) > 800


def test_lines_that_belong_together_overlap_where_they_are_cut() -> None:
    passages = divided("\n".join(f"{n} bottles on the wall" for n in range(300)))
    assert all(span(one)[1] >= span(after)[0] for one, after in pairwise(passages))


def test_places_are_pages_and_headings_where_lines_mean_nothing() -> None:
    assert [one.place for one in divide(read("a.pdf", pdf("One", "Two")))] == ["page 1", "page 2"]
    assert [one.place for one in divide(read("a.html", PAGE.encode()))] == ["Install"]
    assert divide(read("a.html", b"<p>text</p>"))[0].place == "beginning"
