"""The Telegram adapter.

A message comes in through ``polling`` or ``webhook``, ``updates`` and ``reception``, its answer goes out
through ``outlet``, all over ``wire``: own structs that name only the fields in use. aiogram stands beside
that way, in ``administration`` alone, where its full types pay: menu, rights, buttons.
"""

from bots.telegram.bot import TelegramBot, TelegramReplies

__all__ = ["TelegramBot", "TelegramReplies"]
