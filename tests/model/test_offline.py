"""The offline model."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions.facts.ground import HEADING
from sessions.facts.taking import Matter, asking, read
from sessions.model import EventId, Message, Role
from sessions.offline import LONGEST, OfflineModel
from sessions.ports.model import ChatModel, Done, Prompt, PromptMessage, Text
from sessions.window import RecentMessages


class Pauses:
    """Sleeps in no time and remembers how long it should have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def after(*said: str, answered: bool = True) -> Prompt:
    """Make a prompt of a person's words with answers between them."""
    lines = [PromptMessage(Role.SYSTEM, "Be kind")]
    for text in said[:-1]:
        lines.append(PromptMessage(Role.USER, text))
        if answered:
            lines.append(PromptMessage(Role.ASSISTANT, "yes"))
    return Prompt((*lines, PromptMessage(Role.USER, said[-1])))


async def answer(prompt: Prompt, pauses: Pauses | None = None) -> str:
    model: ChatModel = OfflineModel(sleep=pauses or Pauses())
    pieces = [piece async for piece in model.stream(prompt)]
    assert isinstance(pieces[-1], Done)
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.estimated
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


async def test_the_first_answer_says_what_it_is_and_which_settings_give_a_real_model() -> None:
    first = await answer(after("hello"))
    for word in ("offline", "PARLEY_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "hello"):
        assert word in first
    assert "offline" not in await answer(after("hello", "again"))


async def test_the_same_words_get_the_same_answer() -> None:
    assert await answer(after("a", "b")) == await answer(after("a", "b"))
    assert await answer(after("a", "b")) == "You said: b\nBefore that: a"


async def test_a_name_is_recalled_only_if_it_was_told() -> None:
    assert "Ada" in await answer(after("My name is Ada.", "what is my name?"))
    assert "not told" in await answer(after("hi", "what's my name"))


@pytest.mark.parametrize("ask", ["long 5000", "Long 5000!", "Ada: long 5000", "earlier\n\nlong 5000"])
async def test_a_long_answer_has_as_many_words_as_asked_for(ask: str) -> None:
    assert len((await answer(after("x", ask))).split()) == 5000


async def test_a_long_answer_has_an_end() -> None:
    assert len((await answer(after("x", "long 999999999"))).split()) == LONGEST


async def test_a_sentence_that_begins_like_a_command_is_none() -> None:
    assert await answer(after("x", "long ago")) == "You said: long ago\nBefore that: x"


async def test_markdown_has_a_table_and_a_fence() -> None:
    text = await answer(after("x", "markdown"))
    assert "```python" in text
    assert "| ---" in text


async def test_slow_is_slow() -> None:
    usual, slow = Pauses(), Pauses()
    await answer(after("x", "y"), usual)
    await answer(after("x", "slow"), slow)
    assert min(slow.taken) > 10 * max(usual.taken)


async def test_words_come_one_by_one_at_the_given_pace() -> None:
    pauses = Pauses()
    model = OfflineModel(pace=timedelta(seconds=3), sleep=pauses)
    pieces = [piece async for piece in model.stream(after("x", "a b"))]
    assert pieces[:3] == [Text("You "), Text("said: "), Text("a ")]
    assert set(pauses.taken) == {3.0}


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        ("Remember my preferences", []),
        ("Remember my preferences: tea; metric units", ["my preferences: tea", "metric units"]),
        ("Please remember that I like tea. We meet on Fridays.", ["I like tea", "We meet on Fridays"]),
    ],
)
async def test_what_is_to_be_remembered_is_taken_down_piece_by_piece(
    message: str, facts: list[str]
) -> None:
    matter = Matter(message, "Ada", "Yes.")
    taken = await answer(asking(matter, on_request=True, today=datetime.now(UTC), room=8000))
    assert [noted.text for noted in read(taken) or ()] == facts


async def test_what_is_remembered_is_told_and_is_not_taken_for_what_was_said() -> None:
    asked = Message(Role.USER, "who am I?", EventId("e"), datetime.now(UTC))
    background = f"{HEADING}\n\nAbout Ada, who asks:\n- my name is Ada\n- likes tea"
    known = RecentMessages().prompt(system="", budget=10_000, question=asked, background=background)
    assert "your name is Ada" in await answer(known)
    asked = Message(Role.USER, "hello", EventId("e"), datetime.now(UTC))
    known = RecentMessages().prompt(system="", budget=10_000, question=asked, background=background)
    assert (await answer(known)).endswith("You said: hello\nI remember: my name is Ada; likes tea")
