"""How a model is asked for facts, and what of its answer is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.facts.taking import MOST_AT_ONCE, Matter, Noted, asking, one_line, read
from sessions.model import EventId, Message, Role
from tests.engine.parts import ADA, AT


@pytest.mark.parametrize(
    "answer",
    [
        '[{"fact": "likes tea", "about": "person"}]',
        '["likes tea"]',
        'Here it is:\n```json\n[{"fact": "likes tea"}]\n```\nAnything else?',
        '{"facts": [{"fact": "likes tea"}]}',
        '{"fact": "likes tea"}',
        'As in [1]: ["likes tea", 7, null, {"x": 1}, "", "likes tea"]',
        '["- likes\\n  tea"]',
        '[["deep"], {"fact": 3}, {"text": "likes tea"}]',
    ],
)
def test_a_list_of_any_form_is_read(answer: str) -> None:
    assert read(answer) == [Noted("likes tea")]


@pytest.mark.parametrize("answer", ["", "Nothing.", "[likes tea", '"likes tea"', "{", "[" * 50_000])
def test_what_is_no_list_is_told_apart_from_an_empty_one(answer: str) -> None:
    assert read(answer) is None
    assert read("[]") == []


def test_facts_about_everybody_are_marked() -> None:
    assert read('[{"fact": "we meet on Fridays", "about": "everybody"}]') == [
        Noted("we meet on Fridays", shared=True)
    ]


def test_no_more_than_five_are_taken_and_none_that_is_too_long() -> None:
    many = str([f"fact {number}" for number in range(9)]).replace("'", '"')
    assert len(read(many) or ()) == MOST_AT_ONCE
    assert read(f'["{"x" * 1001}"]') == []


@given(st.text())
def test_any_answer_is_put_up_with(answer: str) -> None:
    for noted in read(answer) or ():
        assert noted.text == one_line(noted.text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" a\n# b\t\u2028c ", "a # b c"),
        ("a\x1b[31m\u202eb", "a[31mb"),
        ("e\u0301", "é"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_a_fact_is_one_visible_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_the_prompt_has_what_fits_and_the_message_at_its_end() -> None:
    earlier = Message(Role.USER, "I drink tea", EventId("e"), AT, ADA)
    matter = Matter("Remember that", "Ada", "I will", (earlier,), ("works in Berlin",))
    prompt = asking(matter, on_request=True, today=AT, room=8000, model="small")
    assert prompt.model == "small"
    assert AT.date().isoformat() in prompt.messages[0].content
    content = prompt.messages[-1].content
    for part in ("- works in Berlin", "Ada: I drink tea", "I will"):
        assert part in content
    assert content.endswith("## The message of Ada\n\nRemember that")
    short = asking(Matter("x" * 900, "Ada", "y"), on_request=True, today=AT, room=500)
    assert len(short.messages[-1].content) < 550
