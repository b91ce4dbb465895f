"""Says what commands came to, where they were given: notices with buttons, paced like answers."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bots.outlet import Flooded, MessageGone, OutletError, Unreachable
from bots.pacing import Pacer
from bots.patience import waits
from bots.telegram.keyboards import keyboard_of
from bots.telegram.outlet import Outlets, TelegramOutlet
from bots.telegram.rendering import Part
from bots.telegram.schema import Keyboard
from bots.telegram.updates import Origin
from bots.wording import Notice

log = structlog.get_logger(__name__)


class Speaker:
    """Sends and edits notices. Retries what may pass for ever: give it the time it may take.

    Raises Closed when the place takes nothing.
    """

    def __init__(self, outlets: Outlets, pacer: Pacer) -> None:
        self._outlets = outlets
        self._pacer = pacer

    async def say(self, origin: Origin, notice: Notice) -> None:
        """Answer a message."""
        outlet = self._outlet(origin)
        await self._send(outlet, notice, outlet.render(notice.text, ""))

    async def replace(self, origin: Origin, notice: Notice) -> None:
        """Put the notice in place of the message whose button was pressed, or below if that is gone."""
        outlet = self._outlet(origin)
        parts = outlet.render(notice.text, "")
        if len(parts) != 1:
            await self._send(outlet, notice, parts)
            return
        keyboard = keyboard_of(notice.buttons) or Keyboard(())
        try:
            await self._insist(outlet.chat, lambda: outlet.edit(str(origin.message), parts[0], keyboard))
        except MessageGone:
            await self._send(outlet, notice, parts)

    async def undress(self, origin: Origin) -> None:
        """Take the buttons from the message whose button was pressed; no matter if that fails."""
        try:
            await self._outlet(origin).undress(str(origin.message))
        except OutletError as error:
            log.info("telegram.buttons_left", error=type(error).__name__)

    async def _send(self, outlet: TelegramOutlet, notice: Notice, parts: tuple[Part, ...]) -> None:
        for index, part in enumerate(parts):
            keyboard = keyboard_of(notice.buttons) if index == len(parts) - 1 else None

            async def send(
                part: Part = part, index: int = index, keys: Keyboard | None = keyboard
            ) -> None:
                await outlet.send(part, index, keys)

            await self._insist(outlet.chat, send)

    async def _insist(self, chat: str, call: Callable[[], Awaitable[None]]) -> None:
        pauses = waits()
        while True:
            if (pause := self._pacer.hold(chat)) > 0:
                await asyncio.sleep(pause)
                continue
            try:
                return await call()
            except Flooded as flood:
                self._pacer.flooded(chat, flood.retry_after)
            except Unreachable:
                await asyncio.sleep(next(pauses))

    def _outlet(self, origin: Origin) -> TelegramOutlet:
        return self._outlets.at(origin.place.thread, str(origin.message))
