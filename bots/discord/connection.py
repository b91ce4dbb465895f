"""discord.py behind one seam: REST calls, the gateway's events, and what is known of channels.

The only modules that import discord.py are this one and refusals.py; importing them costs seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self, TypeVar

import aiohttp
import discord
import msgspec
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route
from discord.state import ConnectionState

from bots.discord.channels import CALL_TIME, Channel, Listener
from bots.discord.failures import BadToken, NoIntent
from bots.discord.refusals import FAILURES, translate
from bots.outlet import Unreachable
from bots.patience import waits
from sessions.incidents import report

_LONGEST_BUCKET = 6.0
"""Seconds: what Discord wants waited beyond them is told to the caller instead."""
_GUILD_STREAM = 1.0
_OWN_DECODING = frozenset({"MESSAGE_CREATE", "INTERACTION_CREATE"})
_BAD_TOKEN = 4004
_GOOD_WHILE = 60.0
_FAREWELL = 2.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Connection:
    """The bot's account on one Discord: log in, call, listen."""

    def __init__(self, token: str, api_base: str = "") -> None:
        self._token = token
        self._client = _Client(api_base)
        for name, level in (("discord", logging.WARNING), ("discord.http", logging.ERROR)):
            # Below these levels discord.py writes contents, and URLs with tokens.
            logger = logging.getLogger(name)
            logger.setLevel(max(level, logger.level))

    async def open(self) -> None:
        """Log in; the HTTP session stays until :meth:`close`. Raises BadToken or another OutletError."""
        try:
            async with asyncio.timeout(CALL_TIME):
                await self._client.login(self._token)
                await self._client.http.find_gateway()
        except FAILURES as error:
            raise translate(error) from error

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._client.close()

    async def listen(self, listener: Listener) -> None:
        """Keep a gateway session until cancelled; the HTTP session outlives it.

        Raises BadToken or NoIntent.
        """
        self._client.listener = listener
        pauses, loop = waits(), asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                await self._listen_once()
                listener.changed("disconnect")
                await self._hang_up()
                if loop.time() - began > _GOOD_WHILE:
                    pauses = waits()
                await asyncio.sleep(next(pauses))
        finally:
            self._client.listener = None
            await self._hang_up()

    async def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        ids: Mapping[str, str],
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> T:
        """Make a REST call; ``path`` is a template for the ids. Raises OutletError."""
        options: dict[str, object] = {}
        if body is not None:
            options["json"] = body
        if query is not None:
            options["params"] = query
        try:
            async with asyncio.timeout(CALL_TIME):
                said = await self._client.http.request(Route(method, path, **ids), **options)
        except FAILURES as error:
            raise translate(error) from error
        try:
            return msgspec.convert(said, answer)
        except msgspec.ValidationError as error:
            raise Unreachable("the answer cannot be read") from error

    @property
    def user(self) -> str:
        """The bot's id."""
        return str(self._client.user.id) if self._client.user else ""

    @property
    def application(self) -> str:
        """The application's id."""
        return str(self._client.application_id or "")

    def role(self, guild: str) -> str:
        """The id of the role that the bot alone has in a guild, or nothing."""
        found = self._client.get_guild(int(guild)) if guild else None
        role = found.self_role if found else None
        return str(role.id) if role else ""

    def channel(self, channel: str) -> Channel | None:
        """What is known of a guild's channel or thread; archived threads are not."""
        found = self._client.get_channel(int(channel))
        if isinstance(found, discord.abc.GuildChannel | discord.Thread):
            return _described(found)
        return None

    def channels(self) -> Iterator[Channel]:
        """All channels and open threads of all guilds in which people write."""
        for guild in self._client.guilds:
            found: list[discord.abc.GuildChannel | discord.Thread] = [
                *guild.text_channels,
                *guild.voice_channels,
                *guild.threads,
            ]
            yield from map(_described, found)

    async def views(self, channel: str, person: str) -> bool:
        """Whether a person may read a channel or thread of a guild. Raises OutletError."""
        found = self._client.get_channel(int(channel))
        if not isinstance(found, discord.abc.GuildChannel | discord.Thread):
            return False
        try:
            async with asyncio.timeout(CALL_TIME):
                member = await found.guild.fetch_member(int(person))
                granted = found.permissions_for(member)
                if not isinstance(found, discord.Thread) or not found.is_private():
                    return granted.view_channel
                inside = granted.manage_threads or any(
                    m.id == member.id for m in await found.fetch_members()
                )
                return granted.view_channel and inside
        except discord.NotFound:
            return False
        except FAILURES as error:
            raise translate(error) from error

    async def _listen_once(self) -> None:
        try:
            await self._client.connect(reconnect=True)
        except discord.PrivilegedIntentsRequired as error:
            raise NoIntent("4014") from error
        except discord.ConnectionClosed as error:
            if error.code == _BAD_TOKEN:
                raise BadToken("4004") from error
            raise translate(error) from error
        except Exception:  # noqa: BLE001 - whatever the far end said, the others must go on
            report("discord.gateway_failed")

    async def _hang_up(self) -> None:
        socket = self._client.ws
        if socket is not None and socket.open:
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await socket.close(code=1000)


class _Http(HTTPClient):
    """discord.py's HTTP client, pointed at an API base of its own rather than at the module's."""

    base = ""
    gateway: yarl.URL | None = None

    async def request(self, route: Route, **options: Any) -> Any:
        if self.base:
            route.url = self.base + route.url.removeprefix(Route.BASE)
        return await super().request(route, **options)

    async def find_gateway(self) -> None:
        """Ask the API base once where its gateway is."""
        if self.base:
            said = msgspec.convert(await self.request(Route("GET", "/gateway")), dict[str, str])
            self.gateway = yarl.URL(said["url"])

    async def ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        asked = yarl.URL(url)
        if self.gateway is not None and asked.host == DiscordWebSocket.DEFAULT_GATEWAY.host:
            url = str(self.gateway.with_query(asked.query))
        return await super().ws_connect(url, compress=compress)


class _Client(discord.Client):
    """discord.py's client without its tasks and handlers: what it hears goes to the listener."""

    http: _Http

    def __init__(self, api_base: str) -> None:
        self._api_base = api_base.rstrip("/")
        self.listener: Listener | None = None
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = intents.message_content = True
        # Nobody speaks here, so nobody has to hear that the libraries for it are missing.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            guild_ready_timeout=_GUILD_STREAM,
        )

    def dispatch(self, event: str, /, *args: object, **kwargs: object) -> None:
        """Tell the listener of the connection's state; the rest was told before it was parsed."""
        if event in {"ready", "resumed", "disconnect"} and self.listener is not None:
            self.listener.changed(event)

    def _get_state(self, **options: Any) -> ConnectionState[Self]:
        self.http = _Http(self.loop)
        self.http.base = self._api_base
        self.http.max_ratelimit_timeout = _LONGEST_BUCKET
        state = super()._get_state(**options)
        state.parsers = {name: self._guarded(name, parse) for name, parse in state.parsers.items()}
        return state

    def _guarded(self, name: str, parse: Callable[[object], None]) -> Callable[[object], None]:
        """Keep an event that cannot be read from ending the connection."""

        def heed(data: object) -> None:
            try:
                if self.listener is not None:
                    self.listener.heard(name, data)
                if name not in _OWN_DECODING:
                    parse(data)
            except Exception:  # noqa: BLE001 - one bad event is skipped alone
                report("discord.event_unreadable", event_name=name)

        return heed


def _described(channel: discord.abc.GuildChannel | discord.Thread) -> Channel:
    home = channel.parent if isinstance(channel, discord.Thread) else channel
    everybody = channel.guild.default_role
    public = home is not None and home.permissions_for(everybody).view_channel
    if isinstance(channel, discord.Thread) and channel.is_private():
        public = False
    return Channel(
        id=str(channel.id),
        guild=str(channel.guild.id),
        guild_name=channel.guild.name,
        name=channel.name,
        kind=channel.type.value,
        parent=str(channel.parent_id) if isinstance(channel, discord.Thread) else "",
        public=public,
        newest=getattr(channel, "last_message_id", None) or 0,
        shut=isinstance(channel, discord.Thread) and (channel.archived or channel.locked),
    )
