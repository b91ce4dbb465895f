"""Knowledge in files: readable documents are the truth, and an index over them can be rebuilt.

``workspaces/<id>/knowledge/<digest of the source>.json`` is a document with its passages, written at
once and synced. ``knowledge.index`` beside the journal of the root is an SQLite database with FTS5 that
holds nothing but what those files say: where it is missing, damaged or behind, it is made from them. A
search looks whether the folder was changed since, by whatever program.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sessions.errors import StoreUnavailable
from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, Found, Passage
from storage.file.folder import Folder
from storage.file.library import Library
from storage.file.quarantine import Quarantine
from storage.wellformed import takes_any_text, well_formed

T = TypeVar("T")


@takes_any_text
class FileDocuments:
    """The knowledge port over one library, on a thread of its own: no turn waits for it."""

    def __init__(self, folder: Folder, quarantine: Quarantine, clock: Callable[[], datetime]) -> None:
        self._library = Library(folder, quarantine, clock)
        self._thread: ThreadPoolExecutor | None = None
        self._closed = False

    async def close(self) -> None:
        """Finish what was begun and let go of the files. Repeating it is a no-op."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._library.close)
            thread.shutdown()

    async def put_document(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
    ) -> None:
        """See :meth:`sessions.ports.knowledge.Knowledge.put_document`."""
        given = well_formed(tuple(passages))
        await self._do(lambda: self._library.put(workspace, document, given))

    async def document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.document`."""
        return await self._do(lambda: self._library.find(workspace, source))

    async def documents(self, workspace: WorkspaceId, after: str, limit: int) -> tuple[Document, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.documents`."""
        return await self._do(lambda: self._library.page(workspace, after, limit))

    async def drop_document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.drop_document`."""
        return await self._do(lambda: self._library.drop(workspace, source))

    async def find_passages(
        self, workspace: WorkspaceId, terms: Sequence[str], limit: int
    ) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.find_passages`."""
        said = well_formed(tuple(terms))
        return await self._do(lambda: self._library.find_words(workspace, said, limit))

    async def near_passages(self, workspace: WorkspaceId, vector: bytes, limit: int) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.near_passages`."""
        return await self._do(lambda: self._library.find_near(workspace, vector, limit))

    async def _do(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "parley-file-knowledge")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
