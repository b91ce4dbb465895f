"""What the core does with an answer beside showing it: remembering what was said."""

from typing import Protocol

from sessions.model import TurnResult
from sessions.ports.turns import Work


class Afterthought(Protocol):
    """Thinks about a turn when its answer is written."""

    async def at_once(self, work: Work, answer: str) -> str:
        """Do what the person asked for beside the answer, before it is committed.

        Returns a line for the person, or nothing. May be called again for the same turn. Raises nothing
        and takes a bounded time: the answer is there and waits to be committed.
        """
        ...

    async def later(self, work: Work, result: TurnResult) -> None:
        """Think about a turn that was committed; a crash may lose it."""
        ...
