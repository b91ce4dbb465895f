"""One place in chat where an answer is shown: what an adapter provides to the streamed reply."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

P = TypeVar("P")


class OutletError(Exception):
    """A platform did not do what it was asked.

    Its text may be logged: it names methods, codes and types, never contents, names, tokens or URLs.
    """


class Flooded(OutletError):
    """Too many calls: nothing was done; ask again after ``retry_after``."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"retry after {retry_after.total_seconds():g} s")
        self.retry_after = retry_after


class Unreachable(OutletError):
    """No answer, or a failure of the far end. A send may or may not have been applied."""


class LoggedOut(Unreachable):
    """The platform does not know the bot's token, for the time being or for good: nothing was done."""


class MessageGone(OutletError):
    """The message to edit is not there any more, or cannot be edited."""


class Closed(OutletError):
    """The place takes no messages of ours any more: kicked, blocked, deleted, closed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked to decide: whether a run goes on past the step that it waits for."""

    run: str
    step: str


class Outlet(Protocol[P]):
    """Sends, edits and deletes messages of one reply. ``P`` is one message's rendered content.

    Contents compare equal if and only if they look the same. Every call ends within ``time_out``. Any
    call may raise Flooded, Unreachable or Closed.
    """

    @property
    def chat(self) -> str:
        """What the platform's pace is counted by: replies with the same value share it."""
        ...

    @property
    def time_out(self) -> timedelta:
        """The longest that one call takes."""
        ...

    @property
    def placeholder(self) -> P:
        """What the first message says before there is text."""
        ...

    def render(self, text: str, note: str) -> tuple[P, ...]:
        """Split Markdown and a note to the person into messages within the platform's limit.

        Formatting is valid in each of them. Both empty: no messages.
        """
        ...

    def mark_repeat(self, part: P) -> P:
        """Put a line above the content that says it may have been sent before."""
        ...

    def offer(self, part: P, asked: Asked) -> P:
        """Put buttons below the content with which a person decides."""
        ...

    async def send(self, part: P, index: int) -> str:
        """Send the ``index``-th message of the answer (the 0th replies to the Inbound); its id."""
        ...

    async def edit(self, message: str, part: P) -> None:
        """Bring a message to this content; fine if it has it already. Raises MessageGone."""
        ...

    async def delete(self, message: str) -> None:
        """Delete a message; fine if it is gone already."""
        ...

    async def find(self, index: int) -> str | None:
        """Look for the ``index``-th message of this answer where a send's result was lost.

        None when it surely was not sent, or when the platform cannot tell (see ``can_find``).
        """
        ...

    @property
    def can_find(self) -> bool:
        """Whether None from :meth:`find` is certain."""
        ...

    async def typing(self) -> None:
        """Show for some seconds that an answer is being written."""
        ...
