"""One answer's messages over the wire: found again, never doubled, never taken for deleted ones."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bots.discord.connection import Connection
from bots.discord.outlet import DiscordOutlet
from bots.discord.rendering import render_answer, render_notice
from bots.outlet import Closed, Flooded, MessageGone, Unreachable
from bots.wording import Notice
from tests.emulators.discord import FaultKind, Permission
from tests.emulators.discord.small_world import Place, place

MESSAGES = "/channels/{channel_id}/messages"


class Wire:
    """A logged-in connection and a question in a channel."""

    def __init__(self, at: Place, connection: Connection) -> None:
        self.at = at
        self.connection = connection
        self.question = at.person.say(at.general, "?")

    def outlet(self, channel: int = 0) -> DiscordOutlet:
        """Open the answer as a new process would."""
        where = str(channel or self.at.general.id)
        return DiscordOutlet(self.connection, self.connection.user, where, str(self.question.id))


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    async with place() as at:
        connection = Connection(at.discord.token, at.discord.api_base)
        try:
            await connection.open()
            yield Wire(at, connection)
        finally:
            await connection.close()


async def test_a_repeated_send_gives_the_same_message() -> None:
    async with wire() as on:
        outlet = on.outlet()
        on.at.discord.fail(FaultKind.DROP_REPLY, "POST", MESSAGES)
        with pytest.raises(Unreachable):
            await outlet.send("one", 0)
        sent = await outlet.send("one", 0)
        assert [str(m.id) for m in on.at.view.by_bot()] == [sent]


async def test_another_process_finds_what_was_sent_and_what_was_not() -> None:
    async with wire() as on:
        before = on.outlet()
        sent = [await before.send(text, index) for index, text in enumerate(("one", "two"))]
        on.at.person.say(on.at.general, "in between")
        after = on.outlet()
        assert [await after.find(index) for index in range(3)] == [*sent, None]


async def test_a_message_in_place_of_a_deleted_one_is_a_new_one() -> None:
    async with wire() as on:
        for outlet in (first := on.outlet(), first, on.outlet()):
            sent = await outlet.send("one", 0)
            await outlet.delete(sent)
            await outlet.delete(sent)
            assert await outlet.find(0) is None
            with pytest.raises(MessageGone):
                await outlet.edit(sent, "two")


async def test_an_archived_thread_is_taken_back_for_an_answer() -> None:
    async with wire() as on:
        thread = on.at.person.open_thread(on.at.general, "talk")
        on.question = on.at.person.say(thread, "?")
        outlet = on.outlet(thread.id)
        sent = await outlet.send("one", 0)
        on.at.person.archive(thread)
        await outlet.edit(sent, "two")
        on.at.person.archive(thread)
        await outlet.send("three", 1)
        assert [m.content for m in on.at.discord.channel(thread).by_bot()] == ["two", "three"]


async def test_a_locked_thread_that_the_bot_may_not_open_is_closed() -> None:
    async with wire() as on:
        role = next(r for r in on.at.guild.noun.roles.values() if r.managed)
        on.at.guild.set_role(role, Permission.VIEW_CHANNEL)
        thread = on.at.person.open_thread(on.at.general, "talk")
        on.question = on.at.person.say(thread, "?")
        on.at.person.lock(thread)
        on.at.person.archive(thread)
        with pytest.raises(Closed):
            await on.outlet(thread.id).send("one", 0)


async def test_a_place_that_is_gone_or_forbidden_is_closed() -> None:
    async with wire() as on:
        hidden = on.at.guild.text("hidden", only_for=[on.at.ada])
        for channel in (hidden.id, 4242):
            with pytest.raises(Closed):
                await on.outlet(channel).send("one", 0)


async def test_a_long_flood_is_reported_at_once() -> None:
    async with wire() as on:
        on.at.discord.fail(FaultKind.HTTP_ERROR, "POST", MESSAGES, status=429, seconds=42)
        with pytest.raises(Flooded) as flooded:
            await on.outlet().send("one", 0)
        assert flooded.value.retry_after == timedelta(seconds=42)


async def test_nobody_is_pinged_by_an_answer() -> None:
    async with wire() as on:
        outlet = on.outlet()
        sent = await outlet.send(f"{on.at.ada.mention} @everyone", 0)
        await outlet.edit(sent, f"{on.at.ada.mention} @here")
        (message,) = on.at.view.by_bot()
        assert message.mentions == []


def test_a_note_is_small_print_and_fits_below_a_full_message() -> None:
    assert render_answer("Hello", "Cut") == ("Hello\n-# Cut",)
    parts = render_answer("word " * 2000, "Cut")
    assert parts[-1].endswith("-# Cut")
    assert all(len(part) <= 2000 for part in parts)
    assert render_answer("", "") == ()


def test_a_notice_that_is_too_long_for_a_message_is_an_embed() -> None:
    body = render_notice(Notice("x" * 3000))
    assert (body["content"], body["embeds"]) == ("", [{"description": "x" * 3000}])
    embeds = render_notice(Notice("\n\n".join(["**word** " * 40] * 50)))["embeds"]
    assert isinstance(embeds, list)
    texts = [embed["description"] for embed in embeds]
    assert 5000 < sum(map(len, texts)) <= 6000
    assert texts[-1].endswith("\n…")


def test_importing_the_adapter_does_not_load_discord_py() -> None:
    code = "import sys, bots.discord; sys.exit('discord' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
