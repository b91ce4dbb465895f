"""What people can do with facts."""

from dataclasses import replace

import pytest

from sessions.commands import Caller
from sessions.errors import NoSuchFact, NotPermitted, UsageError
from sessions.model import OPEN, OPERATOR, Person, PersonId
from sessions.ports.facts import LONGEST_FACT, FactId
from tests.engine.parts import ADA, BOB, said
from tests.facts.conftest import CHANNEL, EVERYBODY, Memory


async def told(memory: Memory, caller: Caller, page: int = 1) -> list[str]:
    return [one.fact.text for one in (await memory.memory.show(caller, page)).facts]


async def test_an_added_fact_is_shown_with_whom_it_is_about(memory: Memory) -> None:
    added = await memory.memory.add(memory.asking(1), "  I like\n tea ")
    shared = await memory.memory.add(memory.asking(2), "We meet on Fridays", shared=True)
    assert added.fresh
    assert (added.fact.text, added.fact.about, added.fact.audience) == ("I like tea", ADA.id, OPEN)
    assert shared.fact.about == EVERYBODY
    shown = await memory.memory.show(memory.asking(3))
    assert {(one.fact.text, one.name, one.own) for one in shown.facts} == {
        ("I like tea", "Ada", True),
        ("We meet on Fridays", "", False),
    }
    assert (shown.total, shown.page, shown.pages) == (2, 1, 1)


async def test_people_who_spoke_here_are_shown_by_name_and_others_by_id(memory: Memory) -> None:
    await memory.answers(said("hello", 1, person=BOB))
    await memory.remember("likes tea", BOB.id)
    await memory.remember("likes milk", PersonId("telegram:9"))
    shown = await memory.memory.show(memory.asking(2))
    assert [(one.name, one.own) for one in shown.facts] == [("telegram:9", False), ("Bob", False)]


async def test_the_same_event_adds_once_and_says_the_same(memory: Memory) -> None:
    first = await memory.memory.add(memory.asking(1), "I like tea")
    assert await memory.memory.add(memory.asking(1), "I like tea") == first
    again = await memory.memory.add(memory.asking(2), "i LIKE tea")
    assert (again.fresh, again.fact) == (False, first.fact)
    assert await memory.known() == ["I like tea"]


async def test_the_same_words_of_another_person_are_another_fact(memory: Memory) -> None:
    await memory.memory.add(memory.asking(1), "I like tea")
    assert (await memory.memory.add(memory.asking(2, BOB), "I like tea")).fresh


@pytest.mark.parametrize("text", ["", "  \n", "\u202e"])
async def test_an_empty_fact_is_refused_with_an_example(memory: Memory, text: str) -> None:
    with pytest.raises(UsageError, match="for example: memory add"):
        await memory.memory.add(memory.asking(1), text)


async def test_a_fact_that_is_too_long_is_refused_with_its_length(memory: Memory) -> None:
    assert (await memory.memory.add(memory.asking(1), "x" * LONGEST_FACT)).fresh
    with pytest.raises(UsageError, match=r"1,001 characters.*at most 1,000"):
        await memory.memory.add(memory.asking(2), "x" * (LONGEST_FACT + 1))


async def test_facts_come_in_pages_newest_first(memory: Memory) -> None:
    for number in range(12):
        await memory.remember(f"fact {number}")
    assert await told(memory, memory.asking(1)) == [f"fact {number}" for number in range(11, 1, -1)]
    assert await told(memory, memory.asking(2), 2) == ["fact 1", "fact 0"]
    assert len((await memory.memory.show(memory.asking(3), everything=True)).facts) == 12
    for page, why in ((3, "The last page is 2"), (0, "count from 1")):
        with pytest.raises(UsageError, match=why):
            await memory.memory.show(memory.asking(4), page)


async def test_a_fact_is_forgotten_by_its_id_or_by_words_of_it(memory: Memory) -> None:
    tea = await memory.remember("I like tea")
    await memory.remember("I like coffee")
    assert (await memory.memory.forget(memory.asking(1), f"`{tea.upper()}`")).fact.text == "I like tea"
    assert (await memory.memory.forget(memory.asking(2), "Coffee like")).fact.text == "I like coffee"
    assert await memory.known() == []


async def test_an_id_means_the_same_fact_whatever_is_added_meanwhile(memory: Memory) -> None:
    added = await memory.memory.add(memory.asking(1), "I like tea")
    await memory.memory.add(memory.asking(2), "I like coffee")
    assert (await memory.memory.forget(memory.asking(3), added.fact.id)).fact == added.fact
    with pytest.raises(NoSuchFact, match="memory show"):
        await memory.memory.forget(memory.asking(4), added.fact.id)


async def test_words_that_several_facts_have_are_refused_with_their_ids(memory: Memory) -> None:
    first, second = await memory.remember("I like tea"), await memory.remember("I like coffee")
    with pytest.raises(UsageError, match=rf"{second} “I like coffee”; {first} “I like tea”"):
        await memory.memory.forget(memory.asking(1), "like")
    assert len(await memory.known()) == 2


async def test_the_whole_text_of_a_fact_beats_the_words_of_another(memory: Memory) -> None:
    await memory.remember("tea")
    await memory.remember("tea is hot")
    await memory.memory.forget(memory.asking(1), "Tea")
    assert await memory.known() == ["tea is hot"]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [("3", "Facts have ids"), ("milk", "Nothing is remembered here with “milk”"), ("?!", "Nothing is")],
)
async def test_what_is_not_there_is_told(memory: Memory, wanted: str, why: str) -> None:
    await memory.remember("I like tea")
    with pytest.raises(NoSuchFact, match=why):
        await memory.memory.forget(memory.asking(1), wanted)


async def test_nothing_said_forgets_nothing(memory: Memory) -> None:
    with pytest.raises(UsageError, match="Say which fact"):
        await memory.memory.forget(memory.asking(1), " ")


async def test_only_the_person_an_administrator_and_the_operator_may_forget(memory: Memory) -> None:
    async def administers() -> bool:
        return True

    about_bob, shared = await memory.remember("likes tea", BOB.id), await memory.remember("x", EVERYBODY)
    with pytest.raises(NotPermitted, match=r"the person whom it is about or an administrator"):
        await memory.memory.forget(memory.asking(1), about_bob)
    with pytest.raises(NotPermitted, match=r"Only an administrator"):
        await memory.memory.forget(memory.asking(2), shared)
    assert await memory.memory.forget(memory.asking(3, BOB), about_bob)
    administrator = replace(memory.asking(4), administers=administers)
    assert await memory.memory.forget(administrator, shared)
    private = await memory.remember("secret", BOB.id, CHANNEL)
    assert await memory.memory.forget(memory.asking(5, audience=OPERATOR), private)


async def test_a_fact_of_a_private_channel_is_there_only(memory: Memory) -> None:
    here = memory.asking(1, audience=CHANNEL)
    added = await memory.memory.add(here, "the project is called X")
    assert added.fact.audience == CHANNEL
    assert await told(memory, memory.asking(2, audience=CHANNEL)) == ["the project is called X"]
    assert await told(memory, memory.asking(3)) == []
    for wanted in (added.fact.id, "project"):
        with pytest.raises(NoSuchFact):
            await memory.memory.forget(memory.asking(4), wanted)
    with pytest.raises(NoSuchFact):
        await memory.memory.forget(memory.asking(5), FactId(added.fact.id))
    assert await told(memory, memory.asking(6, audience=OPERATOR)) == ["the project is called X"]


async def test_what_the_operator_adds_may_be_read_by_all(memory: Memory) -> None:
    operator = memory.asking(1, Person(PersonId("cli:ada"), "ada"), OPERATOR)
    assert (await memory.memory.add(operator, "I like tea")).fact.audience == OPEN
