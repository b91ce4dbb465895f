"""The vectors of workspaces' passages, as one process remembers them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sessions.model import WorkspaceId
from sessions.recent import Recent
from storage.redis.calls import Calls, blob, number, row
from storage.redis.passages import LEAF
from storage.redis.ranking import Vectors, gathered, joined, of_stretches

_WORKSPACES = 4
"""So many are remembered: 100,000 vectors of 1,000 numbers are 100 MB."""
_PAGE = 1_000


@dataclass(slots=True)
class _Shelf:
    """One workspace's vectors by their length, and how many passages from which number on are known."""

    connections: int = 0
    changes: int = 0
    stretches: Mapping[int, int] = field(default_factory=dict)
    vectors: dict[int, Vectors] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class VectorMemory:
    """Reads the vectors of documents that are new, and forgets those of documents that are gone."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._shelves: Recent[WorkspaceId, _Shelf] = Recent(_WORKSPACES)

    async def of(self, workspace: WorkspaceId, length: int) -> tuple[int, Vectors | None]:
        """The vectors of that length, and after how many changes they were all of them."""
        shelf = self._shelves.get(workspace, None) or _Shelf()
        self._shelves.put(workspace, shelf)
        async with shelf.lock:
            if shelf.connections != self._calls.client.connections:
                # A failover may have given the same numbers to others.
                shelf.connections, shelf.changes = self._calls.client.connections, 0
                shelf.stretches, shelf.vectors = {}, {}
            counters = self._calls.keys.of(workspace).knowledge.counters
            changes = await self._calls.client.command(counters, b"HGET", counters, "changes")
            if changes is not None and number(changes) != shelf.changes:
                await self._refresh(workspace, shelf, number(changes))
            return shelf.changes, shelf.vectors.get(length)

    async def _refresh(self, workspace: WorkspaceId, shelf: _Shelf, changes: int) -> None:
        stretches = await self._stretches(workspace)
        fresh = {first: count for first, count in stretches.items() if first not in shelf.stretches}
        read = await self._read(workspace, fresh)
        shelf.vectors = await asyncio.to_thread(_renewed, shelf.vectors, stretches, read)
        shelf.stretches, shelf.changes = stretches, changes

    async def _stretches(self, workspace: WorkspaceId) -> dict[int, int]:
        """The documents that have vectors."""
        keys, after = self._calls.keys.of(workspace).knowledge, -1
        found: dict[int, int] = {}
        while True:
            args = (after, _PAGE)
            page = row(await self._calls.run("vector_stretches", keys.of_shelf, *args, durable=False))
            for first, count in map(row, page):
                after = number(first)
                if number(count):
                    found[after] = number(count)
            if len(page) < _PAGE:
                return found

    async def _read(
        self, workspace: WorkspaceId, stretches: Mapping[int, int]
    ) -> dict[int, list[tuple[int, bytes]]]:
        """The vectors of these by their length, with the numbers of their passages."""
        keys, found = (
            self._calls.keys.of(workspace).knowledge,
            defaultdict[int, list[tuple[int, bytes]]](list),
        )
        leaves = defaultdict[int, list[int]](list)
        for first, count in stretches.items():
            for passage in range(first, first + count):
                leaves[passage // LEAF].append(passage)
        for leaf, passages in leaves.items():
            name, fields = keys.vectors(leaf), [passage % LEAF for passage in passages]
            vectors = row(await self._calls.client.command(name, b"HMGET", name, *fields))
            for passage, vector in zip(passages, vectors, strict=True):
                if vector is not None:
                    found[len(blob(vector))].append((passage, blob(vector)))
        return found


def _renewed(
    known: Mapping[int, Vectors],
    stretches: Mapping[int, int],
    read: Mapping[int, list[tuple[int, bytes]]],
) -> dict[int, Vectors]:
    """What is known and still there, with what was read."""
    found: dict[int, Vectors] = {}
    for length in {*known, *read}:
        kept = [of_stretches(known[length], stretches)] if length in known else []
        fresh = [gathered(*zip(*read[length], strict=True))] if length in read else []
        vectors = joined(*kept, *fresh)
        if len(vectors.numbers):
            found[length] = vectors
    return found
