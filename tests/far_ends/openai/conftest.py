"""A model server and the real client of it."""

from collections.abc import AsyncIterator

import openai
import pytest

from tests.emulators.openai import (
    ModelServer,
)


@pytest.fixture
async def models() -> AsyncIterator[ModelServer]:
    async with ModelServer.start() as server:
        yield server


@pytest.fixture
async def client(models: ModelServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url=models.base_url, max_retries=0, timeout=10
    ) as client:
        yield client
