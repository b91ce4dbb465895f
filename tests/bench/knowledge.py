"""Knowledge in SQLite and files: adding a folder, and searches among very many passages."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from os import environ
from pathlib import Path
from time import perf_counter

from sessions.knowledge.adding import Adding
from sessions.model import WorkspaceId, WorkspaceKey
from sessions.ports.knowledge import Document, DocumentId, Passage
from sessions.ports.store import Store
from storage.opening import open_store
from tests.bench.contest import Lap, compete, micros, table
from tests.bench.searches import FOUND, bare_lap, search_lap
from tests.bench.stores import folder_on_disk

PASSAGES = int(environ.get("PARLEY_BENCH_PASSAGES", "100000"))
FILES = 1_000
DIMENSIONS = 256
ROUNDS = 5

_OF_A_DOCUMENT = 500
_WORDS_OF_A_PASSAGE = 120
_VOCABULARY = 50_000
_QUERIES = {
    "rare words": ((9_000, 15_000), (21_000, 30_000, 12_345)),
    "usual words": ((300, 1_200), (800, 2_500, 150)),
    "a sentence": ((0, 1, 2, 5, 700, 4_000), (0, 3, 9, 20, 90, 450, 3_000, 11_000)),
}
"""Ranks of words: the lower, the more passages have them."""


async def adding() -> None:
    """Add a folder of Markdown files, and add it again."""
    rows = [("store", "files", "passages", "added", "again, unchanged")]
    for backend in ("sqlite", "file"):
        async with (
            folder_on_disk() as folder,
            open_store(f"{backend}://{folder}/parley") as store,
        ):
            texts, docs = _texts(), folder / "docs"
            docs.mkdir()
            for number in range(FILES):
                body = "\n\n".join(islice(texts, 10))
                (docs / f"{number}.md").write_text(f"# Document {number}\n\n{body}\n")
            home = (await store.workspace(WorkspaceKey("bench"))).id
            began = perf_counter()
            added = await Adding(store, home).add([str(docs)])
            middle = perf_counter()
            await Adding(store, home).add([str(docs)])
            rows.append(
                (
                    backend,
                    f"{FILES:,}",
                    f"{added.passages:,}",
                    f"{added.passages / (middle - began):,.0f} passages/s",
                    f"{FILES / (perf_counter() - middle):,.0f} files/s",
                )
            )
    table("Adding a folder: read, divided, indexed, synced", rows)


async def searching() -> None:
    """Search by words beside a bare query of FTS5 by hand, and by vectors."""
    rows: list[tuple[str, ...]] = [("search", "store", "bare FTS5", "Parley", "difference")]
    for backend in ("sqlite", "file"):
        async with folder_on_disk() as folder:
            with closing(_bare(folder / "bare.db")) as bare:
                async with open_store(f"{backend}://{folder}/parley") as store:
                    home = (await store.workspace(WorkspaceKey("bench"))).id
                    seconds = await _fill(store, home, bare)
                    print(f"{backend}: {PASSAGES / seconds:,.0f} passages/s put")
                    rows += await _compared(backend, store, home, bare)
    table(f"Searching {PASSAGES:,} passages; goal: at most 100 ms more than bare FTS5", rows)


async def _compared(
    backend: str, store: Store, home: WorkspaceId, bare: sqlite3.Connection
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, queries in _QUERIES.items():
        terms = [[_word(rank) for rank in ranks] for ranks in queries]
        found = await compete(
            {"bare": bare_lap(bare, terms), "ours": search_lap(store, home, terms)}, ROUNDS
        )
        floor, ours = found["bare"].seconds, found["ours"].seconds
        rows.append((name, backend, micros(floor), micros(ours), f"{(ours - floor) * 1e3:+.1f} ms"))
    began = perf_counter()
    await store.near_passages(home, _vector(random.Random(3)), FOUND)
    first = perf_counter() - began
    near = (await compete({"near": _near_lap(store, home)}, ROUNDS))["near"].seconds
    return [*rows, (f"by vectors (the first: {micros(first)})", backend, "", micros(near), "")]


def _bare(path: Path) -> sqlite3.Connection:
    bare = sqlite3.connect(path)
    bare.execute("CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter unicode61')")
    return bare


async def _fill(store: Store, home: WorkspaceId, bare: sqlite3.Connection) -> float:
    """Returns the seconds that the store took."""
    texts, source, seconds = _texts(), random.Random(2), 0.0
    for number in range(PASSAGES // _OF_A_DOCUMENT):
        some = list(islice(texts, _OF_A_DOCUMENT))
        passages = [Passage(n, f"line {n}", text, _vector(source)) for n, text in enumerate(some)]
        name = f"document {number:06}"
        at = datetime(2031, 3, 5, tzinfo=UTC)
        document = Document(DocumentId(name), name, name, "c0ffee", 9, len(some), at)
        began = perf_counter()
        await store.put_document(home, document, passages)
        seconds += perf_counter() - began
        bare.executemany("INSERT INTO passages (text) VALUES (?)", ((text,) for text in some))
        bare.commit()
    return seconds


def _near_lap(store: Store, home: WorkspaceId) -> Lap:
    vectors = list(map(_vector, map(random.Random, range(5))))

    async def lap() -> int:
        for vector in vectors:
            await store.near_passages(home, vector, FOUND)
        return len(vectors)

    return lap


def _vector(source: random.Random) -> bytes:
    return source.randbytes(DIMENSIONS)


def _texts() -> Iterator[str]:
    """Words as often as their rank lets expect, by Zipf."""
    source = random.Random(1)
    ranks = range(_VOCABULARY)
    words, weights = list(map(_word, ranks)), [1 / (rank + 2) for rank in ranks]
    draw = partial(source.choices, words, weights, k=_WORDS_OF_A_PASSAGE * 1_000)
    while drawn := draw():
        for start in range(0, len(drawn), _WORDS_OF_A_PASSAGE):
            yield " ".join(drawn[start : start + _WORDS_OF_A_PASSAGE])


def _word(rank: int) -> str:
    """A word for that rank, without an ending that could be taken away."""
    letters, rest = "", rank + 17
    while rest:
        rest, syllable = divmod(rest, 17)
        letters += "bdfgklmnprtvzhjqx"[syllable] + "aiou"[syllable % 4]
    return letters + "k"
