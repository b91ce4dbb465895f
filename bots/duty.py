"""Work that one process does for all: run while this one holds the role, and ended before it may not."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from sessions.errors import StoreError
from sessions.incidents import report
from sessions.model import Holder, RoleName
from sessions.ports.roles import Roles

HELD_FOR = 2 / 3
"""Of a lease: with a third of that between two tries a standby takes over within one lease time."""

_BETWEEN = 1 / 3
_RETRY = 1 / 12
_FAREWELL = 1 / 6
"""Parts of the time for which a role is held: between two requests, after one that failed, and to end."""

_LEAVING_TIME = 2.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Duty:
    """A role and the holder who would have it. ``lease`` is how long a dead process may hold things up.

    Deadlines are the event loop's, which are monotonic, and count from before the store was asked.
    """

    def __init__(self, roles: Roles, role: RoleName, holder: Holder, lease: timedelta) -> None:
        self._roles = roles
        self._role = role
        self._holder = holder
        self._held_for = lease * HELD_FOR
        self._seconds = self._held_for.total_seconds()
        self._away = False

    async def perform(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work whenever the role is held, until it is done; its errors are raised as they are.

        When the role is lost, the work is cancelled and awaited, and begun anew with the role. Leaves the
        role in the end, also when it is cancelled, so that another process takes it at once.
        """
        while True:
            until = await self._stand_by()
            log.info("duty.taken", role=self._role)
            try:
                async with asyncio.timeout_at(until) as held:
                    return await self._work(work, held)
            except TimeoutError:
                if not held.expired():
                    raise
                log.warning("duty.lost", role=self._role, store_away=self._away)
            finally:
                if not held.expired():
                    await self._leave()

    async def _stand_by(self) -> float:
        """Return when the role is had, with the time by which the work must be told to end."""
        told = False
        while True:
            until = await self._ask()
            if until is not None and until > _now():
                return until
            if not (told or self._away):
                log.info("duty.standing_by", role=self._role)
                told = True
            await asyncio.sleep(self._seconds * _BETWEEN * random.uniform(0.8, 1))  # noqa: S311

    async def _work(self, work: Callable[[], Awaitable[T]], held: asyncio.Timeout) -> T:
        try:
            async with asyncio.TaskGroup() as beside:
                renewing = beside.create_task(self._renew_for_ever(held))
                try:
                    return await work()
                finally:
                    renewing.cancel()
        except BaseExceptionGroup as errors:
            # Renewing raises nothing: it is the one error of the work.
            raise errors.exceptions[0] from None

    async def _renew_for_ever(self, held: asyncio.Timeout) -> None:
        pause = _BETWEEN
        while True:
            await asyncio.sleep(self._seconds * pause)
            until = await self._ask()
            pause = _RETRY if self._away else _BETWEEN
            if self._away or held.expired():
                continue
            held.reschedule(_now() if until is None else until)

    async def _ask(self) -> float | None:
        """Ask for the role; None when another has it, or when nothing is known and ``_away``."""
        asked = _now()
        try:
            is_held = await self._roles.hold_role(self._role, self._holder, self._held_for)
        except StoreError as error:
            self._note_away(type(error).__name__)
            return None
        except Exception:  # noqa: BLE001 - the next try may succeed
            self._away = True
            report("duty.request_failed", role=self._role)
            return None
        self._away = False
        return asked + self._seconds * (1 - _FAREWELL) if is_held else None

    def _note_away(self, error: str) -> None:
        if not self._away:
            log.debug("duty.store_away", role=self._role, error=error)
        self._away = True

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(_LEAVING_TIME):
                await self._roles.leave_role(self._role, self._holder)
        except (StoreError, TimeoutError) as error:
            log.warning("duty.not_left", role=self._role, error=type(error).__name__)


def _now() -> float:
    return asyncio.get_running_loop().time()
