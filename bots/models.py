"""Makes the model that the settings name, and says how the engine around it behaves.

What only some programs need is imported where it is put in: the others start without it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bots.settings import Settings
from sessions.errors import SettingError

if TYPE_CHECKING:
    from sessions.engine import EngineSettings
    from sessions.ports.model import ChatModel

DEFAULT_MODEL = "gpt-4.1-mini"
"""Asked at OpenAI itself when a key but no model is set."""


@asynccontextmanager
async def chat_model(settings: Settings) -> "AsyncIterator[ChatModel]":
    """Make the model that the settings name, or the offline one. Raises SettingError."""
    if not (settings.model or settings.openai_api_key or settings.openai_base_url):
        from sessions.offline import OfflineModel

        yield OfflineModel()
        return
    from sessions.llm import DEFAULT_BASE_URL, OpenAIModel

    _check_model(settings)
    async with OpenAIModel(
        model=settings.model or DEFAULT_MODEL,
        api_key=settings.openai_api_key or "none",
        base_url=settings.openai_base_url or DEFAULT_BASE_URL,
        context_tokens=int(settings.context_tokens),
    ) as model:
        yield model


def engine_settings(
    settings: Settings, drain: float, *, longest_lease: int | None = None
) -> "EngineSettings":
    """Return how the engine behaves; times are in seconds."""
    from datetime import timedelta

    from sessions.engine import EngineSettings
    from sessions.turn import TurnRules

    rules = TurnRules(system=settings.system_prompt) if settings.system_prompt else TurnRules()
    seconds = int(settings.lease_seconds)
    lease = timedelta(seconds=min(seconds, longest_lease or seconds))
    return EngineSettings(lease=lease, drain=timedelta(seconds=drain), rules=rules)


def model_name(settings: Settings) -> str:
    """Return the name of the model that the settings lead to."""
    if not (settings.model or settings.openai_api_key or settings.openai_base_url):
        return "offline"
    return settings.model or DEFAULT_MODEL


def with_model(settings: Settings, model: str, said: str = "--model") -> Settings:
    """Return the settings with that model, if one was ``said``. Raises SettingError."""
    if model and not (settings.openai_api_key or settings.openai_base_url):
        raise SettingError(
            f"{said} is {model}, but there is no key for it. Set OPENAI_API_KEY=sk-…, "
            "or OPENAI_BASE_URL=http://localhost:8000/v1 for a server of your own."
        )
    return replace(settings, model=model) if model else settings


def _check_model(settings: Settings) -> None:
    if settings.openai_base_url and not settings.model:
        raise SettingError(
            f"OPENAI_BASE_URL is set ({settings.openai_base_url}), but no model of that server. "
            "Set for example: PARLEY_MODEL=llama3.2"
        )
    if settings.model and not (settings.openai_api_key or settings.openai_base_url):
        raise SettingError(
            f"PARLEY_MODEL is {settings.model}, but there is no key for it. Set OPENAI_API_KEY=sk-…, "
            "or OPENAI_BASE_URL=http://localhost:8000/v1 for a server of your own."
        )
