"""The far end of Discord's wire in one object: REST, gateway, people, faults and what was seen."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Self, TypeVar

from aiohttp import web

from tests.emulators.discord.building import GuildView, found_guild
from tests.emulators.discord.commands import Registry
from tests.emulators.discord.faults import Fault, FaultKind, Faults
from tests.emulators.discord.gateway import Gateway
from tests.emulators.discord.interactions import Interaction, Interactions
from tests.emulators.discord.limits import Limiter, Violation
from tests.emulators.discord.nouns import Channel, Guild, User
from tests.emulators.discord.people import Person
from tests.emulators.discord.permissions import TALKING, Permission
from tests.emulators.discord.rest.request import Parts
from tests.emulators.discord.rest.server import API, Call, RestServer
from tests.emulators.discord.seen import ChannelView
from tests.emulators.discord.sessions import Sessions
from tests.emulators.discord.settings import Settings
from tests.emulators.discord.world import World

_T = TypeVar("_T")
_PATIENCE_S = 10.0


class Discord:
    """A Discord of its own for one bot token."""

    def __init__(self, token: str, settings: Settings) -> None:
        self.token = token
        self.world = World(settings)
        self.registry = Registry()
        self.faults = Faults()
        self._sessions = Sessions(self.world, token)
        self._interactions = Interactions(self.world)
        self._limiter = Limiter(settings.rate_limits, self.world.clock)
        parts = Parts(self.world, self._sessions, self._interactions, self.registry)
        self._rest = RestServer(parts, self._limiter, self.faults, token)
        self.gateway = Gateway(self._sessions, self.world.clock, self.world.changes)
        self._origin = ""

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        token: str = "TEST",
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Settings | None = None,
        extend: Callable[[Self, web.Application], object] | None = None,
    ) -> AsyncIterator[Self]:
        """Serve in the running loop until the block ends; port 0 takes a free one."""
        discord = cls(token, settings or Settings())
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/gateway", discord.gateway.serve)
        app.router.add_get("/gateway/", discord.gateway.serve)
        discord._rest.attach(app)
        if extend is not None:
            extend(discord, app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            discord._serve_at(host, int(runner.addresses[0][1]))
            yield discord
        finally:
            discord._interactions.stop()
            discord.faults.release_all()
            discord.gateway.drop()
            await runner.cleanup()

    @property
    def api_base(self) -> str:
        return f"http://{self._origin}{API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self._origin}/gateway"

    @property
    def bot(self) -> User:
        return self.world.bot

    @property
    def calls(self) -> list[Call]:
        """Every REST call that arrived, in order, with status and error code."""
        return self._rest.calls

    @property
    def rate_limit_violations(self) -> list[Violation]:
        return self._limiter.violations

    @property
    def failed_interactions(self) -> list[Interaction]:
        """Interactions of which a person saw "This interaction failed"."""
        return self._interactions.failed

    def calls_to(self, method: str, route: str) -> list[Call]:
        """Give the calls of a method and route template."""
        return [c for c in self.calls if (c.method, c.route) == (method, route)]

    def user(self, name: str, *, accepts_dms: bool = True) -> User:
        """Make somebody with an account."""
        user = User(self.world.ids.next(), name, accepts_dms=accepts_dms)
        self.world.users[user.id] = user
        return user

    def guild(self, name: str, *, owner: User | None = None, bot_may: Permission = TALKING) -> GuildView:
        """Make a guild with the bot in it."""
        return GuildView(self.world, found_guild(self.world, name, owner or self.world.owner, bot_may))

    def guild_view(self, guild: Guild | int) -> GuildView:
        noun = self.world.guilds[guild] if isinstance(guild, int) else guild
        return GuildView(self.world, noun)

    def person(self, user: User | int) -> Person:
        noun = self.world.users[user] if isinstance(user, int) else user
        return Person(self.world, noun, self._interactions, self.registry)

    def channel(self, channel: Channel | int) -> ChannelView:
        """See a channel or thread as its readers do, a deleted one as it was."""
        noun = self.world.any_channel(channel) if isinstance(channel, int) else channel
        return ChannelView(self.world, noun)

    def dm(self, user: User | int) -> ChannelView:
        """See the conversation between the bot and a user."""
        noun = self.world.users[user] if isinstance(user, int) else user
        return ChannelView(self.world, self.world.dm(noun))

    def threads(self, channel: Channel | int) -> list[Channel]:
        """Give the threads of a channel, the oldest first."""
        parent_id = channel if isinstance(channel, int) else channel.id
        found = self.world.channels.values()
        return [c for c in found if c.thread is not None and c.root.id == parent_id]

    def fail(
        self,
        kind: FaultKind | str,
        method: str = "*",
        route: str = "*",
        *,
        times: int | None = 1,
        status: int = 500,
        code: int = 0,
        seconds: float = 0.0,
    ) -> Fault:
        """Let calls of a method and route template fail; times None means always."""
        fault = Fault(FaultKind(kind), method, route, times, status, code, seconds)
        return self.faults.add(fault)

    def advance(self, by: timedelta) -> None:
        """Move the emulator's clock on: nonces, tokens, deadlines and windows run out."""
        self.world.clock.advance(by)
        self._interactions.expire()
        self.world.changes.happened()

    async def wait_for(
        self,
        predicate: Callable[[], _T],
        timeout: float = _PATIENCE_S,  # noqa: ASYNC109
    ) -> _T:
        """Wait until the predicate gives something true and return it; TimeoutError else."""
        return await self.world.changes.wait_for(predicate, timeout)

    async def wait_connected(self, timeout: float = _PATIENCE_S) -> None:  # noqa: ASYNC109
        """Wait until a client has identified or resumed."""
        await self.wait_for(lambda: self.gateway.connected, timeout)

    def _serve_at(self, host: str, port: int) -> None:
        self._origin = f"{host}:{port}"
        self._sessions.resume_url = self.gateway_url
