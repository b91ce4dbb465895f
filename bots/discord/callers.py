"""Who uses a command, and what Discord says that they may do."""

from dataclasses import dataclass
from typing import Protocol

import structlog

from bots.discord.events import Interaction, User, display_name, sent_at
from bots.discord.places import Kind, Spot, channel_of, person_of
from bots.outlet import OutletError
from sessions.commands import Caller
from sessions.model import Audience, EventId

_ADMINISTERS = 1 << 3 | 1 << 5
"""Administrator and Manage Guild; who moderates one channel has no say over sessions of the others.

https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
"""
_NOBODY = User("0")

log = structlog.get_logger(__name__)


class Viewing(Protocol):
    """What knows who may read a channel."""

    async def views(self, channel: str, person: str) -> bool:
        """Whether a person may read a channel or thread of a guild. Raises OutletError."""
        ...


@dataclass(frozen=True, slots=True)
class Callers:
    """Makes Callers of interactions."""

    viewing: Viewing

    def user(self, used: Interaction) -> str:
        """The id of the person."""
        return _user(used).id

    def of(self, used: Interaction, spot: Spot) -> Caller:
        """Return the person, in the place, by this interaction."""
        user = _user(used)

        async def administers() -> bool:
            granted = int(used.member.permissions) if used.member else 0
            return spot.kind is Kind.DIRECT or bool(granted & _ADMINISTERS)

        async def reads(audience: Audience) -> bool:
            return await self._reads(audience, user.id)

        return Caller(
            person=person_of(user.id, display_name(user, used.member)),
            place=spot.place,
            event=EventId(f"discord:i:{used.id}"),
            said_at=sent_at(used.id),
            administers=administers,
            reads=reads,
        )

    async def _reads(self, audience: Audience, user: str) -> bool:
        channel = channel_of(audience)
        if channel is None:
            return False
        try:
            return await self.viewing.views(channel, user)
        except OutletError as error:
            log.info("discord.sight_unknown", error=type(error).__name__)
            return False


def _user(used: Interaction) -> User:
    if used.member is not None and used.member.user is not None:
        return used.member.user
    return used.user or _NOBODY
