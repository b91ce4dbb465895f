"""What ``parley serve`` tells of itself: that it lives, and whether it is ready or what is missing."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import msgspec
import structlog

from cli.version import version_text
from sessions.errors import SettingError, StoreError
from sessions.incidents import report
from sessions.model import Platform
from sessions.outage import Outage

LIFE_PATH, READY_PATH = HEALTH_PATHS = ("/healthz", "/readyz")

FRESH = 1.0
"""Seconds for which the answer of the store is good."""

WITHIN = 2.0
"""Seconds that whoever asks waits for the store."""

_LONGEST_CHECK = 10.0

Clock = Callable[[], float]

log = structlog.get_logger(__name__)


class Checked(Protocol):
    """A store, as far as its health is concerned."""

    async def check(self) -> None:
        """Return when it can be read and written. Raises StoreUnavailable."""
        ...


class LoggedIn(Protocol):
    """A bot, as far as its health is concerned."""

    @property
    def logged_in(self) -> bool:
        """Whether the platform let it in."""
        ...


class Life(msgspec.Struct, frozen=True):
    """What ``/healthz`` says. ``holder`` is the process as leases name it, null at first."""

    status: str
    version: str
    uptime_seconds: float
    holder: str | None
    store: str
    store_away_seconds: float | None


class Readiness(msgspec.Struct, frozen=True):
    """What ``/readyz`` says; ``missing`` has a sentence for each part."""

    ready: bool
    missing: Sequence[str]


@dataclass
class Health:
    """The parts of a process, as they come. Enter it to ask after the store; times are in seconds."""

    platforms: Sequence[Platform]
    outage: Outage
    clock: Clock = time.monotonic

    def __post_init__(self) -> None:
        self.holder: str | None = None
        self.bots: dict[Platform, LoggedIn] = {}
        self.ending = False
        self._begun = self.clock()
        self._version = version_text()
        self._tasks = asyncio.TaskGroup()
        self._probe: _Probe | None = None

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._probe is not None:
            self._probe.end()
        await self._tasks.__aexit__(None, None, None)

    def opened(self, store: Checked) -> None:
        """The store is there to be asked."""
        self._probe = _Probe(store, self._tasks, self.clock)

    def life(self) -> Life:
        """Say how the process does; asks nobody."""
        away = self.outage.seconds
        store = "answers" if away is None else "away"
        return Life(
            status="ok",
            version=self._version,
            uptime_seconds=round(self.clock() - self._begun, 1),
            holder=self.holder,
            store="not open yet" if self._probe is None else store,
            store_away_seconds=None if away is None else round(away, 1),
        )

    async def readiness(self) -> Readiness:
        """Say whether the process can do its work; returns within about two seconds."""
        missing = ["The process is ending."] if self.ending else []
        trouble = "The store cannot be reached yet." if self._probe is None else await self._probe.ask()
        missing += [trouble] if trouble else []
        for platform in self.platforms:
            bot = self.bots.get(platform)
            if bot is None or not bot.logged_in:
                missing.append(f"The bot has not been let in by {platform} yet.")
        return Readiness(not missing, missing)


class _Probe:
    """Asks the store one question at a time, and no new one while the last answer is fresh."""

    def __init__(self, store: Checked, tasks: asyncio.TaskGroup, clock: Clock) -> None:
        self._store = store
        self._tasks = tasks
        self._clock = clock
        self._asking: asyncio.Task[str] | None = None
        self._answered_at = 0.0
        self._refusal = ""

    async def ask(self) -> str:
        """Return what is wrong with the store, or nothing."""
        task = self._asking
        if task is None or (task.done() and self._clock() - self._answered_at >= FRESH):
            task = self._asking = self._tasks.create_task(self._check())
        await asyncio.wait({task}, timeout=WITHIN)
        return task.result() if task.done() and not task.cancelled() else "The store does not answer."

    def end(self) -> None:
        """Give the question up that is under way."""
        if self._asking is not None:
            self._asking.cancel()

    def _tell(self, refusal: str) -> None:
        if refusal != self._refusal:
            log.error("store.refuses", why=refusal)
        self._refusal = refusal

    async def _check(self) -> str:
        try:
            async with asyncio.timeout(_LONGEST_CHECK):
                await self._store.check()
        except TimeoutError:
            return "The store does not answer."
        except StoreError:
            return "The store cannot be read and written at the moment; the log says why."
        except SettingError as error:
            self._tell(str(error))
            return "The store refuses this process; the log says why."
        except Exception:  # noqa: BLE001 - the edge of a question
            return (
                f"The store cannot be checked; the log has the incident {report('store.check_failed')}."
            )
        finally:
            self._answered_at = self._clock()
        return ""
