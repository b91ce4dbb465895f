"""Promise 1 where Discord differs: a message that was sent and not noted is found again."""

from pathlib import Path

import pytest

from bots.discord.places import thread_of
from tests.emulators.discord import ChannelView, Discord, Settings
from tests.emulators.discord.settings import RateLimits
from tests.emulators.openai import Answer, ModelServer, Received, echo
from tests.promises.spots import WAIT, Replica, Spot, pair
from tests.redis_servers import Request

LONG = "\n".join(f"line {number:04} of a long answer" for number in range(200))
"""Three messages on Discord."""


def answer(request: Received) -> str | Answer:
    if request.last_user_text.startswith("at length"):
        return Answer(text=LONG, chunks=4)
    return echo(request)


async def test_killed_between_a_send_and_its_note_another_finds_the_message_on_discord(
    tmp_path: Path, models: ModelServer
) -> None:
    models.answer = answer
    async with Discord.start(settings=Settings(rate_limits=RateLimits.off())) as discord:
        token = {"PARLEY_DISCORD_TOKEN": discord.token, "PARLEY_DISCORD_API_BASE": discord.api_base}
        people = [discord.user(name) for name in ("bob", "cy")]
        guild = discord.guild("Team")
        for user in people:
            guild.join(user)
        async with pair(tmp_path, models, token) as both:
            await discord.wait_connected(WAIT)
            # The first message, with nothing in it, and a later one, with its text.
            for user, shown in zip(people, (1, 2), strict=True):
                await both.ready()
                chat, long = discord.dm(user), f"at length {user.name}"
                spot = _freezes_with(both.receiving, chat, shown)
                discord.person(user).dm(long)
                await spot.wait()
                before = [seen.id for seen in chat.by_bot()]
                assert len(before) == shown
                discord.person(user).dm("next")
                await both.kill_receiving()
                await chat.wait_text("[4] next", WAIT)
                after = chat.by_bot()
                assert "\n".join(seen.content for seen in after[:-1]) == LONG
                assert len(after) == 4
                if shown == 2:
                    assert [seen.id for seen in after[:2]] == before
                    assert both.asked(long) == 1
                said = await both.transcript(thread_of(str(chat.id)))
                assert said == [
                    ("person", long),
                    ("model", LONG),
                    ("person", "next"),
                    ("model", "[4] next"),
                ]


def _freezes_with(replica: Replica, chat: ChannelView, shown: int) -> Spot:
    """It stops before it notes anything while so many messages of the bot stand there."""

    def when(_: Request) -> bool:
        return len(chat.by_bot()) == shown

    return replica.freezes_before("note_reply", when)


pytestmark = pytest.mark.timeout(300)
