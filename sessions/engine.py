"""Accepts Inbounds durably and sees to it that each is answered once and in order."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import structlog

from sessions.commands import automatic_name, new_session_id
from sessions.errors import StoreError, StoreUnavailable
from sessions.incidents import report
from sessions.lane import Lane, LaneParts
from sessions.model import EventId, Holder, Inbound, Place, SessionKey
from sessions.outage import watched
from sessions.ports.catalog import Catalog
from sessions.ports.model import ChatModel
from sessions.ports.replies import Replies
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Turns, Wake, Wakeup, Work
from sessions.recall import Recall
from sessions.turn import TurnRules, TurnRunner
from sessions.window import RecentMessages

T = TypeVar("T")

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
    beyond is accepted and waits. ``cached_sessions`` windows stay in memory.
    """

    lease: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=20)
    max_lanes: int = 256
    cached_sessions: int = 256
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
        self.holder = Holder(os.urandom(8).hex())
        self._store = store = watched(store)
        self._sleep = sleep
        self._replies = replies
        self._parts = LaneParts(
            store,
            replies,
            TurnRunner(model, self.settings.rules, clock),
            self._claim,
            self.settings.lease,
            lambda: self._closing,
            sleep,
            Counter(),
        )
        self._closing = False
        self._passed_over = False
        """Whether a session may wait because all lanes were taken: the next lane to end looks for it."""
        self._lanes: dict[SessionKey, tuple[Lane, asyncio.Task[None]]] = {}
        self._own_waiting: dict[EventId, SessionKey] = {}
        self._recall = Recall(self.settings.cached_sessions)
        self._context_tokens = model.context_tokens
        self._beside: set[asyncio.Task[Any]] = set()
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
        StoreUnavailable: nothing was accepted, try again. Cancelling the call does not undo it.
        """
        outcome = await self._aside(self._outcome(self._accept(inbound, title)))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sweep(self) -> None:
        """Look at once for sessions that wait, as when a platform joined; else it happens by itself."""
        await self._aside(self._survive(self._sweep()))

    async def drain(self) -> None:
        """Begin no new turn; wait for the running ones within the time limit, hand back the others."""
        self._closing = True
        limit = self.settings.drain.total_seconds()
        if self._beside:
            await asyncio.wait(self._beside, timeout=max(limit, _HAND_BACK))
        running = [task for _, task in self._lanes.values()]
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=limit)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_HAND_BACK)

    async def _accept(self, inbound: Inbound, title: str) -> Accepted:
        thread = inbound.place.thread
        recent = self._recall.of_thread(thread)
        proposal = Proposal(new_session_id(), automatic_name(), title)
        known = Known(recent[0].id, recent[1].known) if recent else None
        asked = time.monotonic()
        accepted = await self._store.accept(inbound, proposal, self._spare_claim(), known)
        key, work = accepted.session.key, accepted.work
        if accepted.fresh and inbound.owner == self.holder:
            self._own_waiting[inbound.event] = key
        if work is not None:
            self._start(work, asked, recent[1] if recent and recent[0] == key else None)
        self._recall.bind(thread, key)
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

    async def _name_workspace(self, place: Place) -> None:
        await self._store.workspace(place.workspace, place.home)

    # --- lanes ---

    def _claim(self) -> Claim:
        return Claim(self.holder, os.urandom(8).hex(), self.settings.lease, self._replies.platforms)

    def _spare_claim(self) -> Claim | None:
        if self._closing:
            return None
        self._passed_over = self._passed_over or self._spare_lanes() <= 0
        return self._claim() if self._spare_lanes() > 0 else None

    def _spare_lanes(self) -> int:
        return self.settings.max_lanes - len(self._lanes)

    def _start(self, work: Work, asked: float, recent: RecentMessages | None) -> None:
        key = work.lease.session
        if self._closing:
            self._begin_beside(self._survive(self._store.release(work.lease)))
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
                await self._survive(lane.hand_back())
        except asyncio.CancelledError:
            await self._survive(lane.hand_back())
            raise
        except Exception:  # noqa: BLE001 - the edge of a lane
            # The lease is left to run out: the turn is tried again then, and counted as taken over.
            report("lane.failed", session=lane.session.id)
        finally:
            self._recall.keep(lane.session, lane.recent)
            if self._lanes.get(lane.session, (None,))[0] is lane:
                del self._lanes[lane.session]
        if lane.lost or lane.woken:
            await self._survive(self._acquire(lane.session))
        if self._passed_over:
            await self._survive(self._sweep())

    async def _acquire(self, key: SessionKey) -> None:
        claim = self._spare_claim()
        if claim is None or key in self._lanes:
            return
        recent = self._recall.of_session(key)
        asked = time.monotonic()
        known = Known(key.id, recent.known) if recent else None
        work = await self._store.acquire(key, claim, known)
        if work is not None:
            self._start(work, asked, recent)

    # --- what goes on beside the lanes ---

    async def _renew_for_ever(self) -> None:
        while True:
            await self._sleep(self.settings.lease.total_seconds() / 3)
            await self._renew()

    async def _renew(self) -> None:
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
            await self.sweep()
            await self._sleep(self.settings.lease.total_seconds() / 3)

    async def _sweep(self) -> None:
        claim = self._spare_claim()
        if claim is None:
            return
        asked, spare = time.monotonic(), self._spare_lanes()
        self._passed_over = False
        found = await self._store.sweep(claim, spare)
        self._passed_over = self._passed_over or len(found) == spare
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
                self._begin_beside(self._survive(self._heed(wakeup)))

    async def _heed(self, wakeup: Wakeup) -> None:
        running = self._lanes.get(wakeup.session)
        if running is None:
            if wakeup.wake is Wake.WAITING:
                await self._acquire(wakeup.session)
        elif wakeup.wake is Wake.STOP:
            await running[0].renew()
        else:
            running[0].woken = True

    async def _aside(self, work: Coroutine[None, None, T]) -> T:
        """Await work that may take a lease; cancelling the caller leaves it to be done to its end."""
        return await asyncio.shield(self._begin_beside(work))

    def _begin_beside(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = self._group.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        return task

    async def _outcome(self, work: Awaitable[T]) -> T | Exception:
        """Return what the work raises: an exception of a task would end the whole group."""
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - the caller raises it
            return error

    async def _survive(self, work: Awaitable[None]) -> None:
        """Await work that nobody waits for: whatever fails ends one round of it."""
        try:
            await work
        except StoreUnavailable:
            log.debug("engine.round_put_off")  # that the store is away has been said
        except StoreError as error:
            log.warning("engine.store_failed", error=type(error).__name__)
        except Exception:  # noqa: BLE001 - the loops go on
            report("engine.round_failed")
