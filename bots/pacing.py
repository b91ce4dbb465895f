"""How often a chat is touched: previews take turns, answers go first, floods hold everything back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

_MANY_CHATS = 256
_CAREFUL_TURNS = 10


@dataclass(slots=True)
class _Chat:
    """What is remembered of a chat; times are the pacer's clock."""

    next_at: float = 0.0
    flooded_until: float = 0.0
    careful_until: float = 0.0
    previews: asyncio.Lock = field(default_factory=asyncio.Lock)

    def idle(self, now: float) -> bool:
        return not self.previews.locked() and now >= max(self.next_at, self.careful_until)


class Pacer:
    """Spaces the calls of all replies in a chat. One per platform and process.

    ``every`` is the least time between two previews in a chat, ``every_in`` says otherwise for some
    of them. Parts of a finished answer go at once, except while the chat is flooded; for a while
    after a flood they keep the pace too.
    """

    def __init__(
        self,
        every: timedelta,
        every_in: Callable[[str], timedelta | None] = lambda _: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._every = every
        self._every_in = every_in
        self._clock = clock
        self._sleep = sleep
        self._chats: dict[str, _Chat] = {}
        self._swept_at = _MANY_CHATS

    async def preview(self, chat: str) -> None:
        """Wait for this caller's turn to change something in the chat; first come, first served."""
        remembered = self._chat(chat)
        async with remembered.previews:
            while (pause := max(remembered.next_at, remembered.flooded_until) - self._clock()) > 0:
                await self._sleep(pause)
            remembered.next_at = self._clock() + self._pace(chat)

    def hold(self, chat: str) -> float:
        """How many seconds a part of a finished answer has to wait; 0: it goes, and counts as gone."""
        remembered, now = self._chat(chat), self._clock()
        free_at = remembered.flooded_until
        if now < remembered.careful_until:
            free_at = max(free_at, remembered.next_at)
        if free_at > now:
            return free_at - now
        remembered.next_at = max(remembered.next_at, now + self._pace(chat))
        return 0.0

    def flooded(self, chat: str, retry_after: timedelta) -> None:
        """Hold back everything in the chat for that long."""
        remembered = self._chat(chat)
        until = self._clock() + retry_after.total_seconds()
        remembered.flooded_until = max(remembered.flooded_until, until)
        remembered.careful_until = remembered.flooded_until + _CAREFUL_TURNS * self._pace(chat)

    def is_flooded(self, chat: str) -> bool:
        """Whether nothing may be sent in the chat for the time being."""
        return self._clock() < self._chat(chat).flooded_until

    @property
    def remembered(self) -> int:
        """How many chats are remembered; idle ones are forgotten when there are many."""
        return len(self._chats)

    def _pace(self, chat: str) -> float:
        return (self._every_in(chat) or self._every).total_seconds()

    def _chat(self, chat: str) -> _Chat:
        if (known := self._chats.get(chat)) is not None:
            return known
        if len(self._chats) >= self._swept_at:
            now = self._clock()
            self._chats = {name: kept for name, kept in self._chats.items() if not kept.idle(now)}
            self._swept_at = max(_MANY_CHATS, 2 * len(self._chats))
        return self._chats.setdefault(chat, _Chat())
