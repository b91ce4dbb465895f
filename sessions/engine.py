"""Accepts Inbounds durably and sees to it that each is answered once and in order."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

import structlog

from sessions.commands import automatic_name, new_session_id
from sessions.errors import StoreError
from sessions.incidents import report
from sessions.lane import Lane, LaneParts
from sessions.model import EventId, Holder, Inbound, Place, SessionKey, ThreadRef
from sessions.ports.catalog import Catalog
from sessions.ports.model import ChatModel
from sessions.ports.replies import Replies
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Turns, Wake, Wakeup, Work
from sessions.turn import TurnRules, TurnRunner
from sessions.window import RecentMessages

log = structlog.get_logger()


def utc_now() -> datetime:
    """Return the time as the engine stamps it."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How an engine behaves.

    A ``lease`` is renewed at a third of its duration, and as often the engine sweeps. ``drain`` bounds
    how long leaving the engine waits for running turns. ``max_lanes`` turns run at once; what comes
    beyond is accepted and waits. ``cached_sessions`` windows stay in memory.
    """

    lease: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=20)
    max_lanes: int = 256
    cached_sessions: int = 1024
    rules: TurnRules = field(default_factory=TurnRules)


class EngineStore(Turns, Catalog, Protocol):
    """The ports of a store that an engine uses."""


class Engine:
    """The core at work: ``async with Engine(...) as engine`` runs it, leaving it drains it."""

    def __init__(
        self,
        store: EngineStore,
        model: ChatModel,
        replies: Replies,
        *,
        settings: EngineSettings | None = None,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings or EngineSettings()
        self.holder = Holder(secrets.token_hex(8))
        self._store = store
        self._sleep = sleep
        self._replies = replies
        self._parts = LaneParts(
            store,
            replies,
            TurnRunner(model, self.settings.rules, clock),
            self._claim,
            lambda: self._closing,
            sleep,
        )
        self._closing = False
        self._passed_over = False
        """Whether a session may wait because all lanes were taken: the next lane to end looks for it."""
        self._lanes: dict[SessionKey, tuple[Lane, asyncio.Task[None]]] = {}
        self._own_waiting: dict[EventId, SessionKey] = {}
        self._memory = _Memory(self.settings.cached_sessions)
        self._group = asyncio.TaskGroup()
        self._loops: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        for loop in (self._renew_for_ever, self._sweep_for_ever, self._listen_for_ever):
            self._loops.append(self._group.create_task(loop()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.drain()
        finally:
            for task in (*self._loops, *(task for _, task in self._lanes.values())):
                task.cancel()
            await self._group.__aexit__(None, None, None)

    async def accept(self, inbound: Inbound, title: str = "") -> Accepted:
        """Take the Inbound over durably; its turn runs in the background.

        ``title`` is for the session if one has to be made. A repeated event is accepted once. Raises
        StoreUnavailable: nothing was accepted, try again.
        """
        thread = inbound.place.thread
        recent = self._memory.of_thread(thread)
        proposal = Proposal(new_session_id(), automatic_name(), title)
        known = Known(recent[0].id, recent[1].known) if recent else None
        asked = time.monotonic()
        accepted = await self._store.accept(inbound, proposal, self._spare_claim(), known)
        key = accepted.session.key
        if accepted.work is not None:
            same = recent is not None and recent[0] == key
            self._start(accepted.work, asked, recent[1] if recent and same else None)
        if accepted.fresh and inbound.owner == self.holder and key not in self._lanes:
            self._own_waiting[inbound.event] = key
        self._memory.bind(thread, key)
        if accepted.started and inbound.place.home:
            await self._survive(self._name_workspace(inbound.place))
        log.info(
            "inbound.accepted",
            event_id=inbound.event,
            session=key.id,
            fresh=accepted.fresh,
            ahead=accepted.ahead,
        )
        return accepted

    async def sweep(self) -> None:
        """Look at once for sessions that wait, as when a platform joined; else it happens by itself."""
        await self._survive(self._sweep())

    async def drain(self) -> None:
        """Begin no new turn; wait for the running ones within the time limit, hand back the others."""
        self._closing = True
        running = [task for _, task in self._lanes.values()]
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=self.settings.drain.total_seconds())
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _name_workspace(self, place: Place) -> None:
        await self._store.workspace(place.workspace, place.home)

    # --- lanes ---

    def _claim(self) -> Claim:
        return Claim(self.holder, secrets.token_hex(8), self.settings.lease, self._replies.platforms)

    def _spare_claim(self) -> Claim | None:
        if self._closing:
            return None
        self._passed_over = self._passed_over or self._spare_lanes() <= 0
        return self._claim() if self._spare_lanes() > 0 else None

    def _spare_lanes(self) -> int:
        return self.settings.max_lanes - len(self._lanes)

    def _start(self, work: Work, asked: float, recent: RecentMessages | None) -> None:
        key = work.lease.session
        former = self._lanes.get(key)
        if former is not None:
            former[0].lose()
        lane = Lane(work, asked, recent or RecentMessages(), self._parts)
        after = former[1] if former else None
        self._lanes[key] = (lane, self._group.create_task(self._run(lane, after)))
        self._own_waiting.pop(work.turn.id, None)

    async def _run(self, lane: Lane, after: asyncio.Task[None] | None) -> None:
        try:
            if after is not None:
                await asyncio.wait({after})
            await lane.run()
        except asyncio.CancelledError:
            await lane.hand_back()
            raise
        except Exception:  # noqa: BLE001 - the edge of a lane
            report("lane.failed", session=lane.session.id)
            await lane.hand_back()
        finally:
            self._memory.keep(lane.session, lane.recent)
            if self._lanes.get(lane.session, (None,))[0] is lane:
                del self._lanes[lane.session]
        if lane.lost and not self._closing:
            await self._acquire(lane.session)
        if self._passed_over:
            await self._survive(self._sweep())

    async def _acquire(self, key: SessionKey) -> None:
        claim = self._spare_claim()
        if claim is None or key in self._lanes:
            return
        recent = self._memory.of_session(key)
        asked = time.monotonic()
        try:
            work = await self._store.acquire(key, claim, Known(key.id, recent.known) if recent else None)
        except StoreError as error:
            log.warning("lane.not_acquired", session=key.id, reason=str(error))
            return
        if work is not None:
            self._start(work, asked, recent)

    # --- what goes on beside the lanes ---

    async def _renew_for_ever(self) -> None:
        while True:
            await self._sleep(self.settings.lease.total_seconds() / 3)
            async with asyncio.TaskGroup() as group:
                for lane, _ in list(self._lanes.values()):
                    group.create_task(self._survive(lane.renew()))
                for event, key in list(self._own_waiting.items()):
                    group.create_task(self._survive(self._keep_waiting(key, event)))

    async def _keep_waiting(self, key: SessionKey, event: EventId) -> None:
        if not await self._store.keep_waiting(key, event, self.settings.lease):
            self._own_waiting.pop(event, None)

    async def _sweep_for_ever(self) -> None:
        while True:
            await self._survive(self._sweep())
            await self._sleep(self.settings.lease.total_seconds() / 3)

    async def _sweep(self) -> None:
        claim = self._spare_claim()
        if claim is None:
            return
        asked, spare = time.monotonic(), self._spare_lanes()
        found = await self._store.sweep(claim, spare)
        self._passed_over = len(found) == spare
        for work in found:
            log.info("session.swept", session=work.session.key.id, takeovers=work.turn.takeovers)
            self._start(work, asked, None)

    async def _listen_for_ever(self) -> None:
        while True:
            await self._survive(self._listen())
            await self._sleep(1.0)

    async def _listen(self) -> None:
        async with self._store.wakeups() as wakeups:
            async for wakeup in wakeups:
                self._group.create_task(self._survive(self._heed(wakeup)))

    async def _heed(self, wakeup: Wakeup) -> None:
        running = self._lanes.get(wakeup.session)
        if wakeup.wake is Wake.STOP and running is not None:
            await running[0].renew()
        elif wakeup.wake is Wake.WAITING and running is None:
            await self._acquire(wakeup.session)

    async def _survive(self, work: Awaitable[None]) -> None:
        """The edge of the background loops: one failure ends one round."""
        try:
            await work
        except StoreError as error:
            log.warning("engine.store_away", reason=str(error))
        except Exception:  # noqa: BLE001 - the loops go on
            report("engine.round_failed")


class _Memory:
    """What this process remembers to spare the store: windows of sessions, sessions of threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._windows: OrderedDict[SessionKey, RecentMessages] = OrderedDict()
        self._bound: OrderedDict[ThreadRef, SessionKey] = OrderedDict()

    def of_thread(self, thread: ThreadRef) -> tuple[SessionKey, RecentMessages] | None:
        key = self._bound.get(thread)
        recent = self.of_session(key) if key else None
        return (key, recent) if key and recent else None

    def of_session(self, key: SessionKey) -> RecentMessages | None:
        return self._windows.get(key)

    def bind(self, thread: ThreadRef, key: SessionKey) -> None:
        self._bound[thread] = key
        self._bound.move_to_end(thread)
        if len(self._bound) > 4 * self._size:
            self._bound.popitem(last=False)

    def keep(self, key: SessionKey, recent: RecentMessages) -> None:
        self._windows[key] = recent
        self._windows.move_to_end(key)
        if len(self._windows) > self._size:
            self._windows.popitem(last=False)
