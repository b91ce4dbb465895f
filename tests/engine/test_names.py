"""What is a session name, and when two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import InvalidName
from sessions.names import MAX_LENGTH, fold, parse_name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 300,
        "two\nlines",
        "nul\0",
        "\u202eright to left",
        "bell\a",
        "12345",
        "\u200d",
        "\u2028",
    ],
)
def test_what_is_no_name_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidName) as refusal:
        parse_name(text)
    assert str(refusal.value).endswith((".", "trip-plan", "letter."))


@pytest.mark.parametrize(
    "text", ["../../x", "a/b", "a:b", "-x", "[/bold]", "'; DROP TABLE", "🦊 fox", "ñandú", "日本"]
)
def test_an_unusual_name_is_a_name_and_shown_as_typed(text: str) -> None:
    assert parse_name(f"  {text} ") == text


def test_names_are_composed_so_that_they_compare() -> None:
    assert parse_name("Cafe\u0301") == "Café"
    assert fold("CAFE\u0301") == fold("café")
    assert fold("STRASSE") == fold("straße")


def test_a_family_emoji_is_a_name() -> None:
    assert (
        parse_name("\U0001f468\u200d\U0001f469\u200d\U0001f467")
        == "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    )


@given(st.text(max_size=80))
def test_a_name_stays_what_it_is(text: str) -> None:
    try:
        name = parse_name(text)
    except InvalidName:
        return
    assert parse_name(name) == name
    assert 0 < len(name) <= MAX_LENGTH
    assert fold(fold(name)) == fold(name)
