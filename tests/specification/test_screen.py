"""A prompt at a terminal: waiting, growing, stopping, and terminals that can do less."""

import re

import pytest

from tests.cli.terminal import terminal
from tests.emulators.openai import Answer
from tests.specification.conftest import Page, model_settings

CTRL_C = "\x03"
COLOURS = re.compile(rb"\x1b\[[0-9;]*\b(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


def environment(page: Page, **more: str) -> dict[str, str]:
    return {**page.inside.environment, **model_settings(page.models), "COLUMNS": "80", **more}


def test_without_colours_the_panel_stays_and_a_simple_terminal_gets_plain_text(page: Page) -> None:
    page.models.answer = lambda _: "`code` and **more**"
    words = ("hi", "--session", "a")
    with terminal(page.inside.folder, environment(page), *words) as screen:
        screen.expect("│ `code` and more")
        assert screen.wait() == 0
        assert COLOURS.search(screen.written)
    with terminal(page.inside.folder, environment(page, NO_COLOR="1"), *words) as screen:
        screen.expect("│ `code` and more")
        assert screen.wait() == 0
        assert not COLOURS.search(screen.written)
    with terminal(page.inside.folder, environment(page, TERM="dumb"), *words) as screen:
        screen.expect("📂 Session: a (3 messages)\n\n`code` and **more**\n")
        assert screen.wait() == 0
        assert b"\x1b" not in screen.written


@pytest.mark.parametrize("before", ["anything came", "all of it came"])
def test_a_spinner_turns_until_something_comes_and_ctrl_c_keeps_what_was_said(
    page: Page, before: str
) -> None:
    said = "" if before == "anything came" else "so far so good"
    page.models.enqueue(Answer(text="so far so good and on", chunks=("so far so good", " and on")))
    page.models.pace = 60.0
    if not said:
        page.models.hold()
    words = ("hi", "--session", "a")
    with terminal(page.inside.folder, environment(page), *words) as screen:
        screen.expect("│ so far so good" if said else "Waiting for the answer; Ctrl-C stops it.")
        screen.type(CTRL_C)
        screen.expect("⏹ Stopped.")
        assert screen.wait() == 130
        assert screen.written.rstrip().endswith("⏹ Stopped.".encode())
    shown = page.answered("session", "show", "a").out
    assert ("[Agent] so far so good" in shown, "(stopped)" in shown) == (bool(said), True)
