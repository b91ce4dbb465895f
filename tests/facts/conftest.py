"""A core on the memory store whose engines remember."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sessions.commands import Caller
from sessions.engine import Engine, EngineSettings
from sessions.facts.commands import FactCommands
from sessions.facts.ground import FactGround
from sessions.facts.remembering import Remembering
from sessions.facts.rules import MemoryRules
from sessions.facts.taking import TAKES_FACTS
from sessions.model import (
    OPEN,
    OPERATOR,
    Answer,
    Audience,
    Holder,
    Inbound,
    Lease,
    Person,
    PersonId,
    Platform,
    Session,
    SessionId,
    SessionKey,
    Status,
    Turn,
    WorkspaceId,
)
from sessions.ports.facts import Fact, FactId
from sessions.ports.model import Prompt
from sessions.ports.turns import Work
from sessions.turn import Extras
from tests.engine.conftest import Core
from tests.engine.parts import ADA, AT, ScriptedModel, said

ALWAYS = MemoryRules(frozenset(Platform))
EXTRACTING = MemoryRules(frozenset(Platform), extracts=True)
CHANNEL = Audience("discord:7")
EVERYBODY = PersonId("")


def asks_for_facts(prompt: Prompt) -> bool:
    """Whether the prompt is one that takes down facts, rather than a person's."""
    return prompt.messages[0].content.startswith(TAKES_FACTS)


def within(inbound: Inbound, audience: Audience) -> Inbound:
    """The same message, said in a channel of that audience."""
    return replace(inbound, place=replace(inbound.place, audience=audience))


class Memory(Core):
    """The model answers people with ``ok`` and takes down what ``facts`` makes of the prompt, a JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.rules = ALWAYS
        self.kept = 0
        self.facts: Callable[[Prompt], str] = lambda _: "[]"
        self.model = ScriptedModel(
            answer=lambda prompt: self.facts(prompt) if asks_for_facts(prompt) else "ok",
            context_tokens=32_000,
        )
        self.memory = FactCommands(self.store, clock=self.clock)

    def engine_that_remembers(self, settings: EngineSettings | None = None) -> Engine:
        remembering = Remembering(self.store, self.model, self.rules, clock=self.clock)
        grounds = (FactGround(self.store, self.rules),)
        extras = Extras(grounds=grounds, afterthought=remembering)
        return Engine(
            self.store,
            self.model,
            self.screen,
            settings=settings,
            extras=extras,
            clock=self.clock,
        )

    async def answers(self, *inbounds: Inbound) -> list[Answer]:
        """Let an engine answer the messages one after the other."""
        before = len(self.screen.finished)
        async with self.engine_that_remembers() as engine:
            for number, inbound in enumerate(inbounds, before + 1):
                await engine.accept(inbound)
                await self.screen.wait(number)
        return [answer for _, answer in self.screen.finished[before:]]

    async def workspace(self) -> WorkspaceId:
        return (await self.store.workspace(said("", 0).place.workspace)).id

    async def known(self, audience: Audience | None = None) -> list[str]:
        audiences = None if audience is None else frozenset({audience})
        return [fact.text for fact in await self.store.facts(await self.workspace(), audiences)]

    async def remember(self, text: str, about: PersonId = ADA.id, audience: Audience = OPEN) -> FactId:
        """Keep a fact, a minute newer than the one before."""
        self.clock.advance(timedelta(minutes=1))
        workspace = await self.workspace()
        self.kept += 1
        id_ = FactId(f"2fact{self.kept:03}")
        assert await self.store.remember(workspace, Fact(id_, text, audience, about, self.clock()))
        return id_

    def asking(self, number: int, person: Person = ADA, audience: Audience = OPEN) -> Caller:
        place = within(said("", number), audience).place
        return Caller(person, place, said("", number).event, operator=audience == OPERATOR)

    def conversation(self) -> list[Prompt]:
        """The prompts that people's messages made."""
        return [prompt for prompt in self.model.prompts if not asks_for_facts(prompt)]

    async def work(self, inbound: Inbound, audience: Audience = OPEN) -> Work:
        """A turn as a ground gets it, of a session that the store need not know."""
        key = SessionKey(await self.workspace(), SessionId("5e55"))
        session = Session(key, "x", "", Status.ACTIVE, audience, ADA.id, AT, AT)
        lease = Lease(key, Holder("h"), "t", 1, AT)
        return Work(lease, Turn(key, inbound, AT), session)


@pytest.fixture
def memory() -> Memory:
    return Memory()
