from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessions.engine import Engine
from sessions.knowledge.ground import KnowledgeGround
from sessions.knowledge.searching import Searching
from sessions.model import Holder, Inbound, Platform, SessionId, Wishes
from sessions.ports.knowledge import Document, DocumentId, Passage
from sessions.ports.turns import Claim, Proposal
from sessions.turn import Extras
from sessions.window import estimate_tokens
from storage.memory import MemoryStore
from tests.engine.parts import Screen, ScriptedModel, asked_again, said

AT = datetime(2031, 3, 5, tzinfo=UTC)


class House:
    """An engine whose answers draw on documents."""

    def __init__(self, *, always: bool = False) -> None:
        self.store = MemoryStore()
        self.model = ScriptedModel(answer=lambda _: "In thirty days [1].")
        self.screen = Screen()
        self.ground = KnowledgeGround(self.store, Searching(self.store), always=always)
        self._number = 0

    async def put(self, source: str, *texts: str) -> None:
        workspace = await self.store.workspace(said("", 0).place.workspace)
        passages = [Passage(number, f"line {number + 1}", text) for number, text in enumerate(texts)]
        document = Document(DocumentId(source), source, source, "", 9, len(texts), AT)
        await self.store.put_document(workspace.id, document, passages)

    async def ask(self, text: str, *, wished: bool = True) -> str:
        return await self.send(
            lambda number: replace(said(text, number), wishes=Wishes(knowledge=wished))
        )

    async def send(self, make: Callable[[int], Inbound]) -> str:
        """Return the background of the prompt."""
        self._number += 1
        extras = Extras(grounds=(self.ground,))
        async with Engine(self.store, self.model, self.screen, extras=extras) as engine:
            await engine.accept(make(self._number))
            await self.screen.wait(self._number)
        return self.model.prompts[-1].messages[-1].content


@pytest.fixture
def house() -> House:
    return House()


async def test_an_answer_draws_on_passages_and_names_them(house: House) -> None:
    await house.put("~/billing.md", "Invoices are paid within thirty days.", "Holidays begin in July.")
    prompt = await house.ask("When are invoices paid?")
    assert "[1] ~/billing.md, line 1:\n> Invoices are paid within thirty days." in prompt
    assert "like [1]" in prompt
    assert "July" not in prompt
    assert prompt.endswith("When are invoices paid?")
    (_, answer) = house.screen.finished[-1]
    assert answer.used.sources == ("~/billing.md, line 1",)
    assert answer.text == "In thirty days [1].\n\nSources: [1] `~/billing.md, line 1`"


async def test_nobody_who_does_not_wish_for_it_gets_it(house: House) -> None:
    await house.put("billing.md", "Invoices are paid within thirty days.")
    assert await house.ask("When are invoices paid?", wished=False) == "When are invoices paid?"
    assert "Sources" not in house.screen.texts[-1]


async def test_a_wish_that_finds_nothing_lets_the_model_say_so(house: House) -> None:
    assert "there are none yet" in await house.ask("When are invoices paid?")
    await house.put("billing.md", "Invoices are paid within thirty days.")
    prompt = await house.ask("Who won the race?")
    assert "no passage fits the question" in prompt
    assert "Sources" not in house.screen.texts[-1]


async def test_always_draws_on_what_fits_and_on_nothing_by_chance() -> None:
    house = House(always=True)
    assert await house.ask("Hello!", wished=False) == "Hello!"
    await house.put("billing.md", "Invoices are paid within thirty days.")
    assert "thirty days" in await house.ask("When is an invoice to be paid?", wished=False)
    assert await house.ask("She paid for lunch on Monday, right?", wished=False) == (
        "She paid for lunch on Monday, right?"
    )


async def test_a_question_that_is_asked_again_draws_on_the_same() -> None:
    house = House(always=True)
    await house.put("billing.md", "Invoices are paid within thirty days.")
    first = await house.ask("When are invoices paid?", wished=False)
    again = await house.send(asked_again)
    assert again == first


async def test_passages_stay_within_the_budget_and_are_numbered_on(house: House) -> None:
    await house.put("book", *(f"Chapter {number} of winter. " * 20 for number in range(30)))
    inbound = replace(said("winter", 1), wishes=Wishes(knowledge=True))
    claim = Claim(Holder("one"), "token", timedelta(seconds=9), frozenset(Platform))
    accepted = await house.store.accept(inbound, Proposal(SessionId("id"), "name"), claim, None)
    assert accepted.work is not None
    for budget, least in ((0, 0), (150, 0), (300, 1), (16_000, 10)):
        ground = await house.ground.ground(accepted.work, budget, 4)
        assert ground is not None
        assert len(ground.used.sources) >= least
        if ground.used.sources:
            assert estimate_tokens(ground.text) <= budget
            assert "\n\n[4] book, " in ground.text
            assert "[3] book" not in ground.text
