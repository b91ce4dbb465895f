"""A home for agents that knows nothing of the machine's own settings."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import ParleyInside, clean_environment
from tests.emulators.openai import ModelServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the agents of a test keep their sessions, which is the working directory too."""
    for name in list(os.environ):
        if name.startswith(("PARLEY_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def inside(tmp_path: Path) -> ParleyInside:
    """The command line of the same person, with the same home."""
    return ParleyInside(tmp_path, clean_environment(tmp_path))


@pytest.fixture
async def models(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ModelServer]:
    """A model server that the settings name."""
    async with ModelServer.start() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("PARLEY_MODEL", "gpt-4o-mini")
        yield server
