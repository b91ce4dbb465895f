"""Facts: what is remembered about a person or a workspace beyond any session."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from sessions.model import Audience, PersonId, WorkspaceId

FactId = NewType("FactId", str)

MOST_FACTS = 1_000
"""A workspace remembers at most this many."""

LONGEST_FACT = 1_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence worth remembering.

    ``about`` is a person, or empty for the workspace. ``audience`` says who may read it: it enters no
    prompt and no list outside of it.
    """

    id: FactId
    text: str
    audience: Audience
    about: PersonId
    at: datetime


class Facts(Protocol):
    """What a workspace remembers."""

    async def remember(self, workspace: WorkspaceId, fact: Fact) -> bool:
        """Keep the fact; False, and nothing is changed, when that id is kept.

        An id that was forgotten counts as kept for EVENT_MEMORY. Nor is a fact kept whose text, folded
        as names are, stands already in one of the same audience about the same. Raises UsageError when
        MOST_FACTS are remembered, NoSuchSession when there is no such workspace.
        """
        ...

    async def facts(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None
    ) -> tuple[Fact, ...]:
        """All facts of these audiences (None: of all), newest first, ties by id."""
        ...

    async def forget(self, workspace: WorkspaceId, fact: FactId) -> Fact | None:
        """Erase the fact and return it. None, and no-op, when it is not there."""
        ...
