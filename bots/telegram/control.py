"""Carries out commands and pressed buttons, beside the receiving loop and beside running turns.

They are errands: kept in the store before Telegram is told "taken", finished after the outcome was said,
and adopted from processes that died in between. Commands of one thread take effect in order, and a
message behind them is accepted after them.
"""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import structlog

from bots.actions import ListPage, ResumeById, parse_action
from bots.beginning import begin
from bots.outlet import OutletError
from bots.patience import until_stored
from bots.telegram.clerk import Clerk
from bots.telegram.schema import Update
from bots.telegram.updates import Commanded, Pressed, Reader
from sessions.errors import StoreUnavailable
from sessions.incidents import report
from sessions.model import EventId, Holder, Platform, ThreadRef
from sessions.ports.errands import Errand, Errands
from sessions.recent import Recent

ERRAND_LEASE = timedelta(seconds=30)
ERRAND_TIME = timedelta(seconds=25)
"""Less than the lease, so that no other process carries the errand out at the same time."""
_ADOPT_EVERY = 15.0
_ADOPTED_AT_ONCE = 20
_TURN_TIME = 5.0
"""Seconds that a message waits for the commands before it."""
_SETTLE_TIME = 3.0

_BESIDE = re.compile(r"/(stop\b|session(@\w+)?\s+delete\s+\S)", re.ASCII | re.IGNORECASE)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """An errand's place in the order of its thread."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Event = field(default_factory=asyncio.Event)


class Control:
    """The errands of all chats, from "taken" until they are finished."""

    def __init__(
        self, reader: Reader, holder: Holder, errands: Errands, clerk: Clerk, tasks: asyncio.TaskGroup
    ) -> None:
        self._reader = reader
        self._holder = holder
        self._errands = errands
        self._clerk = clerk
        self._tasks = tasks
        self._running: set[EventId] = set()
        self._doubtful: Recent[EventId, bool] = Recent()
        self._carrying: set[asyncio.Task[None]] = set()
        self._last: dict[ThreadRef, _Place] = {}

    async def admit(self, event: EventId, said: Commanded | Pressed, raw: bytes) -> None:
        """Keep the errand and begin it; a repeat does nothing. Raises StoreUnavailable.

        A try whose reply was lost may have kept it, so the next one begins it all the same: should
        another process have it, its effect still happens once, by its event.
        """
        errand = Errand(event, Platform.TELEGRAM, raw)
        try:
            is_new = await self._errands.admit(errand, self._holder, ERRAND_LEASE)
        except StoreUnavailable:
            self._doubtful.put(event, True)
            raise
        if (is_new or self._doubtful.get(event, False)) and event not in self._running:
            self._begin(errand, said)
        self._doubtful.drop(event)

    async def settle(self) -> None:
        """Give what is being carried out a moment to end, so that no other process has to do it."""
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=_SETTLE_TIME)

    async def wait_for_commands(self, thread: ThreadRef) -> None:
        """Return when the thread's earlier commands have taken effect, or take too long."""
        if (last := self._last.get(thread)) is not None:
            try:
                async with asyncio.timeout(_TURN_TIME):
                    await last.done.wait()
            except TimeoutError:
                log.warning("telegram.command_slow", thread=str(thread))

    async def adopt_for_ever(self) -> None:
        """Take over, at once and then regularly, what processes that died left undone."""
        while True:
            try:
                await self._adopt()
            except StoreUnavailable:
                log.debug("telegram.errands_not_adopted")
            except Exception:  # noqa: BLE001 - the edge of a lane
                report("telegram.adoption_failed")
            await asyncio.sleep(_ADOPT_EVERY)

    async def _adopt(self) -> None:
        platforms = frozenset({Platform.TELEGRAM})
        adopted = await self._errands.adopt(platforms, self._holder, ERRAND_LEASE, _ADOPTED_AT_ONCE)
        for errand in adopted:
            if errand.event in self._running:
                continue
            said = self._read(errand)
            if said is None:
                await self._errands.finish(errand.event)
            else:
                self._begin(errand, said)

    def _read(self, errand: Errand) -> Commanded | Pressed | None:
        try:
            said = self._reader.read(msgspec.json.decode(errand.body, type=Update))
        except msgspec.MsgspecError:
            log.warning("telegram.errand_undecodable", event_id=errand.event)
            return None
        return said if isinstance(said, Commanded | Pressed) else None

    def _begin(self, errand: Errand, said: Commanded | Pressed) -> None:
        """Take a place in the thread's order before anything else can."""
        self._running.add(errand.event)
        thread, before, place = _thread_of(said), None, _Place()
        if thread is not None and not _is_beside(said):
            before, self._last[thread] = self._last.get(thread), place
        task = begin(self._tasks, lambda: self._carry_out(errand, said, before, place))
        if task is not None:
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry_out(
        self, errand: Errand, said: Commanded | Pressed, before: _Place | None, place: _Place
    ) -> None:
        try:
            async with asyncio.timeout(ERRAND_TIME.total_seconds()):
                if before is not None:
                    await before.done.wait()
                tell = await self._clerk.do(said)
                place.done.set()
                if before is not None:
                    await before.told.wait()
                await tell()
                await until_stored(lambda: self._errands.finish(errand.event))
        except (TimeoutError, StoreUnavailable, OutletError) as error:
            # The errand stays in the store and is adopted when its time has run out.
            log.warning("telegram.errand_postponed", event_id=errand.event, error=type(error).__name__)
        except Exception:  # noqa: BLE001 - the edge of a lane
            report("telegram.errand_failed", event_id=errand.event)
            await self._give_up(errand)
        finally:
            self._running.discard(errand.event)
            place.done.set()
            place.told.set()
            if (thread := _thread_of(said)) is not None and self._last.get(thread) is place:
                del self._last[thread]

    async def _give_up(self, errand: Errand) -> None:
        """Let go of what would fail the same way each time."""
        try:
            await self._errands.finish(errand.event)
        except StoreUnavailable:
            log.warning("telegram.errand_not_finished", event_id=errand.event)


def _thread_of(said: Commanded | Pressed) -> ThreadRef | None:
    return None if said.origin is None else said.origin.place.thread


def _is_beside(said: Commanded | Pressed) -> bool:
    """Whether it neither waits nor is waited for: it changes no binding, or has to ask who may.

    A delete that names no session means the one that the commands before it have bound.
    """
    if isinstance(said, Pressed):
        return not isinstance(parse_action(said.data), ResumeById | ListPage)
    return _BESIDE.match(said.text) is not None
