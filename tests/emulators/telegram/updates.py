"""The queue of updates: kept until confirmed, given to one poller, or claimed by the webhook."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.emulators.telegram.wire import JsonObject, RefusedError

FIRST_UPDATE_ID = 700_000_001
FUTURE_TOLERANCE = 10
"""An offset further than this beyond the tail is taken as a mistake and confirms nothing."""
OPT_IN = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds that are only sent when asked for (https://core.telegram.org/bots/api#getupdates)."""

OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)


@dataclass(frozen=True, slots=True)
class QueuedUpdate:
    """`key` orders webhook deliveries: updates with one key are never under way together."""

    id: int
    payload: JsonObject
    key: int


class UpdateQueue:
    """Updates of the one bot, in order; `on_change` is called after every change."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._next_id = FIRST_UPDATE_ID
        self._pending: deque[QueuedUpdate] = deque()
        self._again: deque[QueuedUpdate] = deque()
        self._given: dict[int, QueuedUpdate] = {}
        self._poller: asyncio.Future[None] | None = None
        self._allowed: frozenset[str] | None = None

    @property
    def pending(self) -> Sequence[QueuedUpdate]:
        return tuple(self._pending)

    @property
    def published(self) -> Sequence[QueuedUpdate]:
        """Every update that was ever queued, confirmed or not."""
        return tuple(self._given.values())

    @property
    def allowed(self) -> frozenset[str] | None:
        return self._allowed

    @property
    def polled(self) -> bool:
        """Whether a long poll is waiting."""
        return self._poller is not None and not self._poller.done()

    def allow(self, kinds: frozenset[str] | None) -> None:
        """Set which kinds are queued from here on; None or empty is the default set."""
        self._allowed = kinds or None

    def publish(self, kind: str, content: object, key: int) -> int | None:
        """Queue an update and return its id, or None when the bot did not ask for this kind."""
        wanted = kind not in OPT_IN if self._allowed is None else kind in self._allowed
        return self.publish_raw({kind: content}, key) if wanted else None

    def publish_raw(self, fields: JsonObject, key: int) -> int:
        update_id = self._next_id
        self._next_id += 1
        update = QueuedUpdate(update_id, {"update_id": update_id, **fields}, key)
        self._pending.append(update)
        self._given[update_id] = update
        self._wake()
        return update_id

    def redeliver(self, update_id: int) -> None:
        """Give the update once more, with its id, whatever was confirmed."""
        self._again.append(self._given[update_id])
        self._wake()

    def forget_all(self) -> None:
        self._pending.clear()
        self._on_change()

    async def poll(self, offset: int, limit: int, seconds: float) -> list[JsonObject]:
        """Answer getUpdates; a poller that waits already is ended with 409."""
        self.end_poll(RefusedError(409, OTHER_POLLER))
        self._confirm_before(offset)
        if (ready := self._ready(limit)) or seconds <= 0:
            return ready
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poller = turn
        self._on_change()
        try:
            async with asyncio.timeout(seconds):
                await turn
        except TimeoutError:
            return []
        finally:
            if self._poller is turn:
                self._poller = None
        return self._ready(limit)

    def end_poll(self, refusal: RefusedError | None = None) -> None:
        """End the waiting poll, with an error or with what there is."""
        if self._poller is None or self._poller.done():
            return
        if refusal is None:
            self._poller.set_result(None)
        else:
            self._poller.set_exception(refusal)

    def claim(self, busy: frozenset[int]) -> QueuedUpdate | None:
        """Return the next update for the webhook whose key is not in `busy`."""
        for update in (*self._again, *self._pending):
            if update.key not in busy:
                return update
        return None

    def delivered(self, update: QueuedUpdate) -> None:
        """Take an update from the queue after the webhook has accepted it."""
        if update in self._again:
            self._again.remove(update)
        elif update in self._pending:
            self._pending.remove(update)
        self._on_change()

    def _confirm_before(self, offset: int) -> None:
        if offset < 0:
            while len(self._pending) > -offset:
                self._pending.popleft()
        elif offset <= self._next_id + FUTURE_TOLERANCE:
            while self._pending and self._pending[0].id < offset:
                self._pending.popleft()
        self._on_change()

    def _ready(self, limit: int) -> list[JsonObject]:
        again = list(self._again)[:limit]
        for _ in again:
            self._again.popleft()
        seen = {update.id for update in again}
        rest = [update for update in self._pending if update.id not in seen]
        return [update.payload for update in (*again, *rest)][:limit]

    def _wake(self) -> None:
        self.end_poll()
        self._on_change()
