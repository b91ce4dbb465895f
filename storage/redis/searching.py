"""Looking for documents and passages in Redis: see :class:`sessions.ports.knowledge.Knowledge`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import structlog

from sessions.errors import StoreDamaged
from sessions.knowledge.words import words
from sessions.model import WorkspaceId
from sessions.ports.knowledge import MOST_TERMS, Document, Found
from storage.redis.calls import Calls, blob, number, packed, row, text
from storage.redis.homes import Homes
from storage.redis.passages import LEAF, UnreadableRecord, document_record, found_passage
from storage.redis.places import PlaceMemory, Rank
from storage.redis.ranking import by_vector
from storage.redis.room import Room
from storage.redis.vectors import VectorMemory
from storage.wellformed import mends_text

_MOST_AT_ONCE = 1_000
"""Documents or passages that one call hands out: Lua's stack bounds it."""
_MOST_WORDS = 2 * MOST_TERMS
"""A term that is no word may be several."""
_CANDIDATES = 256
_TRIES = 3
"""So often may documents change between finding numbers and reading what they stand for."""

log = structlog.get_logger(__name__)


@mends_text
class Searching(Room):
    """What changes nothing."""

    def __init__(self, calls: Calls, homes: Homes) -> None:
        super().__init__(calls, homes)
        self._vectors = VectorMemory(calls)
        self._places = PlaceMemory(calls)

    async def document(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.document`."""
        documents = self._calls.keys.of(workspace).knowledge.documents
        found = await self._calls.client.command(documents, b"HGET", documents, source)
        return None if found is None else await self._document(workspace, source, blob(found))

    async def documents(self, workspace: WorkspaceId, after: str, limit: int) -> tuple[Document, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.documents`."""
        keys = self._calls.keys.of(workspace).knowledge
        limit = min(max(limit, 0), _MOST_AT_ONCE)
        while True:
            args = (after, limit)
            names = [keys.documents, keys.sources]
            sources, records = row(await self._calls.run("documents", names, *args, durable=False))
            pairs = [
                (text(source), blob(record))
                for source, record in zip(row(sources), row(records), strict=True)
                if record is not None
            ]
            read = [await self._readable(workspace, source, record) for source, record in pairs]
            shown = tuple(document for document in read if document is not None)
            if shown or not pairs:
                return shown
            after = pairs[-1][0]

    async def find_passages(
        self, workspace: WorkspaceId, terms: Sequence[str], limit: int
    ) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.find_passages`.

        Two round trips up to 32,768 passages: where the words stand, and what stands there.
        """
        said = (word for term in islice(terms, MOST_TERMS) for word in words(term))
        wanted = list(islice(dict.fromkeys(said), _MOST_WORDS))
        if not wanted or limit <= 0:
            return ()
        return await self._searched(workspace, partial(self._places.of, workspace, wanted), limit)

    async def near_passages(self, workspace: WorkspaceId, vector: bytes, limit: int) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.near_passages`.

        The vectors are remembered by the process; what has changed since is read anew.
        """
        if not vector or limit <= 0:
            return ()

        async def look() -> tuple[int, Rank]:
            changes, vectors = await self._vectors.of(workspace, len(vector))
            return changes, (lambda most: ([], [])) if vectors is None else partial(
                by_vector, vectors, vector
            )

        return await self._searched(workspace, look, limit)

    async def _searched(
        self, workspace: WorkspaceId, look: Callable[[], Awaitable[tuple[int, Rank]]], limit: int
    ) -> tuple[Found, ...]:
        """Look for numbers, and read what stands there; again if documents changed meanwhile."""
        limit = min(limit, _MOST_AT_ONCE)
        for left in reversed(range(_TRIES)):
            changes, rank = await look()
            found = await self._best(workspace, changes, rank, limit, last=not left)
            if found is not None:
                return found
        return ()

    async def _best(
        self, workspace: WorkspaceId, changes: int, rank: Rank, limit: int, *, last: bool
    ) -> tuple[Found, ...] | None:
        """The first ones that are a document's; None where a document may have been missed."""
        found: list[Found] = []
        done, most, most_read = 0, max(2 * limit, _CANDIDATES), min(2 * limit, _CANDIDATES)
        while True:
            numbers, scores = await asyncio.to_thread(rank, most)
            while done < len(numbers) and len(found) < limit:
                some = slice(done, done + most_read)
                given = (numbers[some], scores[some], limit - len(found))
                read = await self._read_passages(workspace, changes, *given, last=last)
                if read is None:
                    return None
                found += read
                done += most_read
            if len(found) >= limit or len(numbers) < most:
                return tuple(found)
            done, most = len(numbers), most * 16

    async def _read_passages(
        self,
        workspace: WorkspaceId,
        changes: int,
        numbers: list[int],
        scores: list[float],
        limit: int,
        *,
        last: bool,
    ) -> list[Found] | None:
        keys = self._calls.keys.of(workspace).knowledge
        leaves = {leaf: place for place, leaf in enumerate(dict.fromkeys(n // LEAF for n in numbers))}
        names = [name for leaf in leaves for name in (keys.passages(leaf), keys.vectors(leaf))]
        args = packed(changes, limit, last, numbers, [leaves[one // LEAF] for one in numbers])
        found = row(
            await self._calls.run("found_passages", [*keys.of_shelf, *names], args, durable=False)
        )
        match text(found[0]):
            case "again":
                return None
            case "damaged":
                await self._document(workspace, text(found[1]), blob(found[2]))
                return None
        read: list[Found] = []
        for place, source, record, said, vector in map(row, row(found[1])):
            at = number(place)
            which = _Kept(text(source), blob(record), numbers[at], blob(said), blob(vector or b""))
            one = await self._passage(workspace, which, scores[at])
            read += [] if one is None else [one]
        return read

    async def _passage(self, workspace: WorkspaceId, kept: "_Kept", score: float) -> Found | None:
        """None, and put aside, when it cannot be read."""
        if await self._readable(workspace, kept.source, kept.record) is None:
            return None
        try:
            record = document_record(kept.record)
            return found_passage(record, kept.source, kept.passage, kept.vector, score)
        except UnreadableRecord as damage:
            keys, why = self._calls.keys.of(workspace).knowledge, str(damage)
            leaf, field = divmod(kept.number, LEAF)
            where = f"passage {kept.number} of workspace {workspace}"
            names = [keys.passages(leaf), keys.quarantine]
            await self._calls.run("set_aside_passage", names, where, why, kept.passage, field)
            log.error("store.quarantined", place=where, why=why)  # noqa: TRY400 - no trace of a record
            return None

    async def _readable(self, workspace: WorkspaceId, source: str, record: bytes) -> Document | None:
        """The document; None, too, for one that a later version wrote."""
        try:
            return await self._document(workspace, source, record)
        except StoreDamaged as damage:
            log.error("knowledge.skipped", workspace=workspace, why=str(damage))  # noqa: TRY400
            return None

    async def _document(self, workspace: WorkspaceId, source: str, record: bytes) -> Document | None:
        """None, and put aside, when it cannot be read. Raises StoreDamaged for one of a later version."""
        try:
            return document_record(record).document(source)
        except UnreadableRecord as damage:
            keys, why = self._calls.keys.of(workspace).knowledge, str(damage)
            where = f"document {source} of workspace {workspace}"
            names = [*keys.of_shelf, keys.quarantine]
            await self._calls.run("set_aside_document", names, source, record, where, why)
            log.error("store.quarantined", place=f"document of workspace {workspace}", why=why)  # noqa: TRY400
            return None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A passage as it is kept."""

    source: str
    record: bytes
    number: int
    passage: bytes
    vector: bytes
