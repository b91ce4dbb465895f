"""Tells when what was missed in a channel has been taken over, so that newer messages come after it."""

import asyncio
from collections.abc import Mapping

_LONGEST = 30.0
"""Seconds that a new message waits: Discord's limits may make reading the earlier ones slow."""

Tasks = Mapping[str, asyncio.Task[None]]


class Backlog:
    """From a gateway session's begin until its channels are read.

    ``handling`` has, by channel, the task that handles the newest of the missed messages. A new message
    waits at most ``longest`` seconds.
    """

    def __init__(self, handling: Tasks, longest: float = _LONGEST) -> None:
        self._handling = handling
        self._longest = longest
        self._channels: dict[str, asyncio.Event] = {}
        self._whole = asyncio.Event()
        self._whole.set()

    def begin(self) -> None:
        """There may be a backlog in every channel."""
        self._whole.clear()
        self._channels.clear()

    def read(self, channel: str) -> None:
        """What was missed in the channel is being handled."""
        self._event(channel).set()

    def end(self) -> None:
        """All channels have been read."""
        self._whole.set()
        for event in self._channels.values():
            event.set()

    async def over(self, channel: str) -> None:
        """Return when nothing is left of the channel's backlog, or it takes too long."""
        try:
            async with asyncio.timeout(self._longest):
                if not self._whole.is_set():
                    await self._event(channel).wait()
                if (task := self._handling.get(channel)) is not None:
                    await asyncio.wait({task})
        except TimeoutError:
            return

    def _event(self, channel: str) -> asyncio.Event:
        return self._channels.setdefault(channel, asyncio.Event())
