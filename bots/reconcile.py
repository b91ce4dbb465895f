"""Brings the messages on a platform to the parts they should be, one call at a time.

Knows nothing of time: when to take the next step, and what to do when one fails, is the caller's
matter. After any failure the next step is right again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

import structlog

from bots.outlet import Closed, Flooded, LoggedOut, MessageGone, Outlet, Unreachable
from bots.parts import Part, recorded, taken_up
from sessions.model import Turn
from sessions.ports.replies import Grant

P = TypeVar("P")
T = TypeVar("T")
Step = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


class GrantTooShort(Exception):
    """The lease may end before the next call does; nothing was sent."""


class Messages(Generic[P]):
    """The messages of one turn's answer and what may still have to be deleted.

    A turn without an answer that has recorded parts was taken over: its messages go first, and a new
    one begins. A turn with an answer is edited in place.
    """

    def __init__(self, outlet: Outlet[P], turn: Turn, grant: Grant) -> None:
        self._outlet = outlet
        self._grant = grant
        self._log = log.bind(session=str(turn.session), turn=turn.id)
        parts: list[Part[P]] = taken_up(turn.reply)
        self._doomed = parts if turn.answer is None else []
        self._parts = [] if turn.answer is None else parts
        self._doubt = False
        self._unsaved = False

    @property
    def opening(self) -> bool:
        """Whether there is no message yet that could be edited."""
        return bool(self._doomed) or not self._parts or not self._parts[0].message

    def next_step(self, desired: Sequence[P], *, trim: bool) -> Step | None:
        """Return what to do next towards ``desired``; None: all is there and recorded.

        ``trim`` deletes messages beyond the desired ones. A step raises what the outlet raises,
        GrantTooShort, or what the grant's ``keep`` raises; it may be followed by a different one.
        """
        if self._doomed:
            return self._delete_last
        if self._parts and self._parts[-1].lost:
            return self._settle_last
        for index, part in enumerate(self._parts[: len(desired)]):
            if part.message and part.shown != (wanted := self._marked(part, desired[index])):
                return partial(self._edit, index, wanted)
        if self._open < len(desired) or not (self._open or trim):
            return partial(self._send, desired)
        if trim and len(self._parts) > len(desired):
            return partial(self._doom, len(desired))
        if trim and self._doubt and self._parts:
            return self._doubt_last
        return self._save if self._unsaved else None

    @property
    def _open(self) -> int:
        """The index of the next message to send."""
        unsent = bool(self._parts) and not self._parts[-1].message
        return len(self._parts) - unsent

    def _marked(self, part: Part[P], content: P) -> P:
        return self._outlet.mark_repeat(content) if part.repeat else content

    async def _send(self, desired: Sequence[P]) -> None:
        """Send the next message; the first is a placeholder, so that no text is lost with its id."""
        index = self._open
        if index == len(self._parts):
            self._parts.append(Part(repeat=self._doubt))
            self._doubt, self._unsaved = False, True
        part = self._parts[index]
        content = self._marked(part, desired[index]) if index else self._outlet.placeholder
        await self._save()
        self._permit()
        part.lost = True
        try:
            part.message = await self._call(lambda: self._outlet.send(content, index))
        except (Flooded, LoggedOut, Closed):
            part.lost = False
            raise
        part.lost, part.shown, self._unsaved = False, content, True
        await self._save()

    async def _edit(self, index: int, content: P) -> None:
        await self._save()
        part = self._parts[index]
        self._permit()
        known, part.shown = part.shown, None
        try:
            await self._call(lambda: self._outlet.edit(part.message, content))
        except (Flooded, LoggedOut):
            part.shown = known
            raise
        except MessageGone:
            # Those below would stand above the new one, so they are sent anew as well.
            self._log.info("reply.message_gone", index=index)
            await self._doom(index)
            raise
        part.shown = content

    async def _doom(self, length: int) -> None:
        self._doomed, self._parts = self._parts[length:], self._parts[:length]

    async def _delete_last(self) -> None:
        part, index = self._doomed[-1], len(self._parts) + len(self._doomed) - 1
        if part.lost:
            await self._look_for(part, index)
            if part.message:
                return
        elif part.message:
            await self._call(lambda: self._outlet.delete(part.message))
        self._doomed.pop()
        self._doubt = self._doubt or part.repeat
        self._unsaved = True

    async def _settle_last(self) -> None:
        await self._look_for(self._parts[-1], len(self._parts) - 1)
        await self._save()

    async def _look_for(self, part: Part[P], index: int) -> None:
        """Find out whether a send with a lost result arrived, or own up to not knowing."""
        if self._outlet.can_find:
            found = await self._call(lambda: self._outlet.find(index))
            part.message, self._unsaved = found or "", True
        elif index == 0:
            self._log.warning("reply.placeholder_lost")
        else:
            self._log.warning("reply.repeated", index=index)
            part.repeat = self._unsaved = True
        part.lost = False

    async def _doubt_last(self) -> None:
        self._parts[-1].repeat, self._doubt, self._unsaved = True, False, True

    async def _save(self) -> None:
        """Store where the answer stands, if that has changed. Always before a send or an edit."""
        if self._unsaved:
            doubt: list[Part[P]] = [Part(repeat=True)] if self._doubt else []
            await self._grant.keep(recorded((*self._parts, *self._doomed, *doubt)))
            self._unsaved = False

    @property
    def call_time(self) -> float:
        """How many seconds one call may take: the outlet's time-out, or less when the lease is short."""
        return min(self._outlet.time_out.total_seconds(), self._grant.longest_call())

    def _permit(self) -> None:
        if self._grant.seconds_left() <= self.call_time:
            raise GrantTooShort

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        self._permit()
        try:
            async with asyncio.timeout(self.call_time):
                return await call()
        except TimeoutError as error:
            raise Unreachable(f"no answer within {self.call_time:g} s") from error
