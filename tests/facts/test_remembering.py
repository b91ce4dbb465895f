"""Facts are taken out of turns: on request, and beside them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sessions.engine import EngineSettings
from sessions.errors import ModelDown
from sessions.facts import remembering
from sessions.facts.remembering import NOTHING, SECRET, TOO_SLOW, UNREADABLE, Remembering
from sessions.facts.rules import MemoryRules
from sessions.model import OPEN, Ending, Role, Used, Wishes
from sessions.ports.facts import MOST_FACTS, Fact, FactId
from sessions.ports.model import Prompt
from tests.engine.parts import AT, BOB, asked_again, said, until
from tests.facts.conftest import (
    CHANNEL,
    EVERYBODY,
    EXTRACTING,
    Memory,
    asks_for_facts,
    within,
)

REQUEST = "Remember that I like tea and work in Berlin"
TWO = '[{"fact": "likes tea", "about": "person"}, {"fact": "works in Berlin", "about": "person"}]'


async def test_what_a_person_asks_to_remember_is_in_the_next_prompt_and_counted(memory: Memory) -> None:
    memory.facts = lambda _: TWO
    first, second = await memory.answers(said(REQUEST, 1), said("What do I drink?", 2, "other"))
    assert (first.ending, first.text) == (Ending.ANSWERED, "ok")
    assert first.note == "🧠 Remembered: likes tea; works in Berlin"
    assert first.used == Used()
    assert second.used == Used(facts=2)
    asked = memory.conversation()[-1].messages[-1]
    assert asked.role is Role.USER
    assert "About Ada, who asks:\n" in asked.content
    assert "- likes tea" in asked.content
    assert asked.content.endswith("What do I drink?")


async def test_facts_never_become_part_of_the_transcript(memory: Memory) -> None:
    await memory.remember("likes tea")
    await memory.answers(said("hello", 1))
    assert await memory.transcript() == [("user", "hello"), ("assistant", "ok")]


async def test_facts_are_about_who_said_them_or_about_everybody(memory: Memory) -> None:
    memory.facts = lambda _: (
        '[{"fact": "likes tea", "about": "person"}, {"fact": "we meet on Fridays", "about": "everybody"}]'
    )
    await memory.answers(said(REQUEST, 1, person=BOB))
    found = await memory.store.facts(await memory.workspace(), None)
    assert {fact.text: fact.about for fact in found} == {
        "likes tea": BOB.id,
        "we meet on Fridays": EVERYBODY,
    }
    assert {fact.audience for fact in found} == {OPEN}


async def test_what_is_said_in_a_private_channel_stays_there(memory: Memory) -> None:
    memory.facts = lambda _: '["likes tea"]'
    await memory.answers(within(said(REQUEST, 1, "private"), CHANNEL), said("and here?", 2))
    assert await memory.known(CHANNEL) == ["likes tea"]
    assert await memory.known(OPEN) == []
    assert all("likes tea" not in one.content for one in memory.conversation()[-1].messages)


async def test_the_model_is_not_shown_facts_of_other_audiences_or_people(memory: Memory) -> None:
    await memory.remember("a private word", audience=CHANNEL)
    await memory.remember("a word of Bob's", BOB.id)
    await memory.remember("a word of mine")
    await memory.answers(said(REQUEST, 1))
    asked = next(prompt for prompt in memory.model.prompts if asks_for_facts(prompt))
    content = asked.messages[-1].content
    assert "a word of mine" in content
    assert "private" not in content
    assert "Bob" not in content


async def test_the_same_turn_again_remembers_nothing_twice_and_says_the_same(memory: Memory) -> None:
    """As after a crash between the facts and the commit, with a model that puts it differently."""
    memory.facts = lambda _: TWO
    work = await memory.work(said(REQUEST, 1))
    afterthought = Remembering(memory.store, memory.model, memory.rules, clock=memory.clock)
    first = await afterthought.at_once(work, "ok")
    memory.facts = lambda _: '["Ada works in Berlin", "Ada likes tea"]'
    assert await afterthought.at_once(work, "ok") == first
    assert sorted(await memory.known()) == ["likes tea", "works in Berlin"]


async def test_a_retried_request_is_remembered_once(memory: Memory) -> None:
    memory.facts = lambda _: TWO
    first, again = await memory.answers(said(REQUEST, 1), asked_again(2))
    assert first.note == again.note
    assert len(await memory.known()) == 2


async def test_a_retry_remembers_what_the_first_attempt_did_not(memory: Memory) -> None:
    memory.facts = lambda _: "Sorry?"
    (first,) = await memory.answers(said(REQUEST, 1))
    memory.facts = lambda _: '["likes tea"]'
    (again,) = await memory.answers(asked_again(2))
    assert (first.note, again.note) == (UNREADABLE, "🧠 Remembered: likes tea")


async def test_a_request_without_anything_to_remember_is_told(memory: Memory) -> None:
    (answer,) = await memory.answers(said("Remember my preferences", 1))
    assert (answer.ending, answer.note) == (Ending.ANSWERED, NOTHING)


async def test_what_was_said_before_can_be_remembered(memory: Memory) -> None:
    await memory.answers(said("I prefer metric units", 1), said("Remember my preferences", 2))
    asked = next(prompt for prompt in memory.model.prompts if asks_for_facts(prompt))
    assert "Ada: I prefer metric units" in asked.messages[-1].content


async def test_what_is_known_already_is_said_to_be(memory: Memory) -> None:
    await memory.remember("Likes tea")
    memory.facts = lambda _: '["likes tea"]'
    (answer,) = await memory.answers(said(REQUEST, 1))
    assert answer.note == "🧠 Remembered already: likes tea"


async def test_secrets_are_not_remembered_even_if_the_model_takes_them_down(memory: Memory) -> None:
    memory.facts = lambda _: '["likes tea", "the password is hunter2"]'
    (answer,) = await memory.answers(said("Remember that the password is hunter2", 1))
    assert answer.note == f"🧠 Remembered: likes tea\n{SECRET}"
    assert await memory.known() == ["likes tea"]


def _down(_: Prompt) -> str:
    raise ModelDown("The model is away.")


def _broken(_: Prompt) -> str:
    raise RuntimeError("a bug")


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        (_down, "🧠 Not remembered: The model is away."),
        (lambda _: "I shall!", UNREADABLE),
        (_broken, "🧠 Not remembered: something failed (incident "),
    ],
)
async def test_what_goes_wrong_is_told_and_the_answer_stays(
    memory: Memory, facts: Callable[[Prompt], str], note: str
) -> None:
    memory.facts = facts
    (answer,) = await memory.answers(said(REQUEST, 1))
    assert (answer.ending, answer.text) == (Ending.ANSWERED, "ok")
    assert answer.note.startswith(note)
    assert await memory.known() == []


async def test_a_model_that_takes_too_long_is_not_waited_for(memory: Memory) -> None:
    work = await memory.work(said(REQUEST, 1))
    memory.model.hold()
    afterthought = Remembering(memory.store, memory.model, memory.rules, patience=0.01)
    assert await afterthought.at_once(work, "ok") == TOO_SLOW
    assert memory.model.running == 0


async def test_a_full_memory_is_told_with_what_to_do(memory: Memory) -> None:
    workspace = await memory.workspace()
    for number in range(MOST_FACTS - 1):
        fact = Fact(FactId(f"2{number}"), f"fact {number}", OPEN, EVERYBODY, AT)
        assert await memory.store.remember(workspace, fact)
    memory.facts = lambda _: TWO
    (answer,) = await memory.answers(said(REQUEST, 1))
    remembered, full = answer.note.splitlines()
    assert remembered == "🧠 Remembered: likes tea"
    assert "1,000 facts" in full
    assert "Forget one" in full


async def test_nobody_who_did_not_ask_pays_for_a_second_prompt(memory: Memory) -> None:
    await memory.answers(said("Do you remember my name?", 1), said("thanks a lot for all of that", 2))
    assert len(memory.model.prompts) == 2


async def test_with_memory_off_only_who_wishes_it_has_it(memory: Memory) -> None:
    memory.rules = MemoryRules()
    memory.facts = lambda _: '["likes tea"]'
    await memory.remember("works in Berlin")
    wished = replace(said(REQUEST, 2), wishes=Wishes(memory=True))
    without, having = await memory.answers(said(REQUEST, 1), wished)
    assert (without.note, without.used) == ("", Used())
    assert (having.note, having.used) == ("🧠 Remembered: likes tea", Used(facts=1))


async def test_facts_are_extracted_beside_the_answer(memory: Memory) -> None:
    memory.rules = EXTRACTING
    memory.facts = lambda _: '["works in Berlin", "my token is abc"]'
    (answer,) = await memory.answers(said("I moved to Berlin for my work", 1))
    assert answer.note == ""
    assert await memory.known() == ["works in Berlin"]


async def test_an_extraction_holds_up_no_answer(memory: Memory) -> None:
    memory.rules = EXTRACTING
    memory.model.hold()
    async with memory.engine_that_remembers() as engine:
        await engine.accept(said("I moved to Berlin for my work", 1))
        memory.model.let(1)  # the answer's one word
        await memory.screen.wait(1)
        await until(lambda: asks_for_facts(memory.model.prompts[-1]))
        assert memory.model.running == 1
        memory.model.let()


async def test_an_engine_that_ends_gives_up_what_it_still_thinks_about(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.engine._HAND_BACK", 0.05)
    memory.rules = EXTRACTING
    memory.model.hold()
    leaving = EngineSettings(drain=timedelta(seconds=0.01))
    async with memory.engine_that_remembers(settings=leaving) as engine:
        await engine.accept(said("I moved to Berlin for my work", 1))
        memory.model.let(1)
        await memory.screen.wait(1)
        await until(lambda: asks_for_facts(memory.model.prompts[-1]))
    assert memory.model.running == 0
    assert await memory.known() == []


async def test_a_retried_answer_is_extracted_from_too(memory: Memory) -> None:
    memory.rules = EXTRACTING
    memory.model.answer, works = _down, memory.model.answer
    await memory.answers(said("I moved to Berlin for my work", 1))
    memory.model.answer, memory.facts = works, lambda _: '["works in Berlin"]'
    await memory.answers(asked_again(2))
    assert await memory.known() == ["works in Berlin"]


@pytest.mark.parametrize("text", ["ok", "thanks!", "who are you", REQUEST])
async def test_trivial_turns_and_requests_are_not_extracted_from(memory: Memory, text: str) -> None:
    memory.rules = EXTRACTING
    await memory.answers(said(text, 1))
    unasked = [one for one in memory.model.prompts if "will still be true" in one.messages[0].content]
    assert unasked == []


async def test_a_failed_extraction_is_not_noticed(memory: Memory) -> None:
    memory.rules = EXTRACTING
    memory.facts = _down
    answers = await memory.answers(said("I moved to Berlin for my work", 1), said("Hello again", 2))
    assert [answer.ending for answer in answers] == [Ending.ANSWERED] * 2


async def test_extractions_are_bounded_and_the_surplus_is_left_out(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MOST_WAITING", 1)
    memory.rules = EXTRACTING
    topics = [f"topic {number}" for number in range(6)]
    memory.facts = lambda prompt: json.dumps([prompt.messages[-1].content[-20:]])
    async with memory.engine_that_remembers() as engine:
        memory.model.hold()
        for number, topic in enumerate(topics, 1):
            await engine.accept(said(f"I have got a dog, {topic}", number, topic))
        await until(lambda: memory.model.running == len(topics))
        memory.model.let(len(topics))
        await memory.screen.wait(len(topics))
        await until(lambda: memory.model.running == remembering.MOST_AT_WORK)
        memory.model.let()
    assert memory.model.running == 0
    assert len(await memory.known()) == remembering.MOST_AT_WORK + 1
