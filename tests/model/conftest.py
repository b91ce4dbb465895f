"""A model server, and a client of it that waits in no time."""

from collections.abc import AsyncIterator

import pytest

from sessions.llm import OpenAIModel, Patience
from tests.emulators.openai import (
    ModelServer,
)
from tests.model.asking import KEY, NOW, Pauses


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer.start(KEY) as running:
        yield running


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def model(server: ModelServer, pauses: Pauses) -> AsyncIterator[OpenAIModel]:
    async with OpenAIModel(
        model="gpt-4o-mini",
        api_key=KEY,
        base_url=server.base_url,
        patience=Patience(attempts=3),
        sleep=pauses,
        now=lambda: NOW,
        chance=lambda: 0.5,
    ) as opened:
        yield opened
