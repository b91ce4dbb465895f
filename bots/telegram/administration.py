"""What is asked of Telegram beside messages, with aiogram's methods and types: menu, rights, buttons.

Importing aiogram takes seconds (it builds a model of the whole Bot API), so this module is imported in a
thread while the bot receives already, and nothing on the way of a message needs it. aiogram's calls go
over the adapter's own wire: same HTTP session, time-outs and errors.
"""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import msgspec
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.enums import ChatMemberStatus
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import BotCommand

from bots.outlet import Closed
from bots.telegram.menu import MENU
from bots.telegram.wire import CALL_TIME, Wire

_LONGEST_ALERT = 200
"""https://core.telegram.org/bots/api#answercallbackquery"""


class Administration:
    """Menu, rights and buttons. Every method raises what the wire raises."""

    def __init__(self, wire: Wire) -> None:
        self._bot = Bot(wire.token, session=_WireSession(wire))

    async def set_menu(self) -> None:
        """Put the commands into the menu beside the text field."""
        await self._bot.set_my_commands(
            [BotCommand(command=word, description=meaning) for word, meaning in MENU.items()]
        )

    async def administers(self, chat: int, person: int) -> bool:
        """Whether the person owns or administers the group; False when Telegram knows neither."""
        try:
            member = await self._bot.get_chat_member(chat, person)
        except Closed:
            return False
        return member.status in {ChatMemberStatus.CREATOR, ChatMemberStatus.ADMINISTRATOR}

    async def answer(self, query: str, alert: str = "") -> None:
        """End the spinner of a pressed button, with an alert if there is something to say."""
        shown = alert if len(alert) <= _LONGEST_ALERT else alert[: _LONGEST_ALERT - 1] + "…"
        try:
            await self._bot.answer_callback_query(query, text=shown or None, show_alert=bool(shown))
        except Closed:
            return  # too old: the spinner has ended by itself

    async def remove_webhook(self) -> None:
        """Let updates be polled for; those that wait are kept."""
        await self._bot.delete_webhook(drop_pending_updates=False)


class _WireSession(BaseSession):
    """aiogram's way to the Bot API, over the adapter's wire."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    async def close(self) -> None:
        """Whoever opened the wire closes it."""

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's signature
    ) -> TelegramType:
        """Call a method; a refusal has been raised by the wire already."""
        body = msgspec.json.encode(method.model_dump(mode="json", exclude_none=True))
        time = CALL_TIME if timeout is None else timedelta(seconds=timeout)
        raw = await self._wire.call_raw(method.__api_method__, body, time)
        content = b'{"ok":true,"result":%b}' % bytes(raw)
        response = self.check_response(bot, method, 200, content.decode())
        return response.result  # type: ignore[return-value]  # set whenever a response is ok

    def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        """Parley downloads no files."""
        raise RuntimeError("files are not downloaded")
