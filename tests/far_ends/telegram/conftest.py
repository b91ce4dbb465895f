"""A Bot API, a bot that calls it barely, and a person."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.emulators.telegram import BotApi, Flood, Person
from tests.emulators.telegram.probe import Probe


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield session


@pytest_asyncio.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi.start(flood=Flood.off()) as api:
        yield api


@pytest.fixture
def bot(api: BotApi, session: aiohttp.ClientSession) -> Probe:
    return Probe(api, session)


@pytest.fixture
def ada(api: BotApi) -> Person:
    """A person who has written to the bot; her update is still queued."""
    ada = api.add_person("Ada", username="ada")
    ada.say(ada, "/start")
    return ada
