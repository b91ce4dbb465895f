"""Knowledge: a workspace's documents, divided into passages that can be found by what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from sessions.model import WorkspaceId

DocumentId = NewType("DocumentId", str)

MOST_TERMS = 32
"""Words of a search that count."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document by its ``source``: the name people know it by (a path, an address), unique.

    ``digest`` is of its bytes and of how they were read, in hex: the same one means nothing is to be
    done. ``size`` is in bytes.
    """

    id: DocumentId
    source: str
    title: str
    digest: str
    size: int
    passages: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document. ``place`` says where it stands: ``lines 10-42``, ``page 3``, a heading.

    ``vector`` is its embedding as signed bytes, scaled to the length 127, or empty.
    """

    number: int
    place: str
    text: str
    vector: bytes = b""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a search found; a higher score fits better, within one search."""

    document: DocumentId
    source: str
    passage: Passage
    score: float


class Knowledge(Protocol):
    """The documents of a workspace, and the index over their passages."""

    async def put_document(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
    ) -> None:
        """Keep the document instead of an earlier one of that source, its passages with it.

        A search finds all of it or nothing. After a crash on the way the earlier one (or none) is there
        and nothing is left of the new one that is ever found; a repeat succeeds.
        """
        ...

    async def document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """Look a document up by its source, exactly."""
        ...

    async def documents(self, workspace: WorkspaceId, after: str, limit: int) -> tuple[Document, ...]:
        """Documents whose source comes after that one, in the order of sources."""
        ...

    async def drop_document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """Erase the document and its passages. None, and no-op, when it is not there."""
        ...

    async def find_passages(
        self, workspace: WorkspaceId, terms: Sequence[str], limit: int
    ) -> tuple[Found, ...]:
        """Passages with any of these words, best first: rare words count more, as in BM25.

        Words are folded and compared without their usual English endings. Beyond MOST_TERMS they are
        ignored.
        """
        ...

    async def near_passages(self, workspace: WorkspaceId, vector: bytes, limit: int) -> tuple[Found, ...]:
        """Passages by the cosine of their vector with this one, highest first; others have none."""
        ...
