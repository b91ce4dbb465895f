"""The far ends and a process that serves them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi, Flood
from tests.service import Service, service

LEASE = 6
"""Seconds: short, so that a take-over need not be waited for long."""


@pytest.fixture
async def models() -> AsyncIterator[ModelServer]:
    async with ModelServer.start() as models:
        yield models


@pytest.fixture
async def telegram() -> AsyncIterator[BotApi]:
    async with BotApi.start(flood=Flood.off()) as api:
        yield api


@pytest.fixture
async def serving(tmp_path: Path, models: ModelServer, telegram: BotApi) -> AsyncIterator[Service]:
    settings = {
        "PARLEY_TELEGRAM_TOKEN": "42:TEST",
        "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
        "PARLEY_ALLOWED": "*",
        "PARLEY_MODEL": "gpt-4o-mini",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": models.base_url,
        "PARLEY_LEASE_SECONDS": str(LEASE),
        "PARLEY_DRAIN_SECONDS": "5",
    }
    async with service(tmp_path, settings) as started:
        await telegram.wait_for(lambda: telegram.polled, timeout=60)
        yield started
