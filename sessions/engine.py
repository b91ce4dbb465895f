"""Accepts Inbounds durably and sees to it that each is answered once and in order."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

import structlog

from sessions.beside import Beside, survive
from sessions.commands import automatic_name, new_session_id
from sessions.errors import StoreError
from sessions.incidents import report
from sessions.lane import Lane, LaneParts
from sessions.model import EventId, Holder, Inbound, Place, Platform, SessionKey, TurnResult
from sessions.outage import watched
from sessions.ports.catalog import Catalog
from sessions.ports.model import ChatModel
from sessions.ports.replies import Replies
from sessions.ports.roles import Roles
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Turns, Wake, Wakeup, Work
from sessions.recall import Recall
from sessions.turn import Extras, TurnRules, TurnRunner
from sessions.window import RecentMessages
from sessions.workload import Workload

_HAND_BACK = 5.0
"""Seconds that giving leases back may take when the engine is left."""

log = structlog.get_logger()


def utc_now() -> datetime:
    """Return the time as the engine stamps it."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How an engine behaves.

    A ``lease`` is renewed at a third of its duration, and as often the engine sweeps. ``drain`` bounds
    how long leaving the engine waits for running turns. ``max_lanes`` turns run at once; what comes
    beyond is accepted and waits, or is taken by another process. ``cached_sessions`` windows stay in
    memory.
    """

    lease: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=20)
    max_lanes: int = 256
    cached_sessions: int = 256
    rules: TurnRules = field(default_factory=TurnRules)


class EngineStore(Turns, Catalog, Roles, Protocol):
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
        extras: Extras = Extras(),  # noqa: B008 - frozen
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings or EngineSettings()
        self.holder = Holder(os.urandom(8).hex())
        self._store = store = watched(store)
        self._sleep = sleep
        self._replies = replies
        self._parts = LaneParts(
            store,
            replies,
            TurnRunner(model, self.settings.rules, clock, extras, sleep),
            self._claim,
            self.settings.lease,
            lambda: self._closing,
            sleep,
            Counter(),
            self._think_of,
        )
        self._afterthought = extras.afterthought
        self._closing = False
        self._mustered = False
        self._lanes: dict[SessionKey, tuple[Lane, asyncio.Task[None]]] = {}
        self._own_waiting: dict[EventId, SessionKey] = {}
        self._recall = Recall(self.settings.cached_sessions)
        self._context_tokens = model.context_tokens
        self._load = Workload(self.settings.max_lanes, lambda: len(self._lanes))
        self._yielding: set[SessionKey] = set()
        self._group = asyncio.TaskGroup()
        self._beside = Beside(self._group)
        self._thoughts = Beside(self._group)
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
            self._thoughts.drop()
            await self._group.__aexit__(None, None, None)

    @property
    def lease(self) -> timedelta:
        """How long what this process holds stays its own without being renewed."""
        return self.settings.lease

    async def accept(self, inbound: Inbound, title: str = "") -> Accepted:
        """Take the Inbound over durably; its turn runs in the background.

        ``title`` is for the session if one has to be made. A repeated event is accepted once. Raises
        StoreUnavailable: nothing was accepted, try again. Cancelling the call does not undo it.
        """
        return await self._beside.aside(self._accept(inbound, title))

    async def sweep(self) -> None:
        """Look at once for sessions that wait, as when a platform joined; else it happens by itself."""
        await self._beside.aside(self._look_round())

    async def drain(self) -> None:
        """Begin no new turn; wait for the running ones within the time limit, hand back the others.

        What is still thought about committed turns has the rest of that time.
        """
        self._closing = True
        limit = self.settings.drain.total_seconds()
        until = time.monotonic() + max(limit, _HAND_BACK)
        if self._mustered:
            self._beside.begin(survive(self._store.dismiss(self.holder)))
        await self._beside.settle(max(limit, _HAND_BACK))
        running = [task for _, task in self._lanes.values()]
        _, late = await asyncio.wait(running, timeout=limit) if running else (set(), set())
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_HAND_BACK)
        await self._thoughts.settle(max(0.0, until - time.monotonic()))

    async def _accept(self, inbound: Inbound, title: str) -> Accepted:
        thread = inbound.place.thread
        recent = self._recall.of_thread(thread)
        proposal = Proposal(new_session_id(), automatic_name(), title)
        known = Known(recent[0].id, recent[1].known) if recent else None
        asked, claim = time.monotonic(), None
        if self._load.has_share and not self._closing:
            claim = self._claim()
        with self._load.claiming(0 if claim is None else 1):
            accepted = await self._store.accept(inbound, proposal, claim, known)
        key, work = accepted.session.key, accepted.work
        if accepted.fresh and inbound.owner == self.holder:
            self._own_waiting[inbound.event] = key
        if work is not None:
            self._start(work, asked, recent[1] if recent and recent[0] == key else None)
        elif claim is not None and self._load.has_passed:
            self._beside.begin(survive(self._fill()))
        elif self._load.is_full and key not in self._lanes:
            self._load.pass_over(key)
        self._recall.bind(thread, key)
        if accepted.started and inbound.place.home:
            await survive(self._name_workspace(inbound.place))
        log.info(
            "inbound.accepted",
            event_id=inbound.event,
            session=key.id,
            fresh=accepted.fresh,
            ahead=accepted.ahead,
        )
        return accepted

    async def _name_workspace(self, place: Place) -> None:
        await self._store.workspace(place.workspace, place.home)

    # --- lanes ---

    def _claim(self) -> Claim:
        return Claim(self.holder, os.urandom(8).hex(), self.settings.lease, self._replies.platforms)

    def _start(self, work: Work, asked: float, recent: RecentMessages | None) -> None:
        key = work.lease.session
        if self._closing:
            self._beside.begin(survive(self._store.release(work.lease)))
            return
        former = self._lanes.get(key)
        if former is not None:
            former[0].lose()
        window = recent or RecentMessages(tokens=self._context_tokens)
        lane = Lane(work, asked, window, self._parts)
        after = former[1] if former else None
        self._lanes[key] = (lane, self._group.create_task(self._run(lane, after)))
        self._own_waiting.pop(work.turn.id, None)

    async def _run(self, lane: Lane, after: asyncio.Task[None] | None) -> None:
        try:
            if after is not None:
                await asyncio.wait({after})
            await lane.run()
            if lane.lost:
                await survive(lane.hand_back())
        except asyncio.CancelledError:
            await survive(lane.hand_back())
            raise
        except Exception:  # noqa: BLE001 - the edge of a lane
            # The lease is left to run out: the turn is tried again then, and counted as taken over.
            report("lane.failed", session=lane.session.id)
        finally:
            self._recall.keep(lane.session, lane.recent)
            if self._lanes.get(lane.session, (None,))[0] is lane:
                del self._lanes[lane.session]
        if lane.lost or lane.woken:
            await survive(self._acquire(lane.session))
        await survive(self._fill())

    async def _acquire(self, key: SessionKey) -> None:
        if self._closing or key in self._lanes:
            return
        if self._load.is_full:
            self._load.pass_over(key)
            return
        recent = self._recall.of_session(key)
        asked = time.monotonic()
        known = Known(key.id, recent.known) if recent else None
        with self._load.claiming(1):
            work = await self._store.acquire(key, self._claim(), known)
        if work is not None:
            self._start(work, asked, recent)

    async def _fill(self) -> None:
        """Give the lanes that are free to sessions for which there was none."""
        while not self._closing and not self._load.is_full:
            key = self._load.next_passed()
            if key is None:
                break
            try:
                await self._acquire(key)
            except StoreError:
                self._load.unswept = True
                raise
        if self._load.wants_sweep:
            await self._sweep()

    # --- what goes on beside the lanes ---

    def _think_of(self, work: Work, result: TurnResult) -> None:
        if self._afterthought is not None:
            self._thoughts.begin(survive(self._afterthought.later(work, result)))

    async def _renew_for_ever(self) -> None:
        while True:
            await self._sleep(self.settings.lease.total_seconds() / 3)
            await self._renew()

    async def _renew(self) -> None:
        async with asyncio.TaskGroup() as group:
            for lane, _ in list(self._lanes.values()):
                group.create_task(survive(lane.renew()))
            for event, key in list(self._own_waiting.items()):
                group.create_task(survive(self._keep_waiting(key, event)))

    async def _keep_waiting(self, key: SessionKey, event: EventId) -> None:
        if not await self._store.keep_waiting(key, event, self.settings.lease):
            self._own_waiting.pop(event, None)

    async def _sweep_for_ever(self) -> None:
        while True:
            await self.sweep()
            await self._sleep(self.settings.lease.total_seconds() / 3)

    async def _look_round(self) -> None:
        await survive(self._muster())
        await survive(self._sweep())

    async def _muster(self) -> None:
        """Learn how many others there are. A terminal takes no part: it runs nobody else's turns."""
        if self._closing or not self._replies.platforms - {Platform.TERMINAL}:
            return
        self._mustered, own = True, len(self._lanes)
        self._load.mustered(await self._store.muster(self.holder, own, self.settings.lease), own)

    async def _sweep(self) -> None:
        asked, limit = time.monotonic(), self._load.sweeps
        self._load.unswept = limit == 0
        if self._closing or limit == 0:
            return
        found = await self._store.sweep(self._claim(), limit)
        self._load.unswept |= len(found) == limit
        for work in found:
            log.info("session.swept", session=work.session.key.id, takeovers=work.turn.takeovers)
            self._start(work, asked, None)

    async def _listen_for_ever(self) -> None:
        while True:
            await survive(self._listen())
            await self._sleep(1.0)

    async def _listen(self) -> None:
        async with self._store.wakeups() as wakeups:
            async for wakeup in wakeups:
                self._beside.begin(survive(self._heed(wakeup)))

    async def _heed(self, wakeup: Wakeup) -> None:
        running = self._lanes.get(wakeup.session)
        if running is None:
            if wakeup.wake is Wake.WAITING:
                await self._take_up(wakeup.session)
        elif wakeup.wake is Wake.STOP:
            await running[0].renew()
        else:
            running[0].woken = True

    async def _take_up(self, key: SessionKey) -> None:
        """Take a session that waits; where this process has its share, leave it to the others first."""
        if key in self._yielding:
            return
        if not (self._load.has_share or self._load.is_full or self._closing):
            self._yielding.add(key)
            try:
                await self._sleep(self._load.courtesy())
            finally:
                self._yielding.discard(key)
        await self._acquire(key)
        await self._fill()
