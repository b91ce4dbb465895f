"""Moving out: a transcript from its first message to its last, a page at a time."""

from collections.abc import AsyncIterator

from sessions.model import Message, Session, WorkspaceId
from sessions.ports.catalog import Catalog, Cursor

PAGE = 200
"""So many messages or sessions are in memory."""


async def whole_transcript(store: Catalog, session: Session) -> AsyncIterator[Message]:
    """All messages that the session had when it was looked up, oldest first."""
    place = 0
    while place < session.tally.messages:
        end = min(place + PAGE, session.tally.messages)
        page = await store.transcript(session.key, end, end - place)
        if not page:
            return
        for message in page:
            yield message
        # By what came: where a message was damaged, those behind it moved up.
        place += len(page)


async def all_sessions(store: Catalog, workspace: WorkspaceId) -> AsyncIterator[Session]:
    """All sessions of the workspace, newest activity first."""
    after: Cursor | None = None
    while True:
        page = await store.page(workspace, None, after, PAGE)
        for session in page.sessions:
            yield session
        after = page.next
        if after is None:
            return
