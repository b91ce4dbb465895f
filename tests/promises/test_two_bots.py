"""Promises 1 to 5 for two bots, each a process of its own, on one SQLite file."""

from pathlib import Path

import pytest

from tests.emulators.discord import Discord, Settings
from tests.emulators.discord.settings import RateLimits
from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi
from tests.promises.conftest import LEASE
from tests.service import service

WAIT = 60
"""Seconds; a bound for waiting, not a measurement."""


async def test_one_bot_is_killed_while_both_answer_and_every_message_is_answered_once(
    tmp_path: Path, models: ModelServer, telegram: BotApi
) -> None:
    shared = {
        "PARLEY_STORAGE": f"sqlite:///{tmp_path}/parley.db",
        "PARLEY_ALLOWED": "*",
        "PARLEY_MODEL": "gpt-4o-mini",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": models.base_url,
        "PARLEY_LEASE_SECONDS": str(LEASE),
    }
    (tmp_path / "telegram").mkdir()
    (tmp_path / "discord").mkdir()
    async with Discord.start(settings=Settings(rate_limits=RateLimits.off())) as discord:
        on_telegram = {
            **shared,
            "PARLEY_TELEGRAM_TOKEN": "42:TEST",
            "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
        }
        on_discord = {
            **shared,
            "PARLEY_DISCORD_TOKEN": discord.token,
            "PARLEY_DISCORD_API_BASE": discord.api_base,
        }
        async with (
            service(tmp_path / "telegram", on_telegram) as killed,
            service(tmp_path / "discord", on_discord),
        ):
            ada, bob = telegram.add_person("Ada"), discord.user("bob")
            discord.guild("Team").join(bob)
            await telegram.wait_for(lambda: telegram.polled, timeout=WAIT)
            await discord.wait_connected(WAIT)
            gate = models.hold()
            ada.say(ada, "on telegram")
            discord.person(bob).dm("on discord")
            await models.wait_until(lambda: len(models.requests) == 2)
            await killed.kill()
            gate.open()
            await discord.dm(bob).wait_text("[2] on discord", WAIT)
            assert not [text for text in telegram.chat(ada).texts() if text.startswith("[2]")]
            await killed.start()
            await telegram.chat(ada).wait_text("[2] on telegram", timeout=WAIT)
            ada.say(ada, "again")
            await telegram.chat(ada).wait_text("[4] again", timeout=WAIT)
        answers = [text for text in telegram.chat(ada).texts() if text.startswith("[")]
        assert answers == ["[2] on telegram", "[4] again"]
        assert [seen.content for seen in discord.dm(bob).by_bot()] == ["[2] on discord"]


pytestmark = pytest.mark.timeout(300)
