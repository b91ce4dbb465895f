"""The knowledge port over the tables, for whoever can run a piece of work as one transaction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, Found, Passage
from storage.fulltext import documents
from storage.fulltext.searching import Nearness, find_words
from storage.fulltext.statements import Statements
from storage.wellformed import takes_any_text, well_formed

T = TypeVar("T")


@takes_any_text
class KeptDocuments(ABC):
    """A subclass says where transactions run. Documents are written in many short ones."""

    def __init__(self) -> None:
        self._nearness = Nearness()

    @abstractmethod
    async def _write(self, work: Callable[[Statements, int], T]) -> T:
        """Run the work as one transaction that is durable; it gets the time in microseconds."""

    @abstractmethod
    async def _look(self, look: Callable[[Statements], T]) -> T:
        """Run what changes nothing and takes no time worth speaking of."""

    @abstractmethod
    async def _search(self, look: Callable[[Statements], T]) -> T:
        """Run a search over one state of the database; searches run one after the other."""

    async def put_document(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
    ) -> None:
        """See :meth:`sessions.ports.knowledge.Knowledge.put_document`."""
        given = well_formed(tuple(passages))
        parts = list(documents.parts(given))
        if len(parts) <= 1:
            more = await self._write(
                partial(documents.put, workspace=workspace, document=document, passages=given)
            )
        else:
            staged = await self._write(lambda step, now: documents.begin(step, now, workspace, document))
            for first, some in parts:
                await self._write(partial(documents.stage, staged=staged, first=first, passages=some))
            await self._write(lambda step, now: documents.show(step, now, staged))
            more = True
        while more:
            more = await self._write(documents.clean)

    async def document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.document`."""
        return await self._look(lambda step: documents.find(step, workspace, source))

    async def documents(self, workspace: WorkspaceId, after: str, limit: int) -> tuple[Document, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.documents`."""
        return await self._look(lambda step: documents.page(step, workspace, after, limit))

    async def drop_document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.drop_document`."""
        dropped = await self._write(lambda step, _: documents.hide(step, workspace, source))
        while await self._write(documents.clean):
            pass
        return dropped

    async def find_passages(
        self, workspace: WorkspaceId, terms: Sequence[str], limit: int
    ) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.find_passages`."""
        said = well_formed(tuple(terms))
        return await self._search(lambda step: find_words(step, workspace, said, limit))

    async def near_passages(self, workspace: WorkspaceId, vector: bytes, limit: int) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.near_passages`."""
        return await self._search(lambda step: self._nearness.find(step, workspace, vector, limit))
