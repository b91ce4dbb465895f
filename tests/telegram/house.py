"""A whole Parley with a Telegram bot: real engine, memory store, a model that tests write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bots.admission import Admission
from bots.telegram import TelegramBot
from sessions.engine import Engine, EngineSettings
from sessions.errors import StoreUnavailable
from sessions.model import EventId, Holder, Inbound, Platform, RoleName, Session, ThreadRef, WorkspaceKey
from sessions.ports.errands import Errand
from sessions.ports.turns import Accepted, Claim, Known, Proposal
from sessions.threads import ThreadEvents
from sessions.turn import Extras
from storage.memory import MemoryStore
from tests.commanding import NOWHERE, commands_over
from tests.emulators.telegram import BotApi
from tests.engine.parts import ScriptedModel

T = TypeVar("T")

QUICK = timedelta(milliseconds=20)


class FrailStore(MemoryStore):
    """A memory store that is away when a test says so, and remembers what came in."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: datetime.now(UTC) + self.ahead)
        self.ahead = timedelta()
        self.away = False
        self.refused = 0
        self.loses_replies = 0
        self.finishes_errands = True
        self.stood_by = 0
        self.accepted: list[Inbound] = []

    def pass_time(self) -> None:
        """Let every lease run out."""
        self.ahead += timedelta(hours=1)

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        self._be_there()
        accepted = await super().accept(inbound, proposal, claim, known)
        if accepted.fresh:
            self.accepted.append(inbound)
        return accepted

    async def admit(self, errand: Errand, holder: Holder, duration: timedelta) -> bool:
        self._be_there()
        admitted = await super().admit(errand, holder, duration)
        if self.loses_replies:
            self.loses_replies -= 1
            raise StoreUnavailable("the reply was lost")
        return admitted

    async def finish(self, event: EventId) -> None:
        if self.finishes_errands:
            await super().finish(event)

    async def check(self) -> None:
        self._be_there()
        await super().check()

    async def hold_role(self, role: RoleName, holder: Holder, duration: timedelta) -> bool:
        is_held = await super().hold_role(role, holder, duration)
        self.stood_by += not is_held
        return is_held

    def _be_there(self) -> None:
        if self.away:
            self.refused += 1
            raise StoreUnavailable("away")


@dataclass
class House:
    """What a test looks at and turns."""

    api: BotApi
    store: FrailStore = field(default_factory=FrailStore)
    model: ScriptedModel = field(default_factory=ScriptedModel)
    allowed: str = "*"
    pace: timedelta = QUICK
    workflows: Path = NOWHERE
    extras: Extras = Extras()

    @asynccontextmanager
    async def serving(self, settings: EngineSettings | None = None) -> AsyncIterator[Engine]:
        """Run a process until the block ends; it drains as ``parley serve`` does."""
        bot = TelegramBot(
            self.api.token,
            Admission.parse(self.allowed),
            api_base=self.api.base_url,
            private_pace=self.pace,
            group_pace=self.pace,
            menu_after=timedelta(),
        )
        async with (
            bot,
            Engine(self.store, self.model, bot.replies, settings=settings, extras=self.extras) as engine,
        ):
            commands = commands_over(self.store, self.workflows)
            threads = ThreadEvents(self.store)
            serving = asyncio.create_task(bot.serve(engine, commands, threads, self.store))
            try:
                yield engine
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving

    async def bound(self, chat: int, topic: int | None = None) -> Session | None:
        """The session bound to a chat or topic."""
        thread = ThreadRef(Platform.TELEGRAM, str(chat), "" if topic is None else str(topic))
        return await self.store.bound(thread)

    async def names(self, chat: int) -> set[str]:
        """The names of a chat's sessions."""
        workspace = await self.store.find_workspace(WorkspaceKey(f"telegram:{chat}"))
        if workspace is None:
            return set()
        return set(await self.store.names(workspace.id, None, "", 100))


async def all_taken(api: BotApi) -> None:
    """Wait until the bot has confirmed every update and asks for more."""
    await api.wait_for(lambda: not api.pending_updates and api.polled)


async def until_true(ask: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is as wanted."""
    async with asyncio.timeout(10):
        while not wanted(answer := await ask()):  # noqa: ASYNC110 - other tasks bring it about
            await asyncio.sleep(0.005)
    return answer
