"""Plays the conversation and prints what the people in the chats saw."""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.demo.answers import answer
from tests.demo.play import Stage, play
from tests.demo.printing import print_discord, print_telegram
from tests.emulators.discord import Discord
from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi, Flood
from tests.service import service


async def main() -> None:
    """Start the far ends and the service, play, print."""
    with tempfile.TemporaryDirectory(prefix="parley-demo-") as home:
        async with (
            ModelServer.start() as models,
            BotApi.start(flood=Flood(group_minute=None)) as telegram,
            Discord.start() as discord,
        ):
            models.answer = answer
            print("Starting the emulators and `parley serve` ...", flush=True)
            async with service(Path(home), _settings(models, telegram, discord)) as serving:
                stage = Stage(serving, models, telegram, discord)
                try:
                    await play(stage)
                except TimeoutError:
                    print((Path(home) / "serve.log").read_text()[-4000:], file=sys.stderr)
                    raise
                print(await serving.command("workspace", "list"))
        print_telegram(telegram)
        print_discord(discord)
    stage.verdict()


def _settings(models: ModelServer, telegram: BotApi, discord: Discord) -> dict[str, str]:
    return {
        "PARLEY_TELEGRAM_TOKEN": "42:TEST",
        "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
        "PARLEY_DISCORD_TOKEN": discord.token,
        "PARLEY_DISCORD_API_BASE": discord.api_base,
        "PARLEY_ALLOWED": "*",
        "PARLEY_MODEL": "gpt-4o-mini",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": models.base_url,
        "PARLEY_LEASE_SECONDS": "6",
    }


if __name__ == "__main__":
    asyncio.run(main())
