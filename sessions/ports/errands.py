"""Commands that came as chat messages, from "taken" until they are answered."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sessions.model import EventId, Holder, Platform


@dataclass(frozen=True, slots=True)
class Errand:
    """A command that came as a chat message: taken over from the platform, not yet carried out.

    ``body`` is the adapter's own bytes.
    """

    event: EventId
    platform: Platform
    body: bytes


class Errands(Protocol):
    """Commands between the moment the platform is told "taken" and the moment they are answered."""

    async def admit(self, errand: Errand, holder: Holder, duration: timedelta) -> bool:
        """Keep the errand for the holder; False for an event that was seen before."""
        ...

    async def finish(self, event: EventId) -> None:
        """The errand is done and answered; the event stays known. No-op when it is not kept."""
        ...

    async def adopt(
        self, platforms: frozenset[Platform], holder: Holder, duration: timedelta, limit: int
    ) -> tuple[Errand, ...]:
        """Take over unfinished errands whose holder's time has run out, oldest first."""
        ...
