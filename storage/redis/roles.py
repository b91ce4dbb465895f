"""Roles and the crew in Redis: see :class:`sessions.ports.roles.Roles`."""

from datetime import timedelta

from sessions.model import Holder, RoleName
from sessions.ports.roles import Crew
from storage.redis.calls import number, packed, row
from storage.redis.records import microseconds
from storage.redis.room import Room
from storage.wellformed import mends_text


@mends_text
class Roles(Room):
    """All in one slot: they are few and seldom asked for."""

    async def hold_role(self, role: RoleName, holder: Holder, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.roles.Roles.hold_role`."""
        args = packed(self._calls.clock, holder, microseconds(duration))
        return bool(await self._calls.run("hold_role", [self._calls.keys.role(role)], args))

    async def leave_role(self, role: RoleName, holder: Holder) -> None:
        """See :meth:`sessions.ports.roles.Roles.leave_role`."""
        await self._calls.run("leave_role", [self._calls.keys.role(role)], holder, durable=False)

    async def muster(self, holder: Holder, lanes: int, duration: timedelta) -> Crew:
        """See :meth:`sessions.ports.roles.Roles.muster`."""
        args = packed(self._calls.clock, holder, lanes, microseconds(duration))
        living, running = row(await self._calls.run("muster", [self._calls.keys.crew], args))
        return Crew(number(living), number(running))

    async def dismiss(self, holder: Holder) -> None:
        """See :meth:`sessions.ports.roles.Roles.dismiss`."""
        crew = self._calls.keys.crew
        await self._calls.client.command(crew, b"HDEL", crew, holder)
