"""The words of ``/knowledge`` as plain async methods: one implementation for every surface.

Adding is the operator's, who has the files: :mod:`sessions.knowledge.adding`.
"""

import difflib
from dataclasses import dataclass
from typing import Protocol

from sessions.commands import Caller
from sessions.errors import NoSuchDocument, NotPermitted, UsageError
from sessions.knowledge.searching import Searching
from sessions.model import Workspace
from sessions.ports.catalog import Catalog
from sessions.ports.knowledge import Document, Found, Knowledge

PAGE_SIZE = 10
SHOWN = 5
"""So many passages a search shows."""

WORDS = ("list", "search", "remove")

_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class DocumentsListed:
    """A page of documents by source, counted from ``first``; ``more`` follow on other pages."""

    documents: tuple[Document, ...]
    first: int
    page: int
    more: bool


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The passages that fit best. ``empty``: there is no document at all."""

    query: str
    found: tuple[Found, ...]
    empty: bool = False


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """The document as it was; nothing of it is found any more."""

    document: Document


KnowledgeOutcome = DocumentsListed | PassagesFound | DocumentRemoved


class KnowledgeStore(Knowledge, Catalog, Protocol):
    """The ports of a store that these commands use."""


class KnowledgeCommands:
    """What a person can ask of a workspace's documents; everybody in it may read them."""

    def __init__(self, store: KnowledgeStore, searching: Searching) -> None:
        self._store = store
        self._searching = searching

    async def list(self, caller: Caller, page: int = 1) -> DocumentsListed:
        """List a page of the documents. Its cost grows with its number."""
        if page < 1:
            raise UsageError("Pages count from 1. Say “knowledge list 2” for example.")
        workspace = await self._workspace(caller)
        skip = (page - 1) * PAGE_SIZE
        found = await self._store.documents(workspace.id, "", skip + PAGE_SIZE + 1)
        if skip and len(found) <= skip:
            last = max(1, -(-len(found) // PAGE_SIZE))
            raise UsageError(f"There is no page {page}. The last page is {last}.")
        shown = found[skip : skip + PAGE_SIZE]
        return DocumentsListed(shown, skip + 1, page, len(found) > skip + PAGE_SIZE)

    async def search(self, caller: Caller, query: str, *, limit: int = SHOWN) -> PassagesFound:
        """Find the passages that fit best."""
        if not query.strip():
            raise UsageError("Say what to search for, in a few words.")
        workspace = await self._workspace(caller)
        found = await self._searching.find(workspace.id, query, limit)
        empty = not found and not await self._store.documents(workspace.id, "", 1)
        return PassagesFound(query, found, empty)

    async def remove(self, caller: Caller, source: str) -> DocumentRemoved:
        """Remove a document by its exact source. Raises NoSuchDocument, with names that are near.

        Raises NotPermitted for everybody but the operator and administrators of the chat.
        """
        if not (caller.operator or await caller.administers()):
            raise NotPermitted("Only an administrator of this chat can remove documents.")
        wanted = source.strip()
        if not wanted:
            raise UsageError("Say which document, by its source as the list shows it.")
        workspace = await self._workspace(caller)
        removed = await self._store.drop_document(workspace.id, wanted)
        if removed is None:
            raise NoSuchDocument(await self._unknown(workspace, wanted))
        return DocumentRemoved(removed)

    async def _workspace(self, caller: Caller) -> Workspace:
        return await self._store.workspace(caller.place.workspace, caller.place.home)

    async def _unknown(self, workspace: Workspace, wanted: str) -> str:
        sources = [one.source for one in await self._store.documents(workspace.id, "", _COMPARED)]
        ends = [one for one in sources if one.casefold().endswith(f"/{wanted.casefold()}")]
        near = ends[:3] or difflib.get_close_matches(wanted, sources, 3)
        hint = f" Did you mean {' or '.join(f'“{name}”' for name in near)}?" if near else ""
        shown = wanted if len(wanted) <= 200 else wanted[:199] + "…"
        return f"There is no document “{shown}”.{hint} The list of documents shows what is there."
