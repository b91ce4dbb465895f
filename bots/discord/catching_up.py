"""Finds over REST what people wrote while no gateway session heard them."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from msgspec import structs

from bots.discord.connection import Connection
from bots.discord.events import Said, snowflake_at
from bots.discord.places import thread_of
from bots.outlet import OutletError
from bots.patience import until_stored
from sessions.ports.catalog import Catalog, Cursor

_MESSAGES = "/channels/{channel_id}/messages"
_UNNOTICED = timedelta(seconds=90)
"""A dead line may look alive for so long: discord.py notices after 60 s without a sign of life."""
_RECENT = timedelta(minutes=15)
_ACTIVE = timedelta(hours=24)
"""Well within the 48 hours for which accepted events are remembered."""
_CHANNELS = 100
_CONVERSATIONS = 50
_WORKSPACES = 1000
_PAGE = 100
_PAGES = 5

log = structlog.get_logger(__name__)


class Taker(Protocol):
    """Who handles a message that was found."""

    def __call__(self, said: Said, *, quiet: bool = False) -> None:
        """Handle it in its channel's order; quietly: say nothing about what cannot be answered."""
        ...


class CatchingUp:
    """Remembers until when events came and reads what was written since.

    Repeats are fine: an accepted message is known by its event. After a start, channels with news
    within a quarter of an hour are read, and bound threads and conversations since their session's
    last activity.
    """

    def __init__(self, connection: Connection, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._conversations: OrderedDict[str, None] = OrderedDict()
        self._lost_at: datetime | None = None
        self._connected = False
        self._started = False

    def saw(self, said: Said) -> None:
        """Remember that there is such a conversation: Discord lists none to a bot."""
        if not said.guild_id:
            self._conversations[said.channel_id] = None
            self._conversations.move_to_end(said.channel_id)
            if len(self._conversations) > _CONVERSATIONS:
                self._conversations.popitem(last=False)

    def connected(self) -> None:
        """A gateway session begins; what it knows of the guilds is on its way."""
        self._connected = True

    def lost(self) -> None:
        """The line is dead; the first time counts."""
        self._connected = False
        self._lost_at = self._lost_at or datetime.now(UTC)

    async def resumed(self, take: Taker) -> None:
        """Nothing was missed since the line was lost: Discord sent it again."""
        self._connected = True
        if self._started:
            self._lost_at = None
        else:
            await self.look(take)

    async def look(self, take: Taker) -> None:
        """Read what was missed before the gateway session that is complete; no-op if it is lost again."""
        if not self._connected:
            return
        since, self._lost_at = self._lost_at, None
        if not self._started:
            self._started = True
            await self._look_after_start(take)
        elif since is not None:
            after = snowflake_at(since - _UNNOTICED)
            for channel, guild in self._with_news(after):
                await self._read(channel, guild, after, take, quiet=False)
            for channel in list(self._conversations):
                await self._read(channel, "", after, take, quiet=False)

    def _with_news(self, after: int) -> list[tuple[str, str]]:
        """Return the channels that were written in last, the newest first."""
        found = [channel for channel in self._connection.channels() if channel.newest > after]
        found.sort(key=lambda channel: -channel.newest)
        return [(channel.id, channel.guild) for channel in found[:_CHANNELS]]

    async def _look_after_start(self, take: Taker) -> None:
        now = datetime.now(UTC)
        recent, oldest = snowflake_at(now - _RECENT), snowflake_at(now - _ACTIVE)
        newest = {channel.id: channel.newest for channel in self._connection.channels()}
        for channel, guild in self._with_news(oldest):
            active = await self._active(channel)
            after = recent if active is None else max(oldest, snowflake_at(active))
            if newest.get(channel, 0) > after:
                await self._read(channel, guild, after, take, quiet=True)
        async for channel, active in self._recent_conversations():
            self._conversations[channel] = None
            await self._read(channel, "", max(oldest, snowflake_at(active)), take, quiet=True)

    async def _active(self, channel: str) -> datetime | None:
        bound = await until_stored(lambda: self._catalog.bound(thread_of(channel)))
        return bound.active_at if bound else None

    async def _recent_conversations(self) -> AsyncIterator[tuple[str, datetime]]:
        found: list[tuple[datetime, str]] = []
        cursor: Cursor | None = None
        for _ in range(_WORKSPACES // _PAGE):
            page = await until_stored(partial(self._catalog.workspaces, cursor, _PAGE))
            for workspace, _ in page.workspaces:
                channel = workspace.key.removeprefix("discord:dm:")
                if channel != workspace.key and (active := await self._active(channel)) is not None:
                    found.append((active, channel))
            cursor = page.next
            if cursor is None:
                break
        for active, channel in sorted(found, reverse=True)[:_CONVERSATIONS]:
            yield channel, active

    async def _read(self, channel: str, guild: str, after: int, take: Taker, *, quiet: bool) -> None:
        try:
            await self._read_pages(channel, guild, after, take, quiet=quiet)
        except OutletError as error:
            log.warning("discord.not_caught_up", channel=channel, error=type(error).__name__)

    async def _read_pages(
        self, channel: str, guild: str, after: int, take: Taker, *, quiet: bool
    ) -> None:
        for _ in range(_PAGES):
            page = await self._connection.call(
                "GET",
                _MESSAGES,
                list[Said],
                {"channel_id": channel},
                query={"after": str(after), "limit": str(_PAGE)},
            )
            page.sort(key=lambda said: int(said.id))
            for said in page:
                take(structs.replace(said, guild_id=guild or None), quiet=quiet)
            if len(page) < _PAGE:
                return
            after = int(page[-1].id)
