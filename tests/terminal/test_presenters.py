import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.terminal.panel import PanelPresenter
from bots.terminal.presenters import AGAIN, PlainPresenter
from sessions.model import Used


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_only_what_is_new_is_written(stream: io.StringIO) -> None:
    presenter = PlainPresenter(stream, stream)
    for text in ("a", "a b", "a b"):
        presenter.show(text)
    presenter.end("a b c", "")
    assert stream.getvalue() == "a b c\n"


def test_another_beginning_is_written_below_a_line(stream: io.StringIO) -> None:
    presenter = PlainPresenter(stream, stream)
    presenter.show("first try")
    presenter.show("second")
    presenter.end("second try", "a note")
    assert stream.getvalue() == f"first try\n{AGAIN}\nsecond try\na note\n"


def test_the_same_beginning_is_not_repeated(stream: io.StringIO) -> None:
    presenter = PlainPresenter(stream, stream)
    for text in ("one two", "one", "one two three"):
        presenter.show(text)
    presenter.end("one two three", "")
    assert stream.getvalue() == "one two three\n"


def test_an_answer_that_ends_earlier_the_second_time_is_written_again(stream: io.StringIO) -> None:
    presenter = PlainPresenter(stream, stream)
    presenter.show("one two")
    presenter.end("one", "")
    assert stream.getvalue() == f"one two\n{AGAIN}\none\n"


def test_a_note_goes_where_notes_go(stream: io.StringIO) -> None:
    notes = io.StringIO()
    PlainPresenter(stream, notes).end("", "⚠️ refused")
    assert (stream.getvalue(), notes.getvalue()) == ("", "⚠️ refused\n")


def test_a_panel_holds_the_text_as_it_is(stream: io.StringIO) -> None:
    presenter = PanelPresenter(stream, stream)
    presenter.show("[bold]not markup[/bold]")
    presenter.end("[bold]not markup[/bold] :smile: \x1b[2J", "")
    assert "│ [bold]not markup[/bold] :smile: ␛[2J" in stream.getvalue()
    assert "─ Response ─" in stream.getvalue()


USED = Used(facts=1, sessions=("a", "b\x1b[2J"), sources=("x.md", "y.md"))
DRAWN = """\
🕘 History: 2 sessions (a, b␛[2J)
🧠 Memory: 1 fact
📚 Knowledge: 2 sources
"""


def test_what_an_answer_draws_on_stands_above_it(stream: io.StringIO) -> None:
    presenter = PlainPresenter(stream, stream, below=True)
    presenter.draw_on(USED)
    presenter.show("an")
    presenter.end("an answer", "")
    assert stream.getvalue() == f"{DRAWN}\nan answer\n"


def test_what_an_answer_draws_on_stands_above_its_panel(stream: io.StringIO) -> None:
    presenter = PanelPresenter(stream, stream)
    presenter.draw_on(USED)
    presenter.end("an answer", "")
    assert stream.getvalue().startswith(f"{DRAWN}\n╭")


def test_of_many_sessions_the_first_are_named(stream: io.StringIO) -> None:
    PlainPresenter(stream, stream).draw_on(Used(sessions=tuple("abcdefgh")))
    assert stream.getvalue() == "🕘 History: 8 sessions (a, b, c, d, e, …)\n"


def test_without_streaming_nothing_is_written_before_the_end(stream: io.StringIO) -> None:
    presenter = PlainPresenter(stream, stream, streams=False)
    presenter.show("an")
    assert stream.getvalue() == ""
    presenter.end("an answer", "")
    assert stream.getvalue() == "an answer\n"


def panelled(text: str) -> str:
    stream = io.StringIO()
    PanelPresenter(stream, stream).end(text, "")
    return stream.getvalue()


def lines_of(panel: str) -> list[str]:
    return [line[2:-2].rstrip() for line in panel.splitlines()[2:-1]]


def test_markdown_hides_nothing_and_code_keeps_its_fences() -> None:
    told = panelled(
        "# Title\n\nfirst\nsecond <b>bold</b> [here](https://example.org/x) ![pic](http://a/b.png)\n\n"
        "~~~py\nx = [1]\n~~~\n\n    indented\n\n<div>\nhtml\n</div>\n"
    )
    assert lines_of(told) == [
        "Title",
        "",
        "first",
        "second <b>bold</b> here (https://example.org/x) ![pic](http://a/b.png)",
        "",
        "~~~py",
        "x = [1]",
        "~~~",
        "",
        "indented",
        "",
        "<div>",
        "html",
        "</div>",
    ]


def test_no_address_and_no_entity_of_a_model_steers_the_terminal() -> None:
    told = panelled(
        "&#27;[2J &#x9b;2J [x](https://a/\x1b]8;;) <https://a/&#27;> `\x1b[2J`\n\n```\x07\n\x1b\n```"
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", told)


pieces = st.sampled_from(
    [*"a*`-#[<|\n\t🙂", "**", "```", "\n\n", "- ", "1. ", "> ", "| - |", "](", ")", "&#27;", "~~"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(pieces, max_size=40).map("".join))
def test_whatever_a_model_writes_fits_into_the_panel(text: str) -> None:
    told = panelled(text)
    if text:
        assert told.startswith("\n╭")
        assert told.endswith("╯\n")
        assert "\x1b" not in told
