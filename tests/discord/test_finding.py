"""Who can read along is known also of channels that the gateway told nothing of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bots.discord.connection import Connection
from bots.discord.finding import Finder
from sessions.model import OPEN
from tests.discord.stage import bound_thread, ref, stage
from tests.emulators.discord import FaultKind
from tests.emulators.discord.small_world import Place, place

CHANNEL = "/channels/{channel_id}"
GUILD = "/guilds/{guild_id}"


@asynccontextmanager
async def unaware(at: Place) -> AsyncIterator[Finder]:
    """Find channels with a connection that never listened."""
    connection = Connection(at.discord.token, at.discord.api_base)
    try:
        await connection.open()
        yield Finder(connection)
    finally:
        await connection.close()


async def test_a_channel_is_described_as_the_gateway_would() -> None:
    async with place() as at:
        secret = at.guild.text("secret", only_for=[at.ada, at.discord.bot])
        open_one = at.person.open_thread(at.general, "talk")
        inside = at.person.open_thread(secret, "plans")
        private = at.person.open_thread(at.general, "us", private=True)
        at.person.add_to_thread(private, at.discord.bot)
        async with unaware(at) as finder:
            for channel, public, parent in (
                (at.general, True, ""),
                (secret, False, ""),
                (open_one, True, str(at.general.id)),
                (inside, False, str(secret.id)),
                (private, False, str(at.general.id)),
            ):
                found = await finder.find(str(channel.id), 5.0)
                assert found is not None
                assert (found.name, found.guild) == (channel.name, str(at.guild.id))
                assert (found.public, found.parent) == (public, parent)
                assert found.guild_name == "home"


async def test_what_was_found_is_not_asked_for_again() -> None:
    async with place() as at, unaware(at) as finder:
        for _ in range(3):
            assert await finder.find(str(at.general.id), 5.0) is not None
            assert await finder.find("7", 5.0) is None
        assert len(at.discord.calls_to("GET", CHANNEL)) == 2
        assert len(at.discord.calls_to("GET", GUILD)) == 1


async def test_a_far_end_that_fails_is_asked_again_but_not_for_ever() -> None:
    async with place() as at, unaware(at) as finder:
        at.discord.fail(FaultKind.HTTP_ERROR, "GET", CHANNEL, status=403, times=1)
        at.discord.fail(FaultKind.RESET, "GET", GUILD)
        assert await finder.find("7", 5.0) is None
        assert await finder.find(str(at.general.id), 5.0) is not None
        other = at.guild.text("other")
        at.discord.fail(FaultKind.DELAY, "GET", CHANNEL, seconds=5.0)
        assert await finder.find(str(other.id), 0.2) is None
        assert await finder.find(str(other.id), 5.0) is not None


async def test_a_thread_that_the_gateway_told_nothing_of_keeps_its_open_session() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        session = await on.store.bound(ref(thread))
        on.at.person.archive(thread)
        async with on.restarted():
            said = {
                "id": str(on.at.discord.world.ids.next()),
                "channel_id": str(thread),
                "guild_id": str(on.at.guild.id),
                "author": {"id": str(on.at.ada.id), "username": "ada"},
                "content": "second",
            }
            on.at.discord.gateway.garbage("MESSAGE_CREATE", said)
            await on.at.discord.channel(thread).wait_text("You said: second")
        bound = await on.store.bound(ref(thread))
        assert session is not None
        assert bound is not None
        assert (bound.key, bound.audience) == (session.key, OPEN)
