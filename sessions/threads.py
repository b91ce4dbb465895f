"""What happens to a platform's threads: the bound session's title and status move along."""

from sessions.model import ThreadRef
from sessions.ports.catalog import Catalog


class ThreadEvents:
    """Renamed, closed, reopened, removed, migrated. Every method may be repeated."""

    def __init__(self, store: Catalog) -> None:
        self._store = store

    async def renamed(self, thread: ThreadRef, title: str) -> None:
        """Give the bound session the thread's title; its name stays."""
        bound = await self._store.bound(thread)
        if bound is not None:
            await self._store.retitle(bound.key, title)

    async def closed(self, thread: ThreadRef) -> None:
        """Put the bound session away."""
        await self._archive(thread, archived=True)

    async def reopened(self, thread: ThreadRef) -> None:
        """Take the bound session back."""
        await self._archive(thread, archived=False)

    async def removed(self, thread: ThreadRef) -> None:
        """Unbind the thread: its session is paused unless it is bound elsewhere too."""
        await self._store.unbind(thread)

    async def migrated(self, old: ThreadRef, new: ThreadRef) -> None:
        """Move everything of a chat that has a new id."""
        await self._store.migrate(old, new)

    async def _archive(self, thread: ThreadRef, *, archived: bool) -> None:
        bound = await self._store.bound(thread)
        if bound is not None:
            await self._store.archive(bound.key, archived=archived)
