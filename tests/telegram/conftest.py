"""A Bot API without flood limits, and a Parley that serves it."""

from collections.abc import AsyncIterator

import pytest

from tests.emulators.telegram import BotApi, Flood
from tests.telegram.house import House


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi.start(flood=Flood.off()) as api:
        yield api


@pytest.fixture
async def house(api: BotApi) -> AsyncIterator[House]:
    house = House(api)
    async with house.serving():
        yield house
