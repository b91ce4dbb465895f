"""What an answer can draw on beside its session: facts, knowledge, other sessions, files."""

from dataclasses import dataclass
from typing import Protocol

from sessions.model import Used
from sessions.ports.turns import Work


@dataclass(frozen=True, slots=True)
class Ground:
    """Background for one prompt: Markdown below a heading of its own, and what of it to name.

    The numbers in its citations count on from ``first_source`` of the asking call.
    """

    text: str
    used: Used = Used()


class Grounds(Protocol):
    """One kind of background."""

    async def ground(self, work: Work, budget: int, first_source: int) -> Ground | None:
        """Gather what helps with the turn, in at most ``budget`` estimated tokens; None for nothing.

        Sources are numbered from ``first_source``. Raises UserError when what was asked for cannot be
        had. After StoreUnavailable it is called again until the store is back, the person stops the turn
        or the lease is lost. Whatever else it asks has a time-out: the session waits meanwhile.
        """
        ...
