"""What the core needs to do a task: several steps as one turn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sessions.model import Usage
from sessions.ports.turns import Work


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What a task came to: the answer of its turn, and the run that waits for a decision, if one does."""

    text: str
    note: str = ""
    decision: str = ""
    step: str = ""
    usage: Usage = Usage()


class Tasks(Protocol):
    """Does the tasks of turns. Whatever a task did is kept, so that another process can go on with it."""

    async def carry_out(self, work: Work, show: Callable[[str], None]) -> TaskOutcome:
        """Do the task of the turn; ``show`` is called with its progress so far, as Markdown.

        Called again for the same turn, after a crash or StoreUnavailable, it goes on where it was.
        Cancelled, it leaves what can be resumed. Raises UserError and ModelError, whose texts become the
        answer.
        """
        ...

    async def steps_ended(self, work: Work) -> int:
        """How many steps of the turn's run have ended: so often it may be taken over beyond the usual.

        After StoreUnavailable it is called again.
        """
        ...
