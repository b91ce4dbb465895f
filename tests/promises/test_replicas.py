"""Promises 1 to 4 for two replicas of one bot on one SQLite file: one receives, both answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.emulators.discord import Discord, Settings
from tests.emulators.discord.settings import RateLimits
from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi
from tests.promises.conftest import LEASE
from tests.service import Service, service

WAIT = 60
"""Seconds; a bound for waiting, not a measurement."""

TAKEOVER = LEASE + 2
"""A lease, and what a busy machine needs beside."""


@asynccontextmanager
async def replicas(
    home: Path, models: ModelServer, token: dict[str, str]
) -> AsyncIterator[list[Service]]:
    """Two processes; the first is the one that receives."""
    shared = {
        "PARLEY_STORAGE": f"sqlite:///{home}/parley.db",
        "PARLEY_ALLOWED": "*",
        "PARLEY_MODEL": "gpt-4o-mini",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": models.base_url,
        "PARLEY_LEASE_SECONDS": str(LEASE),
        "PARLEY_DRAIN_SECONDS": "5",
        **token,
    }
    homes = [home / "one", home / "two"]
    for one in homes:
        one.mkdir()
    async with service(homes[0], shared) as first:
        await logged(first, "duty.taken")
        async with service(homes[1], shared) as second:
            await logged(second, "duty.standing_by")
            yield [first, second]


async def logged(one: Service, event: str, times: int = 1, within: float = WAIT) -> None:
    """Wait until the process says so."""
    log = one.home / "serve.log"
    async with asyncio.timeout(within):
        while log.read_text().count(event) < times:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.05)


async def test_a_poller_that_is_killed_is_followed_by_the_other_and_every_message_is_answered_once(
    tmp_path: Path, models: ModelServer, telegram: BotApi
) -> None:
    token = {"PARLEY_TELEGRAM_TOKEN": "42:TEST", "PARLEY_TELEGRAM_API_BASE": telegram.base_url}
    people = [telegram.add_person(name) for name in ("Ada", "Bob", "Cy")]
    async with replicas(tmp_path, models, token) as (polling, standing_by):
        for person in people:
            person.say(person, "before")
            await telegram.chat(person).wait_text("[2] before", timeout=WAIT)
        assert all(call.status != 409 for call in telegram.calls_of("getUpdates"))
        gate = models.hold()
        for person in people:
            person.say(person, "during")
        await models.wait_until(lambda: len(models.requests) == 6)
        await polling.kill()
        for person in people:
            person.say(person, "after")
        gate.open()
        await logged(standing_by, "duty.taken", within=TAKEOVER)
        for person in people:
            await telegram.chat(person).wait_text("[6] after", timeout=WAIT)
        await polling.start()
        await logged(polling, "duty.standing_by")
        assert await standing_by.stop() == 0
        await logged(polling, "duty.taken", times=2, within=TAKEOVER)
        for person in people:
            person.say(person, "back")
            await telegram.chat(person).wait_text("[8] back", timeout=WAIT)
    for person in people:
        answers = [text for text in telegram.chat(person).texts() if text.startswith("[")]
        assert answers == ["[2] before", "[4] during", "[6] after", "[8] back"]


async def test_a_listener_that_is_killed_is_followed_by_the_other_and_every_message_is_answered_once(
    tmp_path: Path, models: ModelServer
) -> None:
    async with Discord.start(settings=Settings(rate_limits=RateLimits.off())) as discord:
        token = {"PARLEY_DISCORD_TOKEN": discord.token, "PARLEY_DISCORD_API_BASE": discord.api_base}
        bob = discord.user("bob")
        discord.guild("Team").join(bob)
        async with replicas(tmp_path, models, token) as (listening, standing_by):
            await discord.wait_connected(WAIT)
            assert len(discord.gateway.connected) == 1
            discord.person(bob).dm("before")
            await discord.dm(bob).wait_text("[2] before", WAIT)
            gate = models.hold()
            discord.person(bob).dm("during")
            await models.wait_until(lambda: len(models.requests) == 2)
            await listening.kill()
            discord.person(bob).dm("after")
            gate.open()
            await logged(standing_by, "duty.taken", within=TAKEOVER)
            await discord.dm(bob).wait_text("[6] after", WAIT)
        shown = [seen.content for seen in discord.dm(bob).by_bot()]
        assert shown == ["[2] before", "[4] during", "[6] after"]


pytestmark = pytest.mark.timeout(300)
