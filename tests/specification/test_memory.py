"""``--memory``: what one session was told to remember is known in another one, and the header says so."""

import json

from tests.emulators.openai import Received
from tests.specification.conftest import Page

FACT = "Ada prefers answers in metric units"


def answer(request: Received) -> str:
    """Take down what is to be remembered; to everything else the answer is short."""
    if "JSON" in request.said[0][1]:
        return json.dumps([{"fact": FACT, "about": "person"}])
    return "Noted."


def test_what_one_session_was_told_to_remember_another_one_knows(page: Page) -> None:
    page.models.answer = answer
    asked = "Remember my preferences: answers in metric units."
    first = page(asked, "--session", "project", "--memory")
    assert (first.code, first.out) == (0, "📂 Session: project (1 message)\n\nNoted.\n")
    assert FACT in first.error
    second = page.answered("How long is a marathon?", "--session", "other", "--memory")
    assert second.out == "📂 Session: other (1 message)\n🧠 Memory: 1 fact\n\nNoted.\n"
    assert FACT in page.asked[-1][1]
    without = page.answered("How long is a mile?", "--session", "other")
    assert "Memory" not in without.out
    assert FACT not in page.asked[-1][1]
    told = json.loads(page.answered("And a foot?", "--session", "other", "--memory", "--json").out)
    assert told["used"]["facts"] == 1
