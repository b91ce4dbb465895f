"""The replicas and what they stand on: a Sentinel set behind proxies, a chat platform, a model."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.plan import Plan
from tests.chaos.talk import answer_of
from tests.emulators.discord import Discord, Settings
from tests.emulators.discord.settings import RateLimits
from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi, Flood
from tests.redis_servers import OutsideProxies, SentinelSet, outside_proxies, sentinels, until
from tests.service import Service, service

PREFIX = "chaos"
_START = 60.0
_PLATFORMS = 2
_DOWN_AFTER = 1500
"""Milliseconds: a master that a busy machine lets wait is not taken for dead."""
_ENDLESS = 10_000_000
"""Tokens: no conversation here fills a window."""


@dataclass(frozen=True, slots=True)
class House:
    """All processes of a run. A replica's model is called as the replica, so requests tell who asked."""

    servers: SentinelSet
    fronts: OutsideProxies
    telegram: BotApi
    discord: Discord
    models: ModelServer
    replicas: list[Service]

    @property
    def storage(self) -> str:
        return f"{self.servers.url}?durability=replicated&prefix={PREFIX}"


@asynccontextmanager
async def open_house(plan: Plan, folder: Path) -> AsyncIterator[House]:
    """Start everything; returns when one replica receives (and is connected) and the others stand by."""
    async with AsyncExitStack() as stack:
        fronts = await stack.enter_async_context(outside_proxies(folder))
        servers = await stack.enter_async_context(
            sentinels(folder / "redis", min_replicas_to_write=1, via=fronts.open)
        )
        await _be_patient(servers)
        models = await stack.enter_async_context(ModelServer.start())
        models.answer = answer_of
        telegram = await stack.enter_async_context(BotApi.start(flood=Flood.off()))
        relaxed = Settings(rate_limits=RateLimits.off())
        discord = await stack.enter_async_context(Discord.start(settings=relaxed))
        house = House(servers, fronts, telegram, discord, models, [])
        names = [replica_name(number) for number in range(plan.replicas)]
        models.contexts = dict.fromkeys(names, _ENDLESS)
        for name in names:
            home = folder / name
            home.mkdir()
            settings = _settings(plan, house, name)
            house.replicas.append(await stack.enter_async_context(service(home, settings)))
        await asyncio.gather(
            *(until(f"{one.home.name} is up", _up(one), seconds=_START) for one in house.replicas)
        )
        # The role is taken before its gateway is open, and a direct message before that is never heard.
        await discord.wait_connected(_START)
        yield house


def replica_name(number: int) -> str:
    return f"replica-{number}"


def log_of(replica: Service) -> str:
    path = replica.home / "serve.log"
    return path.read_text() if path.exists() else ""


def _settings(plan: Plan, house: House, name: str) -> dict[str, str]:
    return {
        "PARLEY_STORAGE": house.storage,
        "PARLEY_TELEGRAM_TOKEN": house.telegram.token,
        "PARLEY_TELEGRAM_API_BASE": house.telegram.base_url,
        "PARLEY_DISCORD_TOKEN": house.discord.token,
        "PARLEY_DISCORD_API_BASE": house.discord.api_base,
        "PARLEY_ALLOWED": "*",
        "PARLEY_MODEL": name,
        "PARLEY_CONTEXT_TOKENS": str(_ENDLESS),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": house.models.base_url,
        "PARLEY_LEASE_SECONDS": str(plan.lease),
        "PARLEY_DRAIN_SECONDS": "10",
        "PYTHONFAULTHANDLER": "1",
    }


async def _be_patient(servers: SentinelSet) -> None:
    for sentinel in servers.sentinels:
        words = ("SENTINEL", "SET", "parley", "down-after-milliseconds", str(_DOWN_AFTER))
        await sentinel.call(*words)


def _up(replica: Service) -> Callable[[], Awaitable[bool]]:
    async def up() -> bool:
        return log_of(replica).count("duty.") >= _PLATFORMS

    return up
