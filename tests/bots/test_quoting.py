import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegramify_markdown import convert

from bots.quoting import code, plain, shorten

HOSTILE = (
    "**bold** _it_ ~~no~~ ||spoiler||",
    "[a](http://evil.example) ![i](x) <http://evil.example> [^1]",
    "@everyone @here <@1> <@&2> <#3> <:emoji:4> </x:5> @ada",
    "# head",
    "1. one",
    "1) one",
    "- item",
    "> quote",
    "```py",
    "`code` ``x`` `",
    "    indented",
    "| a | b |",
    "&amp; &#64;",
    "\\* \\( x \\) \\[ y \\] $z$ $$w$$",
    "a\n===\nb\n---",
    "<b>x</b> <tg-spoiler>y</tg-spoiler>",
)
texts = st.lists(
    st.sampled_from([*HOSTILE, " ", "\n", "*", "`", "[", "](", "word", "\\", "1.5"]), max_size=6
).map("".join)


def without_breaks(text: str) -> str:
    return text.replace("\u200b", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_is_and_means_nothing(text: str) -> None:
    shown, entities = convert(plain(text))
    assert without_breaks(shown).split() == text.split()
    assert entities == []


@given(texts)
def test_plain_text_never_becomes_formatting(text: str) -> None:
    shown, entities = convert(f"before {plain(text)}")
    assert without_breaks(shown).split() == ["before", *text.split()]
    assert entities == []


@given(texts)
def test_a_name_is_one_piece_of_code(text: str) -> None:
    shown, entities = convert(f"x {code(text)} y")
    if text.strip():
        assert without_breaks(shown) == f"x {' '.join(text.split())} y"
        assert [entity.type for entity in entities] == ["code"]
        assert "```" not in code(text)
    else:
        assert shown == "x — y"


@pytest.mark.parametrize("text", ["@everyone", "<@1>", "x.example", "https://x", "<#3>"])
def test_plain_text_is_no_mention_and_no_link(text: str) -> None:
    assert text not in plain(text).replace("\\", "")


@given(st.text(max_size=300), st.integers(2, 100))
def test_a_shortened_text_is_one_line_within_its_length(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length
    assert "\n" not in short
    whole = " ".join(text.split())
    assert short == whole or whole.startswith(short.removesuffix("…"))
    assert short.endswith("…") or len(whole) <= length


def test_a_text_is_cut_between_words() -> None:
    assert shorten("one two three four", 12) == "one two…"
