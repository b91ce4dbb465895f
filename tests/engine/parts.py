"""The far ends of the core: a model that a test writes for, and a screen that shows replies."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sessions.errors import LeaseLost
from sessions.model import (
    Answer,
    Ask,
    EventId,
    Holder,
    Inbound,
    Person,
    PersonId,
    Place,
    Platform,
    ReplyPart,
    ReplyRecord,
    ThreadRef,
    Turn,
    Usage,
    Used,
    WorkspaceKey,
)
from sessions.ports.model import Done, Piece, Prompt, Text
from sessions.ports.replies import Grant, Reply

ADA = Person(PersonId("telegram:1"), "Ada")
BOB = Person(PersonId("telegram:2"), "Bob")
AT = datetime(2031, 3, 5, 12, tzinfo=UTC)


def thread(topic: str = "", platform: Platform = Platform.TELEGRAM) -> ThreadRef:
    return ThreadRef(platform, "-100", topic)


def said(text: str, number: int, topic: str = "", person: Person = ADA) -> Inbound:
    """A message in a topic of the one group there is."""
    return Inbound(
        EventId(f"telegram:9:-100:{number}"),
        Place(WorkspaceKey("telegram:-100"), thread(topic)),
        person,
        text,
        number,
        str(number),
        AT,
    )


def asked_again(number: int, topic: str = "") -> Inbound:
    return replace(said("", number, topic), ask=Ask.RETRY)


def typed(text: str, number: int, owner: Holder, topic: str = "") -> Inbound:
    """A line typed in a terminal that is bound like the group's topic."""
    inbound = said(text, number, topic)
    place = replace(inbound.place, thread=thread(topic, Platform.TERMINAL))
    return replace(inbound, event=EventId(f"cli:{number}"), place=place, owner=owner)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition that other tasks bring about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other tasks of this loop bring it about
            await asyncio.sleep(0.001)


@dataclass
class ScriptedModel:
    """Answers with what ``answer`` makes of the prompt, word by word; a held one waits at every word."""

    answer: Callable[[Prompt], str] = lambda prompt: f"re: {prompt.messages[-1].content}"
    context_tokens: int = 8192
    prompts: list[Prompt] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    usage: Usage | None = field(default_factory=lambda: Usage(10, 5))
    _words: asyncio.Semaphore | None = None

    def hold(self) -> None:
        """Let no word pass until :meth:`let` allows it."""
        self._words = asyncio.Semaphore(0)

    def let(self, words: int = 1000) -> None:
        """Let that many words pass."""
        assert self._words is not None
        for _ in range(words):
            self._words.release()

    async def warm_up(self) -> None:
        """Nothing to do."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        self.prompts.append(prompt)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            text = self.answer(prompt)
            for number, word in enumerate(text.split(" ")):
                if self._words is not None:
                    await self._words.acquire()
                else:
                    await asyncio.sleep(0)
                yield Text(word if number == 0 else f" {word}")
            yield Done(self.usage)
        finally:
            self.running -= 1


@dataclass
class Shown:
    """A reply as a person saw it."""

    turn: Turn
    snapshots: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    drawn_on: list[Used] = field(default_factory=list)


@dataclass
class Screen:
    """A platform where replies appear at once; it can be held before an answer is there."""

    platforms: frozenset[Platform] = frozenset({Platform.TELEGRAM})
    replies: list[Shown] = field(default_factory=list)
    finishing: asyncio.Event | None = None
    broken: int = 0
    """So many times, showing an answer fails in a way that nobody foresaw."""

    def open(self, turn: Turn, grant: Grant) -> AbstractAsyncContextManager[Reply]:
        return self._opened(turn, grant)

    @asynccontextmanager
    async def _opened(self, turn: Turn, grant: Grant) -> AsyncIterator[Reply]:
        shown = Shown(turn)
        self.replies.append(shown)
        if not turn.reply.parts:
            await grant.keep(ReplyRecord((ReplyPart(f"m{len(self.replies)}"),)))
        yield _ScreenReply(self, shown, grant)

    def hold(self) -> None:
        self.finishing = asyncio.Event()

    @property
    def finished(self) -> list[tuple[str, Answer]]:
        """Every answer that appeared, in order, with what was asked."""
        return [(shown.turn.inbound.text, answer) for shown in self.replies for answer in shown.answers]

    @property
    def texts(self) -> list[str]:
        return [answer.text for _, answer in self.finished]

    async def wait(self, count: int) -> None:
        """Wait until that many answers appeared."""
        await until(lambda: len(self.finished) >= count)


@dataclass
class _ScreenReply:
    screen: Screen
    shown: Shown
    grant: Grant

    def draw_on(self, used: Used) -> None:
        assert not self.shown.snapshots, "the heading stands above the text"
        self.shown.drawn_on.append(used)

    def show(self, text: str) -> None:
        self.shown.snapshots.append(text)

    async def finish(self, answer: Answer) -> None:
        if self.screen.finishing is not None:
            await self.screen.finishing.wait()
        if self.screen.broken:
            self.screen.broken -= 1
            raise RuntimeError("the screen broke")
        if self.grant.seconds_left() <= 0:
            raise LeaseLost
        self.shown.answers.append(answer)
