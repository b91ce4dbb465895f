"""Shows an answer while it is written, and brings the platform to exactly the finished one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import structlog

from bots.outlet import Asked, Closed, Flooded, MessageGone, Outlet, Unreachable
from bots.pacing import Pacer
from bots.reconcile import GrantTooShort, Messages, Step
from bots.wording import NOTHING_TO_SEE, closing, heading
from sessions.errors import LeaseLost, StoreUnavailable
from sessions.model import Answer, Turn, Used
from sessions.ports.replies import Grant, Reply

P = TypeVar("P")
Sleep = Callable[[float], Awaitable[None]]

_GRANT_POLL = 0.2
"""Seconds between two looks at a grant that is too short: it is renewed or it ends."""
_FIRST_RETRY = 0.5
_LONGEST_RETRY = 15.0
_TYPING_AFTER = 1.0
_TYPING_EVERY = 4.0
"""Telegram shows it for 5 s (https://core.telegram.org/bots/api#sendchataction), Discord for 10 s."""
_TYPING_TIMES = 150

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_streamed(
    outlet: Outlet[P], turn: Turn, grant: Grant, pacer: Pacer, *, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[Reply]:
    """Open the reply of a turn; leaving the context ends its background work."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        reply = StreamedReply(outlet, turn, grant, pacer, sleep=sleep)
        reply.begin(tasks)
        try:
            yield reply
        except Exception as error:  # noqa: BLE001 - raised below, outside of the group that would wrap it
            failure = error
        finally:
            reply.end()
    if failure is not None:
        raise failure


class StreamedReply(Generic[P]):
    """The answer in progress, on any platform that has an Outlet."""

    def __init__(
        self,
        outlet: Outlet[P],
        turn: Turn,
        grant: Grant,
        pacer: Pacer,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._outlet = outlet
        self._grant = grant
        self._pacer = pacer
        self._sleep = sleep
        self._committed = turn.answer is not None
        self._log = log.bind(session=str(turn.session), turn=turn.id)
        self._messages = Messages(outlet, turn, grant)
        self._latest = self._rendered = ""
        self._heading = ""
        self._desired: tuple[P, ...] = ()
        self._changed = asyncio.Event()
        self._calling = asyncio.Lock()
        self._streaming: asyncio.Task[None] | None = None
        self._typing: asyncio.Task[None] | None = None

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Start to show that an answer is under way; a committed turn only waits for its finish."""
        if not self._committed:
            self._streaming = tasks.create_task(self._best_effort(self._stream))
            self._typing = tasks.create_task(self._best_effort(self._type))

    def end(self) -> None:
        """Leave everything as it is."""
        for task in (self._typing, self._streaming):
            if task is not None:
                task.cancel()

    def draw_on(self, used: Used) -> None:
        """Head the answer with what it draws on."""
        self._heading = heading(used)

    def show(self, text: str) -> None:
        """Show the answer so far when the chat's pace allows; the latest call wins."""
        if text != self._latest:
            self._latest = text
            self._changed.set()
            if self._typing is not None:
                self._typing.cancel()

    async def finish(self, answer: Answer) -> None:
        """Bring the platform to exactly this answer. Raises LeaseLost when the grant ends first."""
        async with self._calling:  # a cancelled send would have a lost result
            self.end()
        text, note = closing(answer)
        headed = _headed(heading(answer.used), text)
        desired = self._outlet.render(headed, note) or self._outlet.render("", NOTHING_TO_SEE)
        if answer.decision:
            desired = (
                *desired[:-1],
                self._outlet.offer(desired[-1], Asked(answer.decision, answer.step)),
            )
        attempt = 0
        while (step := self._messages.next_step(desired, trim=True)) is not None:
            await self._leave()
            try:
                done = await self._take(step)
            except Closed:
                self._log.warning("reply.closed")
                return
            attempt = 0 if done else attempt + 1
            if not done:
                await self._back_off(attempt)

    async def _best_effort(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do what the answer does not depend on; a defect met here is met and raised by finish."""
        try:
            await work()
        except (Closed, LeaseLost):
            self._log.debug("reply.preview_ended")
        except Exception as error:  # noqa: BLE001 - the edge of a task whose failure would end its lane
            self._log.error("reply.preview_failed", error=type(error).__name__)

    async def _stream(self) -> None:
        """Show the newest text, a call at a time, until cancelled."""
        attempt = 0
        while True:
            if self._messages.next_step(self._desired, trim=False) is None:
                await self._changed.wait()
            await self._leave_paced()
            async with self._calling:
                self._render()
                step = self._messages.next_step(self._desired, trim=False)
                done = step is None or await self._take(step)
            attempt = 0 if done else attempt + 1
            if not done:
                await self._back_off(attempt)

    def _render(self) -> None:
        self._changed.clear()
        if self._latest is not self._rendered:
            self._desired = self._outlet.render(_headed(self._heading, self._latest), "")
            self._rendered = self._latest

    async def _take(self, step: Step) -> bool:
        """Take a step; False when it failed in a way that may pass."""
        try:
            await step()
        except Flooded as flood:
            self._pacer.flooded(self._outlet.chat, flood.retry_after)
        except GrantTooShort:
            self._log.debug("reply.grant_short")
        except (Unreachable, MessageGone, StoreUnavailable) as error:
            self._log.info("reply.retry", error=type(error).__name__)
            return False
        return True

    async def _leave_paced(self) -> None:
        """Wait for leave to preview; the first message does not wait for the chat's pace."""
        opening = self._messages.opening
        if not opening:
            await self._pacer.preview(self._outlet.chat)
        await self._leave(paced=not opening)

    async def _leave(self, *, paced: bool = False) -> None:
        """Wait until a call may be made. Raises LeaseLost."""
        while True:
            left = self._grant.seconds_left()
            if left <= 0:
                raise LeaseLost("the lease ended before the answer was finished")
            if left <= self._messages.call_time:
                await self._sleep(min(left, _GRANT_POLL))
            elif not paced and (pause := self._pacer.hold(self._outlet.chat)) > 0:
                await self._sleep(min(left, pause))
            else:
                return

    async def _back_off(self, attempt: int) -> None:
        pause = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(attempt - 1, 8))
        await self._sleep(max(0.0, min(pause, self._grant.seconds_left())))

    async def _type(self) -> None:
        """Show that somebody is writing while there is no text; what fails is tried again later.

        Not at once: the placeholder stands there, and most models begin within a second.
        """
        await self._sleep(_TYPING_AFTER)
        time_out = self._messages.call_time
        for _ in range(_TYPING_TIMES):
            if self._grant.seconds_left() > time_out and not self._pacer.is_flooded(self._outlet.chat):
                try:
                    async with asyncio.timeout(time_out):
                        await self._outlet.typing()
                except Flooded as flood:
                    self._pacer.flooded(self._outlet.chat, flood.retry_after)
                except (Unreachable, TimeoutError):
                    self._log.debug("reply.typing_failed")
            await self._sleep(_TYPING_EVERY)


def _headed(heading: str, text: str) -> str:
    return f"{heading}\n\n{text}" if heading and text else heading or text
