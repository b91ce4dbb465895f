"""The floor of a whole turn: a bot of bare aiogram and openai, without session or storage.

Answers by a placeholder, edits at most once a second and a last edit, as everybody writes it first.
"""

import asyncio
import os
from time import monotonic

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from openai import AsyncOpenAI


async def main() -> None:
    """Serve until the process is told to end."""
    server = TelegramAPIServer.from_base(os.environ["PARLEY_TELEGRAM_API_BASE"])
    bot = Bot(os.environ["PARLEY_TELEGRAM_TOKEN"], session=AiohttpSession(api=server))
    client = AsyncOpenAI()
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def answer(message: Message) -> None:
        sent = await message.reply("…")
        text, edited = "", monotonic()
        stream = await client.chat.completions.create(
            model=os.environ["PARLEY_MODEL"],
            messages=[{"role": "user", "content": message.text or ""}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                text += chunk.choices[0].delta.content
                if monotonic() - edited > 1:
                    await sent.edit_text(text)
                    edited = monotonic()
        await sent.edit_text(text)

    await dispatcher.start_polling(bot)


if __name__ == "__main__":
    asyncio.run(main())
