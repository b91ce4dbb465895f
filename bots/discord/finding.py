"""Finds a guild's channel of which the gateway told nothing, such as an archived thread, over REST."""

import asyncio
import time
from typing import Protocol

import structlog
from msgspec import Struct

from bots.discord.channels import PRIVATE_THREAD, THREADS, Channel
from bots.discord.events import ThreadState
from bots.discord.sending import Rest
from bots.outlet import Closed, OutletError
from bots.patience import waits
from sessions.recent import Recent

_CHANNEL = "/channels/{channel_id}"
_GUILD = "/guilds/{guild_id}"
_ADMINISTRATOR, _VIEW_CHANNEL = 1 << 3, 1 << 10
"""https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags"""
_MEMORY = 60.0
"""Seconds; nobody tells when such a channel changes."""

log = structlog.get_logger(__name__)


class Knowing(Rest, Protocol):
    """What calls, and knows what the gateway told."""

    def channel(self, channel: str) -> Channel | None:
        """What is known of a guild's channel or thread."""
        ...


class _Overwrite(Struct, frozen=True):
    id: str
    allow: str = "0"
    deny: str = "0"


class _Described(Struct, frozen=True):
    id: str
    type: int
    guild_id: str | None = None
    parent_id: str | None = None
    name: str | None = None
    last_message_id: str | None = None
    permission_overwrites: tuple[_Overwrite, ...] = ()
    thread_metadata: ThreadState | None = None


class _Role(Struct, frozen=True):
    id: str
    permissions: str = "0"


class _Guild(Struct, frozen=True):
    id: str
    name: str = ""
    roles: tuple[_Role, ...] = ()


class Finder:
    """Knows channels by the gateway, or for a minute by having asked."""

    def __init__(self, connection: Knowing) -> None:
        self._connection = connection
        self._found: Recent[str, tuple[float, Channel | None]] = Recent()

    async def find(self, channel: str, within: float) -> Channel | None:
        """Describe a guild's channel; None if the bot finds none of that id in so many seconds."""
        try:
            async with asyncio.timeout(within):
                for pause in waits():
                    try:
                        return await self._look_up(channel)
                    except OutletError as error:
                        log.info("discord.channel_unknown", channel=channel, error=type(error).__name__)
                    await asyncio.sleep(pause)
        except TimeoutError:
            log.warning("discord.channel_not_found", channel=channel)
        return None

    async def _look_up(self, channel: str) -> Channel | None:
        """Raises OutletError when Discord does not say whether there is one."""
        if (known := self._connection.channel(channel)) is not None:
            return known
        asked_at, found = self._found.get(channel, (0.0, None))
        if not asked_at or time.monotonic() - asked_at > _MEMORY:
            found = await self._ask(channel)
            self._found.put(channel, (time.monotonic(), found))
        return found

    async def _ask(self, channel: str) -> Channel | None:
        try:
            said = await self._connection.call("GET", _CHANNEL, _Described, {"channel_id": channel})
            if said.guild_id is None:
                return None
            if said.type not in THREADS:
                ids = {"guild_id": said.guild_id}
                guild = await self._connection.call("GET", _GUILD, _Guild, ids)
                return _channel(said, guild.name, public=_is_public(said, guild))
        except Closed:
            return None
        home = await self._look_up(said.parent_id) if said.parent_id else None
        if home is None:
            return None
        public = home.public and said.type != PRIVATE_THREAD
        return _channel(said, home.guild_name, public=public)


def _is_public(said: _Described, guild: _Guild) -> bool:
    """Whether everybody, the role with the guild's own id, may see the channel."""
    may = next((int(role.permissions) for role in guild.roles if role.id == guild.id), 0)
    if may & _ADMINISTRATOR:
        return True
    for overwrite in said.permission_overwrites:
        if overwrite.id == guild.id:
            may = may & ~int(overwrite.deny) | int(overwrite.allow)
    return bool(may & _VIEW_CHANNEL)


def _channel(said: _Described, guild_name: str, *, public: bool) -> Channel:
    state = said.thread_metadata
    return Channel(
        id=said.id,
        guild=said.guild_id or "",
        guild_name=guild_name,
        name=said.name or "",
        kind=said.type,
        parent=said.parent_id or "" if said.type in THREADS else "",
        public=public,
        newest=int(said.last_message_id or 0),
        shut=state is not None and (state.archived or state.locked),
    )
