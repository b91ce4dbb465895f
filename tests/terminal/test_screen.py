"""What stands above the line that is edited; whole chats at a terminal are in ``tests/cli``."""

import asyncio
import io
from threading import Lock, Thread

from hypothesis import given
from hypothesis import strategies as st

from bots.terminal.plain import width
from bots.terminal.presenters import InTurn, PlainPresenter
from bots.terminal.screen import Screen, rows_of
from tests.engine.parts import until


async def test_a_page_never_breaks_into_the_line_that_grows() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.answers.write("first line\nhalf a ")
    screen.write("a page\n")
    screen.answers.write("line\n")
    await until(lambda: stream.getvalue().endswith("half a line\n"))
    assert stream.getvalue() == "first line\na page\nhalf a line\n"


async def test_what_is_written_from_threads_stays_in_order() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    await asyncio.to_thread(screen.write, "one\n")
    screen.write("two\n")
    await until(lambda: "two" in stream.getvalue())
    assert stream.getvalue() == "one\ntwo\n"


@given(st.text(st.characters(exclude_categories=("C", "M", "Z")) | st.just(" "), max_size=60))
def test_rows_fit_and_lose_no_word(line: str) -> None:
    rows, rest = rows_of(line, 8)
    assert all(width(row) <= 8 for row in rows)
    assert width(rest) < 8
    assert "".join((*rows, rest)).replace(" ", "") == line.replace(" ", "")


def test_one_answer_is_presented_at_a_time() -> None:
    stream, floor = io.StringIO(), Lock()
    first, second = (InTurn(PlainPresenter(stream, stream), floor) for _ in range(2))
    first.show("one")
    second.show("two")
    waiting = Thread(target=second.end, args=("two words", ""))
    waiting.start()
    first.end("one word", "")
    waiting.join(10)
    assert stream.getvalue() == "one word\ntwo words\n"
