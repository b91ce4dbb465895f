"""Puts the parts together: settings, store, commands, and where somebody talks, model and engine.

What only some commands need is imported where it is put in: the others start without it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bots.models import chat_model, engine_settings, with_model
from bots.settings import Settings, load_here
from bots.terminal.operator import operator_in
from bots.terminal.talker import Talker
from cli.options import Choice
from sessions.commands import SessionCommands
from sessions.errors import SettingError, StoreUnavailable
from sessions.model import WorkspaceKey
from storage.opening import Login, open_store, storage_url

if TYPE_CHECKING:
    from bots.terminal.conversation import Conversation
    from bots.terminal.presenters import Presenter
    from sessions.expiry import Retention
    from sessions.ports.store import Store

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
    store: "Store"
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


def opened(settings: Settings, choice: Choice) -> "AbstractAsyncContextManager[Store]":
    """Open the store that the command line chose, or the settings, or SQLite under the home folder."""
    return open_store(_address(settings, choice), login=_login(settings))


async def _checked(store: "Store") -> None:
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
    desk: Desk,
    present: "Callable[[], Presenter]",
    steps: "Callable[[], Presenter] | None" = None,
    *,
    model: str = "",
    folder: Path | None = None,
) -> "AsyncIterator[Conversation]":
    """Run an engine for the operator's own messages; leaving ends it.

    ``steps`` presents what is done in steps, if not as everything else. ``model`` is asked instead of the
    settings' one; answers draw on the files of ``folder``. Raises SettingError.
    """
    from bots.extras import extras
    from bots.terminal.conversation import Conversation
    from bots.terminal.replies import TerminalReplies
    from cli.logs import configure
    from sessions.engine import Engine

    configure(desk.settings, "error")
    replies = TerminalReplies(present, steps)
    settings = with_model(desk.settings, model)
    async with chat_model(settings) as asked:
        rules = engine_settings(settings, _LEAVE_AFTER, longest_lease=_LEASE)
        more = extras(settings, desk.store, asked, folder)
        async with Engine(desk.store, asked, replies, settings=rules, extras=more) as engine:
            yield Conversation(engine, desk.store, replies, desk.operator)


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
