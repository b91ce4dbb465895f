"""Gives a store the methods of the knowledge port."""

from collections.abc import Sequence

from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, Found, Knowledge, Passage


class KeepsKnowledge:
    """A part of a store: hands the port's calls on to ``_knowledge``, which takes any text."""

    _knowledge: Knowledge

    async def put_document(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
    ) -> None:
        """See :meth:`sessions.ports.knowledge.Knowledge.put_document`."""
        await self._knowledge.put_document(workspace, document, passages)

    async def document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.document`."""
        return await self._knowledge.document(workspace, source)

    async def documents(self, workspace: WorkspaceId, after: str, limit: int) -> tuple[Document, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.documents`."""
        return await self._knowledge.documents(workspace, after, limit)

    async def drop_document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.drop_document`."""
        return await self._knowledge.drop_document(workspace, source)

    async def find_passages(
        self, workspace: WorkspaceId, terms: Sequence[str], limit: int
    ) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.find_passages`."""
        return await self._knowledge.find_passages(workspace, terms, limit)

    async def near_passages(self, workspace: WorkspaceId, vector: bytes, limit: int) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.near_passages`."""
        return await self._knowledge.near_passages(workspace, vector, limit)
