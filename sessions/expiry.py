"""What becomes of sessions in which nothing happens: archived after a while, and erased later."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import structlog

from sessions.beside import survive
from sessions.engine import utc_now
from sessions.errors import StoreError, StoreUnavailable
from sessions.model import Session, Workspace
from sessions.ports.catalog import Catalog, Cursor

FIRST = timedelta(minutes=5)
"""After the start, when there is more urgent work."""
EVERY = timedelta(hours=1)

_AT_ONCE = 100
"""Sessions, or workspaces, in one call of the store."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a session stays without activity until it is archived, and then until it is erased.

    Without ``delete_after`` nothing is erased.
    """

    archive_after: timedelta
    delete_after: timedelta | None = None

    def is_over(self, session: Session, now: datetime) -> bool:
        """Whether the session is to be archived or, if it is, erased.

        An archived one stays ``delete_after`` in the archive, and is not erased before both times
        together passed without activity: who archives a session by hand makes it vanish no earlier, and
        what was idle for long before the rule was set still has its time in the archive.
        """
        if session.archived_at is None:
            return session.active_at <= now - self.archive_after
        if self.delete_after is None:
            return False
        kept_until = max(
            session.archived_at + self.delete_after,
            session.active_at + self.archive_after + self.delete_after,
        )
        return kept_until <= now


class Expiry:
    """Goes round all workspaces. One process at a time is enough, and several do no harm."""

    def __init__(
        self,
        catalog: Catalog,
        retention: Retention,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._retention = retention
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> NoReturn:
        """Go round every hour; a round that fails is left to the next one."""
        await self._sleep(FIRST.total_seconds())
        while True:
            await survive(self.go_round())
            await self._sleep(EVERY.total_seconds())

    async def go_round(self) -> None:
        """Look at every idle session once. Raises StoreUnavailable."""
        after: Cursor | None = None
        while True:
            page = await self._catalog.workspaces(after, _AT_ONCE)
            for workspace, sessions in page.workspaces:
                if sessions:
                    await self._tidy(workspace)
            after = page.next
            if after is None:
                return

    async def _tidy(self, workspace: Workspace) -> None:
        now, after = self._clock(), None
        while True:
            idle_since = now - self._retention.archive_after
            page = await self._catalog.page(workspace.id, None, after, _AT_ONCE, idle_since=idle_since)
            for session in page.sessions:
                if self._retention.is_over(session, now):
                    await self._expire(session)
            after = page.next
            if after is None:
                return

    async def _expire(self, session: Session) -> None:
        """Damage to one session keeps no other."""
        became = "archived" if session.archived_at is None else "deleted"
        try:
            if await self._catalog.expire(session):
                log.info("session.expired", session=str(session.key), became=became)
        except StoreUnavailable:
            raise
        except StoreError as damage:
            log.warning("session.not_expired", session=str(session.key), error=type(damage).__name__)
