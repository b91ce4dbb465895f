"""Repeats what was surely not executed, for a bounded time; the rest is for the caller to repeat."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from sessions.errors import StoreError, StoreUnavailable
from storage.redis.address import Node
from storage.redis.failures import Lost, Refusal, Remedy, lost, refused, remedy
from storage.redis.lines import Lines
from storage.redis.link import Link, Outcome, Reply, packed
from storage.redis.pauses import Pauses
from storage.redis.script import Script

LAST_MOMENT = 0.02
"""Seconds that a call takes at least which fails because the node has been away for long."""

_ASKING: bytes = packed(b"ASKING")


@dataclass(frozen=True, slots=True)
class Job:
    """A call as it goes over the wire."""

    name: str
    key: bytes
    packed: bytes
    script: Script | None = None
    durable: bool = False


class Repeating:
    """Sees calls through that did not succeed at once."""

    def __init__(self, lines: Lines, patience: timedelta) -> None:
        """``patience`` is how long a call is repeated."""
        self._lines = lines
        self._patience = patience.total_seconds()

    async def settle(self, job: Job, link: Link | None, outcome: Outcome) -> Reply:
        """Go on from a first try: ``outcome`` of ``link``, or None if there was no link.

        Raises StoreError.
        """
        attempt = _Attempt(self._lines, job, time.monotonic() + self._patience, self._patience)
        while True:
            if link is None:
                link = await attempt.connected()
                outcome = await link.send(job.packed)
            elif isinstance(outcome, Lost):
                attempt.unsent(outcome, link)
                link = None
            elif isinstance(outcome, Refusal):
                link, outcome = await attempt.remedied(outcome, link)
            else:
                return outcome


class _Attempt:
    """One call's tries until its deadline, in monotonic seconds."""

    def __init__(self, lines: Lines, job: Job, deadline: float, patience: float) -> None:
        self._lines = lines
        self._job = job
        self._deadline = deadline
        self._patience = patience
        self._pauses = Pauses()
        self._last: StoreError | None = None
        self._loaded = False

    async def connected(self) -> Link:
        """Wait for a link to the node of the key."""
        key, durable = self._job.key, self._job.durable
        while True:
            if self._lines.closed:
                raise StoreUnavailable("The Redis client was closed.")
            if (link := self._lines.link(key, durable=durable)) is not None:
                return link
            await self._change()

    async def _change(self) -> None:
        """Wait for a change, at least a moment: a caller that repeats at once must not stop the loop."""
        try:
            seconds = self._left()
        except StoreError:
            await asyncio.sleep(LAST_MOMENT)
            raise
        await self._lines.presence.change(seconds)

    def _left(self) -> float:
        """Seconds that are left, which are none for a node that has been away for that long already."""
        deadline = self._deadline
        trouble = self._lines.trouble(self._job.key, durable=self._job.durable)
        if trouble is not None:
            failure, since = trouble
            self._last = StoreUnavailable(failure.advice or f"{failure.why}.")
            deadline = min(deadline, since + self._patience)
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._last or StoreUnavailable("Redis has not been reached yet.")
        return left

    def unsent(self, outcome: Lost, link: Link) -> None:
        """Raise unless the call never left."""
        self._last = lost(outcome, link.node)
        if outcome.sent or time.monotonic() >= self._deadline:
            raise self._last

    async def remedied(self, refusal: Refusal, link: Link) -> tuple[Link | None, Outcome]:
        """Do what the refusal asks for and return the next try; without a link the node is looked up."""
        job = self._job
        self._last = refused(refusal, link.node, job.name)
        todo = remedy(refusal)
        if todo is Remedy.NONE or time.monotonic() >= self._deadline:
            raise self._last
        match todo:
            case Remedy.LOAD:
                return link, await self._load(link, job.packed)
            case Remedy.GO:
                if self._lines.redirected(refusal, link.node) is None:
                    raise self._last
            case Remedy.GO_ONCE:
                return await self._asking(refusal, link)
            case Remedy.LOOK:
                self._lines.leave(link)
                await self._pause()
            case Remedy.PAUSE:
                await self._pause()
            case _:
                assert_never(todo)
        return None, None

    async def _load(self, link: Link, *commands: bytes) -> Outcome:
        script = self._job.script
        if script is None:
            raise self._last or StoreError(f"Redis does not know {self._job.name}.")
        first, self._loaded = not self._loaded, True
        if first and script.sha in link.loaded:
            # Another caller's load stands before this on the wire; a second refusal: it was forgotten.
            return await link.send(*commands)
        link.loaded.add(script.sha)
        loading = link.send(packed(b"SCRIPT", b"LOAD", script.text))
        again = link.send(*commands)
        loaded = await loading
        if isinstance(loaded, Refusal):
            link.loaded.discard(script.sha)
            raise refused(loaded, link.node, f"to load {script.name}")
        return await again

    async def _asking(self, refusal: Refusal, link: Link) -> tuple[Link | None, Outcome]:
        node = self._lines.redirected(refusal, link.node)
        if node is None:
            raise self._last or StoreUnavailable(f"Redis at {link.node} refused {self._job.name}.")
        other = await self._connected_to(node)
        outcome = await other.send(_ASKING, self._job.packed)
        if isinstance(outcome, Refusal) and outcome.code == "NOSCRIPT":
            outcome = await self._load(other, _ASKING, self._job.packed)
        return other, outcome

    async def _connected_to(self, node: Node) -> Link:
        while (link := self._lines.link_to(node, durable=self._job.durable)) is None:
            await self._change()
        return link

    async def _pause(self) -> None:
        await asyncio.sleep(self._pauses.next())
