"""Bringing: whole sessions from elsewhere, put into a store as they were there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sessions.model import (
    Audience,
    Message,
    PersonId,
    Preferences,
    Role,
    Session,
    SessionId,
    Tally,
    WorkspaceId,
)
from sessions.names import MAX_LENGTH


@dataclass(frozen=True, slots=True)
class Brought:
    """A session with its transcript and its own times.

    ``id`` is derived from where it comes from, so that it is known again. ``tokens``, ``context`` and
    ``estimated`` are those of its tally. No message is without content.
    """

    id: SessionId
    name: str
    audience: Audience
    starter: PersonId
    created_at: datetime
    active_at: datetime
    title: str = ""
    preferences: Preferences = Preferences()
    archived_at: datetime | None = None
    tokens: int = 0
    context: int = 0
    estimated: bool = False
    messages: tuple[Message, ...] = ()

    def tally(self) -> Tally:
        """What the session amounts to."""
        return Tally(
            messages=len(self.messages),
            user_messages=sum(one.role is Role.USER for one in self.messages),
            agent_messages=sum(one.role is Role.ASSISTANT for one in self.messages),
            tokens=self.tokens,
            context=self.context,
            size=sum(len(one.content.encode()) for one in self.messages),
            estimated=self.estimated,
        )

    def names(self) -> tuple[str, ...]:
        """The names to try in order: its own, and with more and more of the id behind it."""
        ends = (f"-{self.id[-6:]}", f"-{self.id}"[:MAX_LENGTH])
        return (self.name, *(f"{self.name[: MAX_LENGTH - len(end)]}{end}" for end in ends))


class Bringing(Protocol):
    """Takes in sessions that were held elsewhere."""

    async def bring(self, workspace: WorkspaceId, brought: Brought) -> Session:
        """Make the session with all its messages, bound to nothing: paused, or archived.

        Where its id is there already, also as a tombstone, nothing is written and what is there is
        returned. Of :meth:`Brought.names` it gets the first that is free. Raises NoSuchSession for a
        workspace that does not exist, NameTaken when none of the names is free.
        """
        ...
