"""A bot at work: emulator, adapter, engine, memory store and a model that says what it is told."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bots.admission import Admission
from bots.discord import DiscordBot
from bots.discord.menu import definitions
from sessions.engine import Engine, EngineSettings
from sessions.model import Platform, ThreadRef, Usage
from sessions.ports.model import Done, Piece, Prompt, Text
from sessions.threads import ThreadEvents
from sessions.turn import Extras
from storage.memory import MemoryStore
from tests.commanding import NOWHERE, commands_over
from tests.emulators.discord import Settings, posting
from tests.emulators.discord.small_world import Place, place


def echo(prompt: Prompt) -> list[str]:
    return [f"You said: {prompt.messages[-1].content}"]


@dataclass
class ScriptedModel:
    """Says the pieces that ``script`` makes of a prompt; waits before each while it is held."""

    script: Callable[[Prompt], list[str]] = echo
    prompts: list[Prompt] = field(default_factory=list)
    go_on: asyncio.Semaphore | None = None

    @property
    def context_tokens(self) -> int:
        return 100_000

    async def warm_up(self) -> None:
        """Nothing to do."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        self.prompts.append(prompt)
        for piece in self.script(prompt):
            if self.go_on is not None:
                await self.go_on.acquire()
            yield Text(piece)
        yield Done(Usage(10, 5))

    def hold(self) -> None:
        self.go_on = asyncio.Semaphore(0)

    def release(self, pieces: int = 1000) -> None:
        assert self.go_on is not None
        for _ in range(pieces):
            self.go_on.release()

    @property
    def questions(self) -> list[str]:
        return [prompt.messages[-1].content for prompt in self.prompts]


@dataclass
class Stage:
    """What a test has in its hands."""

    at: Place
    store: MemoryStore
    model: ScriptedModel
    serving: asyncio.Task[None] | None = None
    workflows: Path = NOWHERE
    extras: Extras = Extras()

    @asynccontextmanager
    async def running(
        self,
        allowed: str = "*",
        drain: float = 5.0,
        first: Callable[[], Awaitable[object]] | None = None,
        lanes: int = 256,
        lease: timedelta = timedelta(seconds=30),
        listens: bool = True,
    ) -> AsyncIterator[None]:
        """Serve until the block ends, from a new process as it were.

        ``first`` has to come about before the gateway is connected to. With no ``lanes`` it only
        receives. One that does not listen at once stands by.
        """
        settings = EngineSettings(lease=lease, drain=timedelta(seconds=drain), max_lanes=lanes)
        admission, discord = Admission.parse(allowed), self.at.discord
        async with (
            DiscordBot(discord.token, admission, api_base=discord.api_base) as bot,
            Engine(self.store, self.model, bot.replies, settings=settings, extras=self.extras) as engine,
            asyncio.TaskGroup() as tasks,
        ):
            if first is not None:
                await first()
            commands = commands_over(self.store, self.workflows)
            threads = ThreadEvents(self.store)
            self.serving = tasks.create_task(bot.serve(engine, commands, threads, self.store))
            serving = self.serving
            if listens:
                await discord.wait_connected()
            await discord.wait_for(lambda: len(discord.registry.everywhere) == len(definitions()))
            try:
                yield
            finally:
                serving.cancel()

    async def down(self) -> None:
        """End serving; the gateway session goes with it."""
        assert self.serving is not None
        self.serving.cancel()
        await self.at.discord.wait_for(lambda: not self.at.discord.gateway.connected)

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[None]:
        """Serve from a new process as it were, on the same store."""
        assert self.serving is not None
        if not self.serving.done():
            await self.down()
        async with Stage(self.at, self.store, self.model).running():
            yield

    def remove(self, message: int) -> None:
        """Let a moderator of Discord's delete a message."""
        posting.delete(self.at.discord.world, self.at.discord.world.any_message(message))

    async def until(self, ask: Callable[[], Awaitable[object]], wanted: object) -> None:
        """Wait until the store says so."""
        async with asyncio.timeout(10):
            while await ask() != wanted:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.01)


def ref(channel: int) -> ThreadRef:
    return ThreadRef(Platform.DISCORD, str(channel))


async def bound_thread(on: Stage, name: str = "talk") -> int:
    """Open a thread and bind it by mentioning the bot in it."""
    thread = on.at.person.open_thread(on.at.general, name)
    on.at.person.say(thread, "first", mentions_bot=True)
    await on.at.discord.channel(thread).wait_text("You said: first")
    return thread.id


@asynccontextmanager
async def stage(
    settings: Settings | None = None,
    allowed: Callable[[Place], str] = lambda _: "*",
    store: MemoryStore | None = None,
    drain: float = 5.0,
) -> AsyncIterator[Stage]:
    async with place(settings) as at:
        made = Stage(at, store or MemoryStore(), ScriptedModel())
        async with made.running(allowed(at), drain):
            yield made
