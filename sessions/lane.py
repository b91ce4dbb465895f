"""One session's serial lane: runs the turns of its inbox while this process holds the lease."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import structlog

from sessions.errors import LeaseLost, StoreError, StoreUnavailable
from sessions.incidents import report
from sessions.interrupt import Interrupt
from sessions.model import Answer, Ending, EventId, ReplyRecord, SessionKey, Turn, TurnResult
from sessions.patience import insist
from sessions.ports.replies import Replies, Reply
from sessions.ports.turns import Claim, Known, Turns, Work
from sessions.turn import GIVEN_UP_NOTE, GONE_NOTE, TurnRunner, advised
from sessions.window import RecentMessages

log = structlog.get_logger()

T = TypeVar("T")

MOST_FAILURES = 3
"""So often is an answer that cannot be shown tried again before the inbox goes on without it."""


@dataclass(frozen=True, slots=True)
class LaneParts:
    """What every lane of an engine works with. ``closing`` says that no new turn may begin.

    ``failures`` counts for each turn how often showing its answer failed in a way that nobody foresaw.
    ``committed`` hears of every turn that was run here.
    """

    store: Turns
    replies: Replies
    runner: TurnRunner
    claim: Callable[[], Claim]
    lease: timedelta
    closing: Callable[[], bool]
    sleep: Callable[[float], Awaitable[None]]
    failures: Counter[EventId]
    committed: Callable[[Work, TurnResult], None]


class Lane:
    """Runs a session's turns one after the other, from the first work until the lease is freed.

    ``since`` is when the work was asked for, by the monotonic clock: the lease counts from there.
    """

    def __init__(self, work: Work, since: float, recent: RecentMessages, parts: LaneParts) -> None:
        self._work: Work | None = work
        self.recent = recent
        self._parts = parts
        self._duration = parts.lease
        self._until = since + self._duration.total_seconds()
        self._lease = work.lease
        self._turn = work.turn
        self._halt = Interrupt()
        self._lost = Interrupt()
        self._stopped: EventId | None = None
        self.woken = False
        """Whether something came for the session that this lane may not have seen."""

    @property
    def session(self) -> SessionKey:
        """Whose lane it is."""
        return self._lease.session

    async def run(self) -> None:
        """Run until the inbox has nothing for this process, or the lease is lost."""
        try:
            async with self._lost.guard():
                while self._work is not None:
                    self._work = await self._one_turn(self._work)
        except LeaseLost:
            self._lost.tripped = True
        if self._lost.tripped:
            log.warning("lane.lease_lost", session=self.session.id, turn=self._turn.id)

    async def renew(self) -> None:
        """Move the deadline, and learn whether a person asked for the running turn to end."""
        asked = time.monotonic()
        try:
            renewal = await self._parts.store.renew(self._lease, self._duration)
        except LeaseLost:
            self.lose()
            return
        except StoreUnavailable:
            log.debug("lane.renewal_failed", session=self.session.id)
            return
        self._until = asked + self._duration.total_seconds()
        self._stopped = renewal.stopped or self._stopped
        if self._turn.id == self._stopped:
            self._halt.trip()

    def lose(self) -> None:
        """End at once: somebody else acts for the session."""
        self._lost.trip()

    @property
    def lost(self) -> bool:
        """Whether the lane ended because somebody else may act for the session."""
        return self._lost.tripped

    def seconds_left(self) -> float:
        """How long the lease surely lasts, counted from before it was asked for."""
        return self._until - time.monotonic()

    def longest_call(self) -> float:
        """A third of the lease: what is left of it between two renewals is at least twice that."""
        return self._duration.total_seconds() / 3

    async def note(self, turn: Turn, reply: ReplyRecord) -> None:
        """Store where the turn's answer stands. Raises LeaseLost."""
        await self._insist(lambda: self._parts.store.note_reply(self._lease, turn.id, reply))

    async def hand_back(self) -> None:
        """Give the session to others when this process ends before the turn does, or when it is lost."""
        if self._work is None:
            return
        turn, store = self._turn, self._parts.store
        owned = turn.inbound.owner == self._lease.holder and turn.answer is None
        try:
            if owned and not self.lost:
                await store.commit(
                    self._lease, self._parts.runner.unfinished(turn, Ending.INTERRUPTED, GONE_NOTE)
                )
                await store.delivered(self._lease, turn.id, self._parts.claim(), None)
            await store.release(self._lease)
        except (LeaseLost, StoreError) as error:
            log.warning("lane.not_handed_back", session=self.session.id, error=type(error).__name__)

    async def _one_turn(self, work: Work) -> Work | None:
        self._begin(work)
        turn = work.turn
        try:
            await self._answer_and_show(work)
        except LeaseLost:
            raise
        except Exception:
            self._parts.failures[turn.id] += 1
            if self._parts.failures[turn.id] < MOST_FAILURES:
                raise
            report("turn.given_up", session=self.session.id, turn=turn.id)
            given_up = self._parts.runner.interrupted(turn, GIVEN_UP_NOTE)
            await self._commit(given_up)
        del self._parts.failures[turn.id]
        return await self._next(turn)

    async def _answer_and_show(self, work: Work) -> None:
        turn = work.turn
        if work.orphaned or turn.inbound.place.thread.platform not in self._parts.replies.platforms:
            if turn.answer is None:
                await self._commit(self._parts.runner.unfinished(turn, Ending.INTERRUPTED, GONE_NOTE))
            return
        async with self._parts.replies.open(turn, _TurnGrant(self, turn)) as reply:
            answer = turn.answer or await self._answer(work, reply)
            await self._finish(reply, turn, answer)

    def _begin(self, work: Work) -> None:
        self._lease, self._turn = work.lease, work.turn
        if work.session.tally.messages < self.recent.known or work.since < self.recent.known:
            # A damaged message was taken out, or a failover lost some: what is remembered has moved.
            self._forget()
        self.recent.extend(work.since, work.news)
        self._halt = Interrupt()
        if work.turn.stop or work.turn.id == self._stopped:
            self._halt.trip()

    async def _answer(self, work: Work, reply: Reply) -> Answer:
        result = await self._parts.runner.run(work, self.recent, reply, self._halt)
        await self._commit(result)
        self._parts.committed(work, result)
        return result.answer

    async def _commit(self, result: TurnResult) -> None:
        committed = await self._insist(lambda: self._parts.store.commit(self._lease, result))
        before = committed.session.tally.messages - len(result.messages)
        if before < self.recent.known:
            self._forget()
        elif committed.fresh:
            self.recent.extend(before, result.messages)
        log.info(
            "turn.committed",
            session=self.session.id,
            turn=result.turn,
            ending=str(result.answer.ending),
            messages=committed.session.tally.messages,
        )

    def _forget(self) -> None:
        self.recent = RecentMessages(tokens=self.recent.limit)

    async def _finish(self, reply: Reply, turn: Turn, answer: Answer) -> None:
        try:
            await reply.finish(answer)
        except LeaseLost:
            raise
        except Exception:  # noqa: BLE001 - an answer that cannot be shown must not block the inbox
            incident = report("reply.failed", turn=turn.id)
            note = f"The answer could not be shown (incident {incident}). Send /retry."
            await reply.finish(Answer(Ending.FAILED, note=advised(turn, note)))

    async def _next(self, turn: Turn) -> Work | None:
        asked = time.monotonic()
        known = Known(self.session.id, self.recent.known)
        work = await self._insist(
            lambda: self._parts.store.delivered(self._lease, turn.id, self._parts.claim(), known)
        )
        if work is None:
            return None
        self._until = asked + self._duration.total_seconds()
        if self._parts.closing():
            await self._insist(lambda: self._parts.store.release(work.lease))
            return None
        return work

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Repeat a step of the store until it is done or the lease is lost."""
        return await insist(call, self._parts.sleep)


class _TurnGrant:
    """A lane's leave to send, for one of its turns."""

    def __init__(self, lane: Lane, turn: Turn) -> None:
        self._lane = lane
        self._turn = turn

    def seconds_left(self) -> float:
        return self._lane.seconds_left()

    def longest_call(self) -> float:
        return self._lane.longest_call()

    async def keep(self, reply: ReplyRecord) -> None:
        await self._lane.note(self._turn, reply)
