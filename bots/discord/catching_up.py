"""Finds over REST what people wrote while no gateway session heard them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from msgspec import structs

from bots.discord.connection import Connection
from bots.discord.events import Said, snowflake_at
from bots.discord.places import thread_of
from bots.discord.traces import Traces
from bots.outlet import OutletError
from bots.patience import until_stored
from sessions.incidents import report
from sessions.model import Session
from sessions.ports.catalog import Catalog, Cursor
from sessions.recent import Recent

_MESSAGES = "/channels/{channel_id}/messages"
_UNNOTICED = timedelta(seconds=90)
"""A dead line may look alive for so long: discord.py notices after 60 s without a sign of life."""
_RECENT = timedelta(minutes=15)
_ACTIVE = timedelta(hours=24)
"""Well within the 48 hours for which accepted events are remembered."""
_CLOCKS_DIFFER = timedelta(seconds=10)
"""How far Discord's time may be ahead of ours or behind."""
_TRANSCRIPT = 200
_CHANNELS = 100
_CONVERSATIONS = 50
_WORKSPACES = 1000
_PAGE = 100
_PAGES = 5

Read = Callable[[str], None]

log = structlog.get_logger(__name__)


class Taker(Protocol):
    """Who handles a message that was found."""

    def __call__(self, said: Said, *, quiet: bool = False) -> None:
        """Handle it in its channel's order; quietly: say nothing about what cannot be answered."""
        ...


class CatchingUp:
    """Remembers until when events came and reads what was written since.

    Repeats are fine: an accepted message is known by its event. After a start, channels with news
    within a quarter of an hour are read, and those of a day in bound threads and conversations, back to
    what was taken over there.
    """

    def __init__(self, connection: Connection, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._conversations: Recent[str, None] = Recent(_CONVERSATIONS)
        self._lost_at: datetime | None = None
        self._connected = False
        self._started = False

    def saw(self, said: Said) -> None:
        """Remember that there is such a conversation: Discord lists none to a bot."""
        if not said.guild_id:
            self._conversations.put(said.channel_id, None)

    def connected(self) -> None:
        """A gateway session begins; what it knows of the guilds is on its way."""
        self._connected = True

    def lost(self) -> None:
        """The line is dead; the first time counts."""
        self._connected = False
        self._lost_at = self._lost_at or datetime.now(UTC)

    async def resumed(self, take: Taker, read: Read) -> None:
        """Nothing was missed since the line was lost: Discord sent it again."""
        self._connected = True
        if self._started:
            self._lost_at = None
        else:
            await self.look(take, read)

    async def look(self, take: Taker, read: Read) -> None:
        """Read what was missed before the gateway session that is complete; no-op if it is lost again.

        ``read`` is told of each channel whose missed messages have all been handed on.
        """
        if not self._connected:
            return
        since, self._lost_at = self._lost_at, None
        if not self._started:
            self._started = True
            await self._look_after_start(take, read)
        elif since is not None:
            after = snowflake_at(since - _UNNOTICED)
            for channel, guild in self._with_news(after):
                await self._read(channel, guild, after, take, quiet=False)
                read(channel)
            for channel in self._conversations:
                await self._read(channel, "", after, take, quiet=False)
                read(channel)

    def _with_news(self, after: int) -> list[tuple[str, str]]:
        """Return the channels that were written in last, the newest first."""
        found = [channel for channel in self._connection.channels() if channel.newest > after]
        found.sort(key=lambda channel: -channel.newest)
        return [(channel.id, channel.guild) for channel in found[:_CHANNELS]]

    async def _look_after_start(self, take: Taker, read: Read) -> None:
        now = datetime.now(UTC)
        recent, oldest = snowflake_at(now - _RECENT), snowflake_at(now - _ACTIVE)
        newest = {channel.id: channel.newest for channel in self._connection.channels()}
        for channel, guild in self._with_news(oldest):
            session = await self._bound(channel)
            if session is not None:
                await self._read_back(channel, guild, session, newest[channel] + 1, oldest, take)
            elif newest[channel] > recent:
                await self._read(channel, guild, recent, take, quiet=True)
            read(channel)
        heard_from = snowflake_at(now - _CLOCKS_DIFFER)
        for channel, session in await self._recent_conversations():
            self._conversations.put(channel, None)
            await self._read_back(channel, "", session, heard_from, oldest, take)
            read(channel)

    async def _bound(self, channel: str) -> Session | None:
        return await until_stored(lambda: self._catalog.bound(thread_of(channel)))

    async def _recent_conversations(self) -> list[tuple[str, Session | None]]:
        found: list[tuple[datetime, str, Session | None]] = []
        cursor: Cursor | None = None
        for _ in range(_WORKSPACES // _PAGE):
            page = await until_stored(partial(self._catalog.workspaces, cursor, _PAGE))
            for workspace, _ in page.workspaces:
                channel = workspace.key.removeprefix("discord:dm:")
                if channel != workspace.key:
                    session = await self._bound(channel)
                    at = session.active_at if session is not None else workspace.created_at
                    found.append((at, channel, session))
            cursor = page.next
            if cursor is None:
                break
        found.sort(key=lambda one: one[0], reverse=True)
        return [(channel, session) for _, channel, session in found[:_CONVERSATIONS]]

    async def _read_back(
        self,
        channel: str,
        guild: str,
        session: Session | None,
        heard_from: int,
        oldest: int,
        take: Taker,
    ) -> None:
        """Read what was written last, back to what was taken over, and hand on what was not.

        A session's last activity says nothing here: a turn that another process took over may have been
        committed after messages that nobody heard.
        """
        try:
            traces = await self._traces(guild, session, heard_from)
            found, seen = await self._newest_messages(channel, traces, oldest)
            if guild and session is not None and not seen:
                began = snowflake_at(session.created_at - _CLOCKS_DIFFER)
                found = [said for said in found if int(said.id) >= began]
            for said in traces.missed(found, direct=not guild):
                take(structs.replace(said, guild_id=guild or None), quiet=True)
        except OutletError as error:
            log.warning("discord.not_caught_up", channel=channel, error=type(error).__name__)
        except Exception:  # noqa: BLE001 - one channel must not keep the others away
            report("discord.catching_up_failed", channel=channel)

    async def _traces(self, guild: str, session: Session | None, heard_from: int) -> Traces:
        taken: frozenset[str] = frozenset()
        if session is not None:
            key = session.key
            said = await until_stored(lambda: self._catalog.transcript(key, None, _TRANSCRIPT))
            waiting = await until_stored(lambda: self._catalog.waiting(key))
            events = [message.turn for message in said] + [turn.id for turn in waiting]
            taken = frozenset(event.removeprefix("discord:") for event in events)
        connection = self._connection
        return Traces(connection.user, connection.role(guild), taken, heard_from)

    async def _newest_messages(
        self, channel: str, traces: Traces, oldest: int
    ) -> tuple[list[Said], bool]:
        """Read backwards; also whether the pages reach back to what was taken over."""
        found: list[Said] = []
        query = {"limit": str(_PAGE)}
        for _ in range(_PAGES):
            page = await self._page(channel, query)
            found += [said for said in page if int(said.id) >= oldest]
            if traces.seen(page):
                return found, True
            if len(page) < _PAGE or int(page[0].id) < oldest:
                break
            query["before"] = page[0].id
        return found, False

    async def _page(self, channel: str, query: Mapping[str, str]) -> list[Said]:
        ids = {"channel_id": channel}
        page = await self._connection.call("GET", _MESSAGES, list[Said], ids, query=query)
        return sorted(page, key=lambda said: int(said.id))

    async def _read(self, channel: str, guild: str, after: int, take: Taker, *, quiet: bool) -> None:
        """Read on from a moment since which every message of the channel is meant or known."""
        try:
            for _ in range(_PAGES):
                page = await self._page(channel, {"after": str(after), "limit": str(_PAGE)})
                for said in page:
                    take(structs.replace(said, guild_id=guild or None), quiet=quiet)
                if len(page) < _PAGE:
                    return
                after = int(page[-1].id)
        except OutletError as error:
            log.warning("discord.not_caught_up", channel=channel, error=type(error).__name__)
