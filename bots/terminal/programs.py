"""A Python program's place to talk: an engine of its own, and sessions that the command line has too."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from bots.extras import extras
from bots.models import chat_model, engine_settings, with_model
from bots.quiet import quiet_logs
from bots.settings import Settings
from bots.terminal.conversation import Conversation
from bots.terminal.operator import operator_at
from bots.terminal.presenters import Presenter
from bots.terminal.replies import TerminalReplies
from sessions.commands import SessionCommands
from sessions.engine import Engine
from sessions.errors import NameTaken, NoSuchSession, Unanswered
from sessions.model import Answer, Ending, Used, Wishes
from sessions.names import fold
from sessions.ports.store import Store

_LEAVE_AFTER = 2.0
"""Seconds that leaving waits for running answers."""

_LEASE = 9
"""Seconds after which a program that was killed counts as gone, as for a terminal."""

_WHY = {
    Ending.STOPPED: "The answer was stopped. What there was of it is in the session.",
    Ending.INTERRUPTED: "The answer was interrupted: this program was taken for dead. Ask again.",
    Ending.UNANSWERED: "The session was deleted before the answer was there. Ask again.",
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an agent talks for: its session (without one it has one of its own, which goes with it)."""

    session: str = ""
    wishes: Wishes = Wishes()
    folder: Path | None = None


class Programmed:
    """A conversation that a program leads."""

    def __init__(self, conversation: Conversation, store: Store, purpose: Purpose) -> None:
        self._conversation = conversation
        self._store = store
        self._purpose = purpose
        self._under_way: frozenset[asyncio.Task[object] | None] = frozenset()

    async def say(self, text: str, presenter: Presenter) -> Answer:
        """Say something and return its answer; cancelled, stop it. Raises StoreError, UserError."""
        task = asyncio.current_task()
        self._under_way |= {task}
        try:
            return await self._say(text, presenter)
        finally:
            self._under_way -= {task}

    async def settle(self) -> None:
        """Wait until what was cancelled is stopped."""
        if others := {task for task in self._under_way if task is not None}:
            await asyncio.wait(others, timeout=_LEAVE_AFTER)

    async def _say(self, text: str, presenter: Presenter) -> Answer:
        await self._go_to_session()
        _PRESENTER.set(presenter)
        said = await self._conversation.submit(text, wishes=self._purpose.wishes)
        try:
            return await self._conversation.answer(said)
        except asyncio.CancelledError:
            await self._conversation.stop(said)
            raise

    async def _go_to_session(self) -> None:
        name, talker = self._purpose.session, self._conversation.talker
        bound = await self._store.bound(talker.place.thread)
        if not name or (bound is not None and fold(bound.name) == fold(name)):
            return
        commands = SessionCommands(self._store)
        try:
            await commands.resume(talker.caller(), name)
        except NoSuchSession:
            try:
                await commands.start(talker.caller(), name)
            except NameTaken:  # by another process, meanwhile
                await commands.resume(talker.caller(), name)


@asynccontextmanager
async def open_programmed(
    settings: Settings, store: Store, purpose: Purpose
) -> AsyncIterator[Programmed]:
    """Run an engine for one agent; leaving ends it. Raises SettingError, UsageError."""
    quiet_logs()
    settings = with_model(settings, purpose.wishes.model, "The agent's model")
    talker = operator_at(fold(purpose.session) or os.urandom(8).hex())
    replies = TerminalReplies(_PRESENTER.get)
    rules = engine_settings(settings, _LEAVE_AFTER, longest_lease=_LEASE)
    async with chat_model(settings) as model:
        more = extras(settings, store, model, purpose.folder)
        async with Engine(store, model, replies, settings=rules, extras=more) as engine:
            yield Programmed(Conversation(engine, store, replies, talker), store, purpose)
    if not purpose.session and await store.bound(talker.place.thread) is not None:
        with suppress(NoSuchSession):
            await SessionCommands(store).delete(talker.caller(), confirmed=True)


class Pieces:
    """Presents an answer by handing on what is new of it.

    Where the model's stream broke and began anew with other words, all of the new answer is handed on
    below an empty line.
    """

    def __init__(self, hand_on: Callable[[str], object]) -> None:
        self._hand_on = hand_on
        self._given = ""

    def begin(self) -> None:
        """Do nothing."""

    def draw_on(self, used: Used) -> None:
        """Do nothing: the answer names it."""

    def show(self, text: str) -> None:
        """Hand on the rest; what merely repeats is waited for until it goes further."""
        if self._given.startswith(text):
            return
        if not text.startswith(self._given):
            self._hand_on("\n\n")
            self._given = ""
        new, self._given = text[len(self._given) :], text
        self._hand_on(new)

    def end(self, text: str, note: str) -> None:
        """Hand on what is left."""
        self.show(text)


def whole(answer: Answer) -> str:
    """Return the text of an answer. Raises Unanswered where it is not one, or not all of it."""
    if answer.ending is Ending.ANSWERED:
        return answer.text
    why = answer.note or _WHY.get(answer.ending, "There is no answer. Ask again.")
    raise Unanswered(why, answer.ending.value, answer.text)


_PRESENTER: ContextVar[Presenter] = ContextVar("presenter")
"""What presents the answer to what is said in this task."""
