import io

import pytest

from bots.terminal.panel import PanelPresenter
from bots.terminal.presenters import AGAIN, PlainPresenter


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
