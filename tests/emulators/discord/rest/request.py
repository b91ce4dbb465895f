"""A REST request as its handler sees it, and the parts of the emulator it may use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.commands import Registry
from tests.emulators.discord.errors import (
    invalid_form,
    missing_access,
    missing_permissions,
    unknown_channel,
    unknown_guild,
    unknown_message,
)
from tests.emulators.discord.form import Form
from tests.emulators.discord.interactions import Interactions
from tests.emulators.discord.nouns import Attachment, Channel, Guild, Message
from tests.emulators.discord.permissions import NOTHING, Permission, permissions_in
from tests.emulators.discord.sessions import Sessions
from tests.emulators.discord.world import World


@dataclass(frozen=True, slots=True)
class Parts:
    """What handlers work on."""

    world: World
    sessions: Sessions
    interactions: Interactions
    registry: Registry


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and what goes under it; no body means 204's emptiness."""

    status: int
    body: JsonObject | list[JsonObject] | None = None


@dataclass(slots=True)
class Request:
    """A request that passed authorization and rate limits."""

    parts: Parts
    params: dict[str, str]
    query: dict[str, str]
    body: object = None
    files: dict[str, Attachment] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.parts.world

    def form(self) -> Form:
        return Form(self.body)

    def id(self, name: str) -> int:
        """Read an id from the path; a form error when it is none."""
        text = self.params[name]
        if not text.isdigit():
            message = f'Value "{text}" is not snowflake.'
            error = {"code": "NUMBER_TYPE_COERCE", "message": message}
            raise invalid_form({name: {"_errors": [error]}})
        return int(text)

    def channel(self, needed: Permission = NOTHING) -> Channel:
        """Find the channel of the path and check what the bot may do there."""
        channel = self.world.channels.get(self.id("channel_id"))
        if channel is None:
            raise unknown_channel()
        allowed = permissions_in(channel, self.world.bot)
        if Permission.VIEW_CHANNEL not in allowed:
            raise missing_access()
        if needed not in allowed:
            raise missing_permissions()
        return channel

    def guild(self) -> Guild:
        guild = self.world.guilds.get(self.id("guild_id"))
        if guild is None:
            raise unknown_guild()
        if self.world.bot.id not in guild.members:
            raise missing_access()
        return guild

    def message(self, channel: Channel) -> Message:
        """Find the message of the path as the bot may see it over REST."""
        message = channel.messages.get(self.id("message_id"))
        if message is None or message.deleted_at is not None or message.ephemeral:
            raise unknown_message()
        return message


Handler: TypeAlias = Callable[[Request], Reply]
Routes: TypeAlias = dict[tuple[str, str], Handler]
