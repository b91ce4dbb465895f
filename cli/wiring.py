"""Puts the parts together: settings, store, commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cli.operator import Operator, operator_in
from cli.options import Choice
from cli.settings import Settings, load_here
from sessions.commands import SessionCommands
from sessions.ports import Store
from storage.opening import open_store, storage_url


@dataclass(frozen=True)
class Desk:
    """What a command of the command line works with."""

    settings: Settings
    store: Store
    commands: SessionCommands
    operator: Operator


@asynccontextmanager
async def open_desk(choice: Choice) -> AsyncIterator[Desk]:
    """Open the store that was chosen, for the operator. Raises SettingError, StoreUnavailable."""
    settings = load_here()
    async with opened(settings, choice) as store:
        operator = await operator_in(store, choice.workspace)
        yield Desk(settings, store, SessionCommands(store), operator)


@asynccontextmanager
async def opened(settings: Settings, choice: Choice) -> AsyncIterator[Store]:
    """Open the store and close it in the end."""
    store = await open_store(url_of(settings, choice))
    try:
        yield store
    finally:
        await store.close()


def url_of(settings: Settings, choice: Choice) -> str:
    """Return the storage URL: the command line's choice over the setting over the default."""
    if choice.backend is None and choice.path is None and settings.storage:
        return settings.storage
    return storage_url(choice.backend, choice.path, settings.home)
