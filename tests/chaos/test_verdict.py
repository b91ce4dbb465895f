"""The judge of a run sees whatever is wrong in a chat."""

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bots.telegram.rendering import REPEAT_LINE
from sessions.model import Platform, Role, ThreadRef
from sessions.turn import GIVEN_UP_NOTE, TAKEN_OVER_NOTE
from tests.chaos.town import Asked, Chat, Shown
from tests.chaos.verdict import PLACEHOLDER, Verdict, judge

NOW = datetime(2026, 1, 1, tzinfo=UTC)
THREAD = ThreadRef(Platform.TELEGRAM, "1", "")
INTERRUPTED = f"⚠️ {TAKEN_OVER_NOTE}"

Messages = list[Shown]


def asked(count: int, *, long: bool = False) -> Chat:
    numbers = itertools.count(1)
    chat = Chat(7, THREAD, lambda _text, _chance: (next(numbers), NOW))
    for _ in range(count):
        chat.ask(random.Random(1))
    chat.asked = [Asked(replace(one.question, long=long), one.message, NOW) for one in chat.asked]
    return chat


def answers(chat: Chat) -> Messages:
    before: list[str] = []
    messages = []
    for number, one in enumerate(chat.asked):
        text = one.question.answer(before)
        before += [one.question.text, text]
        messages.append(shown(100 + 10 * number, text, one.message))
    return messages


def shown(number: int, text: str, under: int | None) -> Shown:
    return Shown(number, text, under, [NOW], gone=False)


def parts(chat: Chat) -> Messages:
    (whole,) = answers(chat)
    lines = whole.text.split("\n")
    cuts = ["\n".join(lines[at : at + 40]) for at in range(0, len(lines), 40)]
    return [shown(100 + 10 * number, cut, None if number else 1) for number, cut in enumerate(cuts)]


def judged(chat: Chat, messages: Messages) -> Verdict:
    return judge([chat], {THREAD: sorted(messages, key=lambda message: message.id)})


def test_right_answers_are_counted_and_say_what_a_transcript_holds() -> None:
    chat = asked(3)
    verdict = judged(chat, answers(chat))
    assert (verdict.answered, verdict.broken, verdict.unanswered) == (3, [], [])
    roles = [role for role, _ in verdict.conversations[7]]
    assert roles == [Role.USER, Role.ASSISTANT] * 3


def test_an_answer_in_several_messages_is_read_as_one() -> None:
    chat = asked(1, long=True)
    assert len(parts(chat)) > 2
    assert judged(chat, parts(chat)).answered == 1


def test_a_placeholder_and_a_marked_repeat_are_counted_and_no_mistake() -> None:
    chat = asked(1, long=True)
    first, second, *rest = parts(chat)
    lost = replace(second, id=105, text=second.text[:300])
    marked = replace(second, text=REPEAT_LINE + second.text)
    verdict = judged(chat, [shown(99, PLACEHOLDER, 1), first, lost, marked, *rest])
    assert (verdict.answered, verdict.placeholders, verdict.repeats) == (1, 1, 1)
    assert not verdict.broken


def test_an_interrupted_turn_is_counted_and_leaves_the_question_in_the_conversation() -> None:
    chat = asked(2)
    questions = [one.question for one in chat.asked]
    answer = questions[1].answer([questions[0].text])
    verdict = judged(chat, [shown(100, INTERRUPTED, 1), shown(110, answer, 2)])
    assert (verdict.answered, verdict.interrupted) == (1, [questions[0].key])
    assert not verdict.broken


def test_silence_and_unfinished_answers_are_no_answers() -> None:
    chat = asked(3)
    first, second, _ = answers(chat)
    verdict = judged(chat, [first, replace(second, text=second.text[:-30])])
    assert [key.number for key in verdict.unanswered] == [2, 3]


def lose_part(messages: Messages) -> Messages:
    return [messages[0], *messages[2:]]


def repeat_unmarked(messages: Messages) -> Messages:
    return [*messages, replace(messages[1], id=115)]


@pytest.mark.parametrize("change", [lose_part, repeat_unmarked])
def test_parts_that_are_missing_or_there_twice_are_mistakes(
    change: Callable[[Messages], Messages],
) -> None:
    chat = asked(1, long=True)
    assert judged(chat, change(parts(chat))).broken


def twice(messages: Messages) -> Messages:
    return [*messages, replace(messages[1], id=115)]


def answer_and_note(messages: Messages) -> Messages:
    return [*messages, shown(115, INTERRUPTED, 2)]


def out_of_order(messages: Messages) -> Messages:
    return [replace(messages[0], id=200), *messages[1:]]


def under_another(messages: Messages) -> Messages:
    return [replace(messages[0], under=2), *messages[1:]]


def under_nothing(messages: Messages) -> Messages:
    return [replace(messages[0], under=77), *messages[1:]]


def of_another_chat(messages: Messages) -> Messages:
    return [*messages, shown(125, "c8q1 after 0 as 00", None)]


def from_another_context(messages: Messages) -> Messages:
    first, second, third = messages
    return [first, replace(second, text=second.text.replace("after 2 as", "after 1 as")), third]


def another_note(messages: Messages) -> Messages:
    return [*messages[:2], shown(120, f"⚠️ {GIVEN_UP_NOTE}", 3)]


CHANGES = [
    twice,
    answer_and_note,
    out_of_order,
    under_another,
    under_nothing,
    of_another_chat,
    from_another_context,
    another_note,
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_else_is_wrong_is_a_mistake(change: Callable[[Messages], Messages]) -> None:
    chat = asked(3)
    assert judged(chat, change(answers(chat))).broken
