"""A core on the memory store."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions.commands import Caller, SessionCommands
from sessions.engine import Engine, EngineSettings
from sessions.model import Session
from sessions.turn import Extras
from storage.memory import MemoryStore
from tests.engine.parts import ADA, Screen, ScriptedModel, said


class Clock:
    """The store's clock, moved by the test."""

    def __init__(self) -> None:
        self.now = datetime(2031, 3, 5, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, duration: timedelta) -> None:
        self.now += duration


class Core:
    """A store and a model that several engines share, as processes do."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(clock=self.clock)
        self.model = ScriptedModel()
        self.screen = Screen()
        self.commands = SessionCommands(self.store)

    def engine(
        self,
        screen: Screen | None = None,
        settings: EngineSettings | None = None,
        extras: Extras | None = None,
    ) -> Engine:
        return Engine(
            self.store,
            self.model,
            screen or self.screen,
            settings=settings,
            extras=extras or Extras(),
            clock=self.clock,
        )

    def caller(self, number: int, topic: str = "") -> Caller:
        inbound = said("", number, topic)
        return Caller(ADA, inbound.place, inbound.event)

    async def session(self, topic: str = "") -> Session:
        found = await self.store.bound(said("", 0, topic).place.thread)
        assert found is not None
        return found

    async def transcript(self, topic: str = "") -> list[tuple[str, str]]:
        found = await self.store.transcript((await self.session(topic)).key, None, 100)
        return [(str(message.role), message.content) for message in found]


@pytest.fixture
def core() -> Core:
    return Core()
