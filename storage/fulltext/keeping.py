"""Gives a store the methods of the knowledge port."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # A listing of sessions needs none of it, and shall not take the time to import it.
    from sessions.model import WorkspaceId
    from sessions.ports.knowledge import Document, Found, Knowledge, Passage

    class Shelf(Knowledge, Protocol):
        """What a store keeps its documents on."""

        async def close(self) -> None:
            """Let go of files. Repeating it is a no-op."""
            ...


class KeepsKnowledge(ABC):
    """A part of a store: hands the port's calls on to a shelf, which is made when it is needed first."""

    _shelf: "Shelf | None" = None

    @abstractmethod
    def _make_shelf(self) -> "Shelf":
        """Make the shelf, which takes any text."""

    @property
    def _knowledge(self) -> "Shelf":
        if self._shelf is None:
            self._shelf = self._make_shelf()
        return self._shelf

    async def _close_shelf(self) -> None:
        if self._shelf is not None:
            await self._shelf.close()

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
