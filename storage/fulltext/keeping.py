"""Gives a store the methods of the knowledge port."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # A listing of sessions needs none of it, and shall not take the time to import it.
    from sessions.model import WorkspaceId
    from sessions.ports.knowledge import Document, Found, Knowledge, Passage

    class KeptDocuments(Knowledge, Protocol):
        """What a store keeps its documents on."""

        async def close(self) -> None:
            """Let go of files. Repeating it is a no-op."""
            ...


class KeepsKnowledge(ABC):
    """A part of a store: hands the port's calls on to what is made when it is needed first."""

    _documents: "KeptDocuments | None" = None

    @abstractmethod
    def _open_documents(self) -> "KeptDocuments":
        """Make what keeps the documents; it takes any text."""

    @property
    def _knowledge(self) -> "KeptDocuments":
        if self._documents is None:
            self._documents = self._open_documents()
        return self._documents

    async def _close_documents(self) -> None:
        if self._documents is not None:
            await self._documents.close()

    async def put_document(
        self, workspace: "WorkspaceId", document: "Document", passages: "Sequence[Passage]"
    ) -> None:
        """See :meth:`sessions.ports.knowledge.Knowledge.put_document`."""
        await self._knowledge.put_document(workspace, document, passages)

    async def document(self, workspace: "WorkspaceId", source: str) -> "Document | None":
        """See :meth:`sessions.ports.knowledge.Knowledge.document`."""
        return await self._knowledge.document(workspace, source)

    async def documents(self, workspace: "WorkspaceId", after: str, limit: int) -> "tuple[Document, ...]":
        """See :meth:`sessions.ports.knowledge.Knowledge.documents`."""
        return await self._knowledge.documents(workspace, after, limit)

    async def drop_document(self, workspace: "WorkspaceId", source: str) -> "Document | None":
        """See :meth:`sessions.ports.knowledge.Knowledge.drop_document`."""
        return await self._knowledge.drop_document(workspace, source)

    async def find_passages(
        self, workspace: "WorkspaceId", terms: Sequence[str], limit: int
    ) -> "tuple[Found, ...]":
        """See :meth:`sessions.ports.knowledge.Knowledge.find_passages`."""
        return await self._knowledge.find_passages(workspace, terms, limit)

    async def near_passages(
        self, workspace: "WorkspaceId", vector: bytes, limit: int
    ) -> "tuple[Found, ...]":
        """See :meth:`sessions.ports.knowledge.Knowledge.near_passages`."""
        return await self._knowledge.near_passages(workspace, vector, limit)
