"""Puts the parts together: settings, store, commands, and where somebody talks, model and engine.

What only some commands need is imported where it is put in: the others start without it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.terminal.talker import Talker
from cli.operator import operator_in
from cli.options import Choice
from cli.settings import Settings, load_here
from sessions.commands import SessionCommands
from sessions.errors import SettingError, StoreUnavailable
from sessions.model import WorkspaceKey
from sessions.ports.store import Store
from storage.opening import Login, open_store, storage_url

if TYPE_CHECKING:
    from bots.terminal.conversation import Conversation
    from bots.terminal.presenters import Presenter
    from sessions.engine import EngineSettings
    from sessions.expiry import Retention
    from sessions.ports.model import ChatModel

DEFAULT_MODEL = "gpt-4.1-mini"
"""Asked at OpenAI itself when a key but no model is set."""

_LEAVE_AFTER = 2.0
"""Seconds that a terminal waits for its running turn when it is left."""

_PATIENCE = 3.0
"""Seconds that a command waits for a server that is away."""

_LEASE = 9
"""Seconds that the next terminal waits at most for the answer of one that was killed."""


@dataclass(frozen=True)
class Desk:
    """What a command of the command line works with."""

    settings: Settings
    store: Store
    commands: SessionCommands
    operator: Talker


@asynccontextmanager
async def open_desk(choice: Choice, *, make: bool = False) -> AsyncIterator[Desk]:
    """Open the store that was chosen, for the operator; ``make`` the workspace if it is missing.

    Raises SettingError, StoreUnavailable.
    """
    settings = load_here()
    is_remote = _address(settings, choice).startswith("redis")
    if is_remote:
        from cli.logs import configure

        configure(settings, "error")
    async with opened(settings, choice) as store:
        if is_remote:
            await _checked(store)
        if make:
            await store.workspace(WorkspaceKey(choice.workspace))
        operator = await operator_in(store, choice.workspace)
        yield Desk(settings, store, SessionCommands(store), operator)


def opened(settings: Settings, choice: Choice) -> AbstractAsyncContextManager[Store]:
    """Open the store that the command line chose, or the settings, or SQLite under the home folder."""
    return open_store(_address(settings, choice), login=_login(settings))


async def _checked(store: Store) -> None:
    """Return when the server answers; one that refuses says why at once.

    Raises SettingError, and StoreUnavailable where it stays away for longer than a failover may take.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return await store.check()
        except StoreUnavailable:
            if time.monotonic() >= until:
                raise
        await asyncio.sleep(_PATIENCE / 10)


def _address(settings: Settings, choice: Choice) -> str:
    if choice.backend is None and choice.path is None and settings.storage:
        return settings.storage
    return storage_url(choice.backend or "sqlite", choice.path or "", settings.home)


def _login(settings: Settings) -> Login:
    return Login(
        user=settings.redis_user,
        password=settings.redis_password,
        sentinel_password=settings.redis_sentinel_password,
    )


@asynccontextmanager
async def open_conversation(
    desk: Desk, present: "Callable[[], Presenter]"
) -> "AsyncIterator[Conversation]":
    """Run an engine for the operator's own messages; leaving ends it."""
    from bots.terminal.conversation import Conversation
    from bots.terminal.replies import TerminalReplies
    from cli.extras import extras
    from cli.logs import configure
    from sessions.engine import Engine

    configure(desk.settings, "error")
    replies = TerminalReplies(present)
    async with chat_model(desk.settings) as model:
        rules = engine_settings(desk.settings, _LEAVE_AFTER, longest_lease=_LEASE)
        more = extras(desk.settings, desk.store, model)
        async with Engine(desk.store, model, replies, settings=rules, extras=more) as engine:
            yield Conversation(engine, desk.store, replies, desk.operator)


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


def retention(settings: Settings) -> "Retention | None":
    """Return when idle sessions go; None where they stay. Raises SettingError."""
    from datetime import timedelta

    from sessions.expiry import Retention

    archive, delete = settings.archive_after_days, settings.delete_after_days
    if delete and not archive:
        raise SettingError(
            f"PARLEY_DELETE_AFTER_DAYS is {delete}, but sessions are archived before they are deleted. "
            "Set also after how many days without a message that is: PARLEY_ARCHIVE_AFTER_DAYS=30"
        )
    if not archive:
        return None
    return Retention(timedelta(days=int(archive)), timedelta(days=int(delete)) if delete else None)


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
