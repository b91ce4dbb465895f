"""What the core needs of a chat platform: a place to show an answer."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sessions.model import Answer, Platform, ReplyRecord, Turn, Used


class Grant(Protocol):
    """A lane's leave to send for its session, handed to a Reply."""

    def seconds_left(self) -> float:
        """How long the lease surely lasts, by the local monotonic clock; send nothing past it.

        A request may be sent only if its time-out is shorter than this.
        """
        ...

    def longest_call(self) -> float:
        """How many seconds one request may take at most, so that a renewal always comes in between."""
        ...

    async def keep(self, reply: ReplyRecord) -> None:
        """Store where the answer stands before (intents) or after (ids) a send. Raises LeaseLost."""
        ...


class Reply(Protocol):
    """The answer in progress on a platform."""

    def draw_on(self, used: Used) -> None:
        """Head the answer with what it draws on; called once at most, before any text is shown."""
        ...

    def show(self, text: str) -> None:
        """Show the answer so far when the platform's pace allows; the latest call wins."""
        ...

    async def finish(self, answer: Answer) -> None:
        """Bring the platform to exactly this answer; returns when every part has arrived.

        Retries what may pass; returns also when the platform refuses for good (and logs it).
        Raises LeaseLost when the grant ends first.
        """
        ...


class Replies(Protocol):
    """Opens replies on the platforms that this process serves."""

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms whose answers this process can deliver."""
        ...

    def open(self, turn: Turn, grant: Grant) -> AbstractAsyncContextManager[Reply]:
        """Begin or take up the reply of a turn; leaving the context ends its background work.

        An uncommitted turn with recorded parts was taken over: those messages are deleted and new
        ones sent. A committed turn's parts are edited in place.
        """
        ...
