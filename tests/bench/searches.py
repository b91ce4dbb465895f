"""A round of searches: by hand in a bare FTS5 table, and through a store."""

import sqlite3
from collections.abc import Sequence

from sessions.model import WorkspaceId
from sessions.ports.knowledge import Knowledge
from tests.bench.contest import Lap

FOUND = 20
"""Passages that a search hands out."""


def bare_lap(bare: sqlite3.Connection, queries: Sequence[Sequence[str]]) -> Lap:
    async def lap() -> int:
        for terms in queries:
            wanted = " OR ".join(f'"{term}"' for term in terms)
            bare.execute(
                "SELECT text FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?", (wanted, FOUND)
            ).fetchall()
        return len(queries)

    return lap


def search_lap(knowledge: Knowledge, home: WorkspaceId, queries: Sequence[Sequence[str]]) -> Lap:
    async def lap() -> int:
        for terms in queries:
            await knowledge.find_passages(home, terms, FOUND)
        return len(queries)

    return lap
