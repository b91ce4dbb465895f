"""Receives updates by long polling: the offset moves only past what was taken over.

Telegram keeps the offset (https://core.telegram.org/bots/api#getupdates): a call confirms everything
below the one it names, so the next call is made only after the last batch is durable.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NoReturn

import msgspec
import structlog

from bots.outlet import Closed, Flooded, LoggedOut, OutletError, Unreachable
from bots.patience import waits
from bots.telegram.refusals import Conflict
from bots.telegram.schema import GetUpdates, User
from bots.telegram.updates import WANTED
from bots.telegram.wire import CALL_TIME, Wire
from sessions.errors import SettingError

LONG_POLL = timedelta(seconds=25)
_CONFLICT = "updates_go_elsewhere"
_CALM = 60.0
"""Seconds without a conflict."""
_NOT_VALID = (
    "Telegram refused the bot token. Put the token that @BotFather gave you into PARLEY_TELEGRAM_TOKEN."
)

log = structlog.get_logger(__name__)


class Numbered(msgspec.Struct, frozen=True):
    """The one field that is needed to pass over an update that cannot be read."""

    update_id: int


Batch = Sequence[tuple[int, bytes]]
"""Update ids with the updates as they came."""


class Poller:
    """Asks for updates for ever and gives them to ``take``, which returns when they are durable.

    An offset is named once, to confirm a batch. After a week without updates Telegram may number them
    anew, from below; an old offset would confirm those unseen.

    ``free_updates`` is called when a webhook keeps them away.
    """

    def __init__(
        self,
        wire: Wire,
        free_updates: Callable[[], Awaitable[None]],
        long_poll: timedelta = LONG_POLL,
    ) -> None:
        self._wire = wire
        self._long_poll = long_poll
        self._free_updates = free_updates
        self._trouble = Trouble()

    async def identify(self) -> User:
        """Return who the bot is, as soon as Telegram can be reached. Raises SettingError."""
        while True:
            try:
                me = await self._wire.call("getMe", None, User)
            except OutletError as error:
                await self._trouble.wait(error)
            else:
                self._trouble.over()
                return me

    async def run(self, take: Callable[[Batch], Awaitable[None]]) -> NoReturn:
        """Receive until cancelled. Raises SettingError when the token is not valid."""
        offset = 0
        while True:
            try:
                batch = await self._ask(offset)
            except Conflict as conflict:
                if conflict.webhook:
                    await self._free()
                await self._trouble.wait(conflict)
                continue
            except OutletError as error:
                await self._trouble.wait(error)
                continue
            self._trouble.over()
            await take(batch)
            offset = max((number + 1 for number, _ in batch), default=0)

    async def _ask(self, offset: int) -> Batch:
        body = GetUpdates(int(self._long_poll.total_seconds()), WANTED, offset)
        time = self._long_poll + CALL_TIME
        found = await self._wire.call("getUpdates", body, list[msgspec.Raw], time)
        try:
            return [(msgspec.json.decode(raw, type=Numbered).update_id, bytes(raw)) for raw in found]
        except msgspec.MsgspecError as error:
            raise Unreachable("an update without a number") from error

    async def _free(self) -> None:
        try:
            await self._free_updates()
        except OutletError as error:
            log.warning("telegram.webhook_not_removed", error=type(error).__name__, code=str(error))


class Trouble:
    """Waits longer while calls fail. Logs the first failure of each kind and the lasting end of it.

    Two pollers cut each other off after every success, so a conflict is over only after a calm while.
    """

    def __init__(self) -> None:
        self._kind = ""
        self._failed_at = 0.0
        self._waits = waits()

    async def wait(self, error: OutletError) -> None:
        """Wait for as long as the error asks for. Raises SettingError for a token that is not valid."""
        if isinstance(error, LoggedOut):
            raise SettingError(_NOT_VALID) from error
        kind = _named(error)
        if kind != self._kind:
            log.warning(f"telegram.{kind}", error=type(error).__name__, code=str(error))
            self._kind, self._waits = kind, waits()
        self._failed_at = time.monotonic()
        pause = next(self._waits)
        await asyncio.sleep(error.retry_after.total_seconds() if isinstance(error, Flooded) else pause)

    def over(self) -> None:
        """A call succeeded."""
        calm = time.monotonic() - self._failed_at > _CALM
        if self._kind and (calm or self._kind != _CONFLICT):
            log.info("telegram.recovered", after=self._kind)
            self._kind, self._waits = "", waits()


def _named(error: OutletError) -> str:
    match error:
        case Conflict():
            return _CONFLICT
        case Flooded():
            return "flooded"
        case Closed():
            return "refused"
        case _:
            return "unreachable"
