"""The library's face for Python programs: it imports nothing until asked.

>>> import asyncio, parley
>>> async def names(url):
...     async with parley.open_store(url) as store:
...         workspace = await store.workspace("local")
...         page = await store.page(workspace.id, None, None, limit=10)
...         return [session.name for session in page.sessions]
>>> asyncio.run(names("memory:"))
[]
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions.commands import SessionCommands
    from sessions.engine import Engine
    from storage.opening import open_store

__all__ = ["Engine", "SessionCommands", "open_store"]

_ROOMS = {
    "Engine": "sessions.engine",
    "SessionCommands": "sessions.commands",
    "open_store": "storage.opening",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'parley' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ROOMS[name]), name)
