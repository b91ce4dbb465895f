"""Documents come and go in Redis: see :class:`sessions.ports.knowledge.Knowledge`.

A document's passages and words are put into a stretch of numbers of its own, in parts; then one script
lets all of it be found, in the place of the earlier one. What belongs to no document is cleared in parts
too, by whoever puts or drops the next one in the workspace if its process did not live to do it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog

from sessions.errors import StoreDamaged, StoreUnavailable
from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, Passage
from storage.redis.calls import blob, number, packed, row, text
from storage.redis.passages import (
    Addition,
    additions,
    document_record,
    laid,
    laid_part,
    record_of,
    row_of,
    token_of,
)
from storage.redis.records import microseconds
from storage.redis.searching import Searching
from storage.wellformed import mends_text

_PATIENCE = microseconds(timedelta(minutes=5))
"""How long a document that is being put may show no progress before its stretch is cleared."""
_TRIES = 3
_PARTS = 16
"""Parts of a stretch that are read at once to be cleared."""

log = structlog.get_logger(__name__)


@mends_text
class Library(Searching):
    """What changes the documents of a workspace."""

    async def put_document(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
    ) -> None:
        """See :meth:`sessions.ports.knowledge.Knowledge.put_document`.

        A repeat goes on where it was broken off.
        """
        token = await asyncio.to_thread(token_of, document, passages)
        for _ in range(_TRIES):
            left = await self._put_whole(workspace, document, passages, token)
            if left is not None:
                await self._clear(workspace, left)
                return
        raise StoreUnavailable("a document was put so slowly that it was given up meanwhile")

    async def drop_document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.drop_document`."""
        await self.document(workspace, source)  # puts one aside that cannot be read
        keys = self._calls.keys.of(workspace).knowledge
        args = packed(self._calls.clock, source)
        record, left = row(await self._calls.run("drop_document", keys.of_shelf, args))
        await self._clear(workspace, map(number, row(left)))
        return None if record is None else document_record(blob(record)).document(source)

    async def _put_whole(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage], token: str
    ) -> list[int] | None:
        """Put it; returns which stretches are to be cleared, None where its own was given up."""
        keys = self._calls.keys.of(workspace).knowledge
        args = packed(self._calls.clock, document.source, token, len(passages), _PATIENCE)
        begun = row(await self._calls.run("begin_document", keys.of_shelf, args))
        if text(begun[0]) == "there":
            return list(map(number, row(begun[1])))
        first = number(begun[1])
        parts = await self._add_all(workspace, first, number(begun[2]), passages)
        if parts is None:
            return None
        record = record_of(document, passages, token, first)
        args = packed(self._calls.clock, document.source, parts, record)
        left = await self._calls.run("publish_document", keys.of_shelf, args)
        return None if left is None else list(map(number, row(left)))

    async def _add_all(
        self, workspace: WorkspaceId, first: int, there: int, passages: Sequence[Passage]
    ) -> int | None:
        """Fill the stretch, of which some parts are there. Returns of how many it consists."""
        parts, adding = 0, additions(first, passages)
        while (addition := await asyncio.to_thread(next, adding, None)) is not None:
            if parts >= there and not await self._add(workspace, first, parts, addition):
                return None
            parts += 1
        return parts

    async def _add(self, workspace: WorkspaceId, first: int, place: int, addition: Addition) -> bool:
        keys, part = self._calls.keys.of(workspace).knowledge, addition.part
        counts = (len(addition.texts) // 2, len(addition.vectors) // 2, len(addition.rows))
        head = (self._calls.clock, first, place, _PATIENCE, part.leaf, addition.length, *counts)
        args = (*addition.texts, *addition.vectors, *addition.rows, *addition.rows.values())
        names = keys.of_part(first, part.leaf)
        # What waits for replicas is the script that lets it be found: they have this one before.
        return bool(
            await self._calls.run("add_passages", names, packed(*head), laid(part), *args, durable=False)
        )

    async def _clear(self, workspace: WorkspaceId, stretches: Iterable[int]) -> None:
        """Clear what belongs to no document. If that fails, somebody does it later."""
        try:
            for first in stretches:
                await self._clear_stretch(workspace, first)
        except StoreUnavailable as failure:
            log.warning("knowledge.not_cleared", workspace=workspace, why=str(failure))

    async def _clear_stretch(self, workspace: WorkspaceId, first: int) -> None:
        keys = self._calls.keys.of(workspace).knowledge
        name = keys.laid(first)
        while parts := row(await self._calls.client.command(name, b"LRANGE", name, 0, _PARTS - 1)):
            for kept in map(blob, parts):
                await self._clear_part(workspace, first, kept)
        await self._calls.run("forget_stretch", [*keys.of_shelf, keys.leaves, name], first, durable=False)

    async def _clear_part(self, workspace: WorkspaceId, first: int, kept: bytes) -> None:
        keys = self._calls.keys.of(workspace).knowledge
        try:
            part = laid_part(kept)
        except StoreDamaged as damage:
            where, why = f"words of passages from number {first} of workspace {workspace}", str(damage)
            names = [keys.laid(first), keys.quarantine]
            await self._calls.run("set_aside_part", names, where, why, kept)
            log.error("store.quarantined", place=where, why=why)  # noqa: TRY400 - no trace of a record
            return
        names = keys.of_part(first, part.leaf)
        rows = defaultdict[int, list[str]](list)
        for word in part.words:
            rows[row_of(word)].append(word)
        head = packed(part.leaf, part.low, part.high, list(rows.values()))
        await self._calls.run("clear_passages", names, head, kept, *rows, durable=False)
