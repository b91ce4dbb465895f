"""The terminal chat over a real engine; only the model and the keyboard are played."""

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from bots.terminal.chat import TerminalChat
from bots.terminal.conversation import Conversation, Left
from bots.terminal.presenters import PlainPresenter, StepsPresenter
from bots.terminal.replies import TerminalReplies
from bots.terminal.seen import lost
from bots.terminal.talker import Talker, new_event
from sessions.engine import Engine, EngineSettings
from sessions.model import (
    Ending,
    EventId,
    Person,
    PersonId,
    Place,
    Platform,
    Role,
    SessionId,
    ThreadRef,
    WorkspaceKey,
)
from sessions.ports.turns import Proposal
from sessions.turn import Extras
from storage.memory import MemoryStore
from tests.commanding import NOWHERE, commands_over
from tests.engine.parts import ScriptedModel, until
from tests.engine.parts import said as telegram_message
from tests.terminal.nouns import said

ADA = Talker(
    Person(PersonId("cli:ada"), "ada"),
    Place(WorkspaceKey("local"), ThreadRef(Platform.TERMINAL, "local", "ada")),
)


@dataclass
class Typed:
    """Lines that are typed beforehand."""

    lines: list[str]

    async def read(self) -> str | None:
        return self.lines.pop(0) if self.lines else None

    async def confirm(self, question: str) -> bool | None:
        line = await self.read()
        return None if line is None else line == "y"


@dataclass
class Home:
    """What survives a terminal."""

    store: MemoryStore = field(default_factory=MemoryStore)
    model: ScriptedModel = field(default_factory=ScriptedModel)
    screen: io.StringIO = field(default_factory=io.StringIO)
    workflows: Path = NOWHERE
    extras: Extras = Extras()

    @asynccontextmanager
    async def chat(self, *lines: str) -> AsyncIterator[TerminalChat]:
        replies = TerminalReplies(
            lambda: PlainPresenter(self.screen, self.screen),
            lambda: StepsPresenter(self.screen, self.screen),
        )
        settings = EngineSettings(drain=timedelta(milliseconds=10))
        async with Engine(
            self.store, self.model, replies, settings=settings, extras=self.extras
        ) as engine:
            conversation = Conversation(engine, self.store, replies, ADA)
            commands = commands_over(self.store, self.workflows)
            yield TerminalChat(conversation, commands, Typed([*lines]), self.screen)

    async def say(self, *lines: str) -> str:
        """Type the lines into a new chat and return what it showed."""
        before = len(self.shown)
        async with self.chat(*lines) as chat:
            await chat.run()
        return self.shown[before:]

    @property
    def shown(self) -> str:
        return self.screen.getvalue()


async def test_a_line_is_answered_before_the_next_one_is_read() -> None:
    home = Home()
    async with home.chat("/session start alpha", "one", "two") as chat:
        await chat.run()
    assert home.shown.index("re: one") < home.shown.index("re: two")
    assert [len(prompt.messages) for prompt in home.model.prompts] == [2, 4]


async def test_ctrl_c_stops_the_answer_and_keeps_what_was_said() -> None:
    home = Home()
    home.model.hold()
    async with home.chat("/session start alpha", "one") as chat, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(chat.run())
        await until(lambda: bool(home.model.prompts))
        home.model.let(1)
        await until(lambda: "re:" in home.shown)
        os.kill(os.getpid(), signal.SIGINT)
        await running
    assert "⏹ Stopped." in home.shown
    home.model.let()
    async with home.chat("/session show") as chat:
        await chat.run()
    assert "[Agent] re:" in home.shown
    assert "(stopped)" in home.shown


async def test_a_message_that_was_left_is_shown_as_interrupted_by_the_next_chat() -> None:
    home = Home()
    home.model.hold()
    async with home.chat("/session start alpha", "never answered") as chat:
        running = asyncio.create_task(chat.run())
        await until(lambda: bool(home.model.prompts))
        running.cancel()
        await asyncio.wait({running})
    home.model.let()
    async with home.chat("/retry", "/session resume alpha") as chat:
        await chat.run()
    assert "Interrupted: “never answered” was not answered. /retry asks it again." in home.shown
    assert "re: never answered" in home.shown
    assert home.shown.count("Interrupted") == 1


async def test_ctrl_c_twice_leaves_a_message_that_waits_behind_another_platforms() -> None:
    home = Home()
    async with home.chat("/session start alpha") as chat:
        await chat.run()
    bound = await home.store.bound(ADA.place.thread)
    assert bound is not None
    elsewhere = Place(WorkspaceKey("local"), ThreadRef(Platform.TELEGRAM, "-100"))
    await home.store.bind(bound.key, elsewhere.thread, new_event())
    waiting = replace(telegram_message("first", 1), place=elsewhere)
    await home.store.accept(waiting, Proposal(SessionId("x"), "x"), None, None)
    async with home.chat("second") as chat, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(left(chat))
        await until(lambda: "Waiting for 1 earlier" in home.shown)
        os.kill(os.getpid(), signal.SIGINT)
        await until(lambda: "Ctrl-C once more leaves" in home.shown)
        os.kill(os.getpid(), signal.SIGINT)
        assert await running
    assert [turn.inbound.text for turn in await home.store.waiting(bound.key)] == ["first", "second"]


async def left(chat: TerminalChat) -> bool:
    try:
        await chat.run()
    except Left:
        return True
    return False


async def test_an_escape_sequence_of_the_model_is_not_written_raw() -> None:
    home = Home()
    home.model.answer = lambda prompt: "red \x1b[31m word"
    async with home.chat("hello") as chat:
        await chat.run()
    assert "red ␛[31m word" in home.shown
    assert "\x1b" not in home.shown


async def test_a_deleted_sessions_thread_starts_a_new_one() -> None:
    home = Home()
    async with home.chat("/session start alpha", "/session delete alpha", "y", "hello") as chat:
        await chat.run()
    assert "📂 Session: chat-" in home.shown


def test_a_retry_ends_an_interruption() -> None:
    gone = said("gone", ending=Ending.INTERRUPTED)
    other = replace(gone, turn=EventId("other"))
    again = replace(said("answer", Role.ASSISTANT), supersedes=gone.turn)
    assert lost((gone, said("b", Role.ASSISTANT), other)) == (gone, other)
    assert lost((gone, other, again)) == (other,)
    assert lost(()) == ()
