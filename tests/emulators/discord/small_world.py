"""A small world to test in: a guild with one text channel and one person in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.emulators.discord.emulator import Discord
from tests.emulators.discord.nouns import Channel, User
from tests.emulators.discord.permissions import TALKING, Permission
from tests.emulators.discord.settings import RateLimits, Settings


class Place:
    """A guild with one text channel and one person in it."""

    def __init__(self, emulator: Discord) -> None:
        self.discord = emulator
        self.guild = emulator.guild("home", bot_may=TALKING | Permission.MANAGE_THREADS)
        self.general: Channel = self.guild.text("general")
        self.ada: User = emulator.user("ada")
        self.guild.join(self.ada, may=Permission.MANAGE_THREADS)
        self.person = emulator.person(self.ada)
        self.view = emulator.channel(self.general)


@asynccontextmanager
async def place(settings: Settings | None = None) -> AsyncIterator[Place]:
    relaxed = settings or Settings(rate_limits=RateLimits.off())
    async with Discord.start(settings=relaxed) as emulator:
        yield Place(emulator)
