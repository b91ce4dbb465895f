"""Knowledge in Redis: documents indexed in a second, and a search beside a bare query of FTS5."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from itertools import islice
from os import environ
from time import perf_counter

from sessions.model import WorkspaceId, WorkspaceKey
from sessions.ports.knowledge import Document, DocumentId, Passage
from storage.redis.address import parse_address
from storage.redis.store import RedisStore
from tests.bench.contest import Lap, compete, micros, table
from tests.bench.redis_turns import WRITTEN, server_with
from tests.bench.searches import bare_lap, search_lap
from tests.redis_servers import Server

PASSAGES = int(environ.get("PARLEY_BENCH_PASSAGES", "20000"))
OF_A_DOCUMENT = 20
WORDS_OF_A_PASSAGE = 120
VOCABULARY = 50_000
ROUNDS = 5

# By the ranks of words: rare ones, usual ones, and a sentence with very common ones.
QUERIES = {
    "rare words": ((9_000, 15_000), (21_000, 30_000, 12_345)),
    "usual words": ((300, 1_200), (800, 2_500, 150)),
    "a sentence": ((0, 1, 2, 5, 700, 4_000), (0, 3, 9, 20, 90, 450, 3_000, 11_000)),
}


async def redis_knowledge() -> None:
    """Put documents of generated words, search among them, drop some."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(server_with(WRITTEN))
        store = await stack.enter_async_context(RedisStore.open(parse_address(server.url)))
        home = (await store.workspace(WorkspaceKey("bench"))).id
        bare = stack.enter_context(closing(sqlite3.connect(":memory:")))
        bare.execute("CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter unicode61')")
        indexed = await _put_all(store, home, bare)
        await _print_sizes(server, store, home, indexed)
        await _print_searches(store, home, bare)


async def _put_all(store: RedisStore, home: WorkspaceId, bare: sqlite3.Connection) -> float:
    """Returns how long the store took."""
    texts, seconds = _texts(), 0.0
    for number in range(PASSAGES // OF_A_DOCUMENT):
        some = list(islice(texts, OF_A_DOCUMENT))
        began = perf_counter()
        await _put(store, home, number, some)
        seconds += perf_counter() - began
        bare.executemany("INSERT INTO passages (text) VALUES (?)", ((text,) for text in some))
    return seconds


async def _put(store: RedisStore, home: WorkspaceId, number: int, texts: Sequence[str]) -> None:
    at = datetime(2031, 3, 5, tzinfo=UTC)
    source = f"document {number:06}"
    document = Document(DocumentId(source), source, source, "c0ffee", 9, len(texts), at)
    passages = [Passage(n, f"part {n}", text) for n, text in enumerate(texts)]
    await store.put_document(home, document, passages)


async def _print_sizes(server: Server, store: RedisStore, home: WorkspaceId, indexed: float) -> None:
    used = int((await server.info("memory"))["used_memory"])
    replaced = 50
    texts = _texts(seed=2)
    began = perf_counter()
    for number in range(replaced):
        await _put(store, home, number, list(islice(texts, OF_A_DOCUMENT)))
    replacing = perf_counter() - began
    table(
        f"Knowledge in Redis: passages of {WORDS_OF_A_PASSAGE} words, {OF_A_DOCUMENT} to a document",
        [
            ("passages", "put", "replaced", "memory of a passage"),
            (
                f"{PASSAGES:,}",
                f"{PASSAGES / indexed:,.0f} passages/s",
                f"{replaced * OF_A_DOCUMENT / replacing:,.0f} passages/s",
                f"{used / PASSAGES:,.0f} bytes",
            ),
        ],
    )


async def _print_searches(store: RedisStore, home: WorkspaceId, bare: sqlite3.Connection) -> None:
    laps: dict[str, Lap] = {}
    for name, queries in QUERIES.items():
        terms = [[_word(rank) for rank in ranks] for ranks in queries]
        laps[f"{name}, bare"] = bare_lap(bare, terms)
        laps[f"{name}, ours"] = search_lap(store, home, terms)
    found = await compete(laps, ROUNDS)
    rows = [("a search", "bare FTS5", "Parley on Redis", "difference")]
    for name in QUERIES:
        floor, ours = found[f"{name}, bare"].seconds, found[f"{name}, ours"].seconds
        rows.append((name, micros(floor), micros(ours), f"{(ours - floor) * 1e3:+.1f} ms"))
    table(f"Searching {PASSAGES:,} passages; goal: at most 100 ms more than bare FTS5", rows)


def _texts(seed: int = 1) -> Iterator[str]:
    """Words as often as their rank lets expect, by Zipf."""
    source = random.Random(seed)
    ranks = range(VOCABULARY)
    weights = [1 / (rank + 2) for rank in ranks]
    while True:
        drawn = source.choices(ranks, weights, k=WORDS_OF_A_PASSAGE * 1_000)
        for start in range(0, len(drawn), WORDS_OF_A_PASSAGE):
            yield " ".join(map(_word, drawn[start : start + WORDS_OF_A_PASSAGE]))


def _word(rank: int) -> str:
    """A word of that rank: syllables that no ending is taken from."""
    letters = ""
    rank += 20
    while rank:
        rank, syllable = divmod(rank, 20)
        letters += "bdfgklmnprtvzbdfgklm"[syllable] + "aiouaiouaiouaiouaiou"[syllable] + "k"
    return letters
