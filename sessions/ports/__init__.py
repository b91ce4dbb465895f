"""What the core needs from outside: a store, a model, and replies on the platforms.

The store's ports are a contract. Each method is one atomic step, durable when it returns, and may
be repeated after a lost reply with the same result; the event id or turn id it carries makes it so.
Any method may raise :class:`~sessions.errors.StoreUnavailable`; then nothing was written, or what
was written is found by the repeat. A backend can serve a warm turn in two awaited round trips,
:meth:`Turns.accept` and :meth:`Turns.commit`; the others overlap the model or the sends.
"""

from typing import Protocol

from sessions.ports.catalog import (
    DELETED_NOTE,
    LISTING_MEMORY,
    Catalog,
    Cursor,
    NewSession,
    Quarantined,
    SessionPage,
    WorkspacePage,
)
from sessions.ports.errands import Errand, Errands
from sessions.ports.model import ChatModel, Done, Piece, Prompt, PromptMessage, Restart, Text
from sessions.ports.replies import Grant, Replies, Reply
from sessions.ports.turns import (
    EVENT_MEMORY,
    NEWS_LIMIT,
    Accepted,
    Claim,
    Committed,
    Known,
    Proposal,
    Renewal,
    Turns,
    Wake,
    Wakeup,
    Work,
)

__all__ = [
    "DELETED_NOTE",
    "EVENT_MEMORY",
    "LISTING_MEMORY",
    "NEWS_LIMIT",
    "Accepted",
    "Catalog",
    "ChatModel",
    "Claim",
    "Committed",
    "Cursor",
    "Done",
    "Errand",
    "Errands",
    "Grant",
    "Known",
    "NewSession",
    "Piece",
    "Prompt",
    "PromptMessage",
    "Proposal",
    "Quarantined",
    "Renewal",
    "Replies",
    "Reply",
    "Restart",
    "SessionPage",
    "Store",
    "Text",
    "Turns",
    "Wake",
    "Wakeup",
    "Work",
    "WorkspacePage",
]


class Store(Turns, Catalog, Errands, Protocol):
    """A backend: all the ports over one set of data."""

    async def close(self) -> None:
        """Let go of files and connections. Repeating it is a no-op."""
        ...
