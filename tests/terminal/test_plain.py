import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.terminal.plain import one_line, pad, printable, shorten, width
from bots.terminal.tables import draw


def test_control_characters_become_visible() -> None:
    assert printable("a\x1b[31mb\x07\x00\x7f\x9b\ud800") == "a␛[31mb␇␀␡\ufffd\ufffd"


def test_line_feeds_and_tabs_stay_in_a_message() -> None:
    assert printable("a\n\tb") == "a\n\tb"


def test_a_cell_is_one_line_that_turns_no_text_around() -> None:
    assert one_line(" a\r\n b\u202ec\u2066 ") == "a bc"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("plain", 5), ("研究", 4), ("👩‍👩‍👧", 2), ("e\u0301", 1), ("שלום", 4), ("┌─┐…“”", 6)],
)
def test_the_width_is_counted_in_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(max_size=80), st.integers(4, 40))
def test_a_shortened_text_fits(text: str, columns: int) -> None:
    assert width(shorten(text, columns)) <= columns


def test_a_text_is_cut_between_words() -> None:
    assert shorten("Can you explain the authentication flow?", 20) == "Can you explain..."
    assert shorten("Donaudampfschifffahrtsgesellschaft", 12) == "Donaudamp..."


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_the_lines_of_a_table_are_equally_wide(cells: list[str]) -> None:
    table = draw(("Name",), [(cell,) for cell in cells], (4,))
    assert len({width(line) for line in table.split("\n")}) == 1


def test_padding_counts_columns() -> None:
    assert pad("研究", 6) == "研究  "
