import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import pytest

from sessions.model import WorkspaceId, WorkspaceKey
from sessions.ports.knowledge import MOST_TERMS, Document, DocumentId, Found, Knowledge, Passage
from sessions.ports.store import Store
from tests.storage.conftest import Second
from tests.storage.contract.scene import HOME

ADDED = datetime(2031, 3, 5, 11, 30, 15, 250_000, tzinfo=UTC)
GUIDE = ("To install the program, run its script.", "Settings are read at the start.")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The knowledge of one workspace."""

    knowledge: Knowledge
    workspace: WorkspaceId

    async def put(
        self, source: str, *texts: str, id_: str = "", vectors: Sequence[bytes] = ()
    ) -> Document:
        document = Document(
            DocumentId(id_ or f"id of {source}"),
            source,
            f"About {source}",
            "c0ffee",
            99,
            len(texts),
            ADDED,
        )
        given = [*vectors, *[b""] * len(texts)]
        passages = [Passage(n, f"part {n}", text, given[n]) for n, text in enumerate(texts)]
        await self.knowledge.put_document(self.workspace, document, passages)
        return document

    async def find(self, *terms: str, limit: int = 10) -> tuple[Found, ...]:
        found = await self.knowledge.find_passages(self.workspace, terms, limit)
        scores = [one.score for one in found]
        assert scores == sorted(scores, reverse=True)
        return found

    async def texts(self, *terms: str, limit: int = 10) -> list[str]:
        return [one.passage.text for one in await self.find(*terms, limit=limit)]

    async def near(self, *numbers: int, limit: int = 10) -> list[str]:
        found = await self.knowledge.near_passages(self.workspace, vector(*numbers), limit)
        scores = [one.score for one in found]
        assert scores == sorted(scores, reverse=True)
        return [one.passage.text for one in found]

    async def document(self, source: str) -> Document | None:
        return await self.knowledge.document(self.workspace, source)

    async def drop(self, source: str) -> Document | None:
        return await self.knowledge.drop_document(self.workspace, source)

    async def sources(self, after: str = "", limit: int = 10) -> list[str]:
        return [one.source for one in await self.knowledge.documents(self.workspace, after, limit)]


def vector(*numbers: int) -> bytes:
    return bytes(number % 256 for number in numbers)


async def shelf_in(store: Store, key: WorkspaceKey = HOME) -> Shelf:
    return Shelf(cast("Knowledge", store), (await store.workspace(key)).id)


@pytest.fixture
async def shelf(store: Store) -> Shelf:
    return await shelf_in(store)


@pytest.fixture
async def other(second: Second) -> Shelf:
    """The same shelf as another process has it."""
    return await shelf_in(await second())


async def test_a_document_is_looked_up_by_its_exact_source(shelf: Shelf, other: Shelf) -> None:
    kept = await shelf.put("docs/Guide.md", *GUIDE)
    assert await other.document("docs/Guide.md") == kept
    for source in ("docs/guide.md", "docs/Guide", "docs/Guide.md ", ""):
        assert await other.document(source) is None
        assert await other.drop(source) is None
    assert await other.sources() == ["docs/Guide.md"]


async def test_what_is_found_is_the_passage_and_where_it_stands(shelf: Shelf, other: Shelf) -> None:
    kept = await shelf.put("guide", *GUIDE, vectors=(vector(127, 0), vector(0, -127)))
    (found,) = await other.find("settings")
    assert (found.document, found.source) == (kept.id, "guide")
    assert found.passage == Passage(1, "part 1", GUIDE[1], vector(0, -127))
    assert await other.texts("script", "settings", limit=1) != []
    assert len(await other.texts("script", "settings")) == 2


async def test_words_are_found_folded_and_without_their_english_endings(shelf: Shelf) -> None:
    await shelf.put("guide", *GUIDE)
    for word in ("install", "INSTALL", "installing", "installed", "installs"):
        assert await shelf.texts(word) == [GUIDE[0]], word
    for word in ("setting", "Settings", "starting", "started", "reads"):
        assert await shelf.texts(word) == [GUIDE[1]], word
    await shelf.put("travel", "Deux cafés à Paris; the cities were happily ПРИВЕТ.")
    for word in ("café", "CAFÉ", "cafe\N{COMBINING ACUTE ACCENT}s", "cafe", "city", "привет"):
        assert [one.source for one in await shelf.find(word)] == ["travel"], word


async def test_what_nobody_wrote_finds_nothing(shelf: Shelf) -> None:
    assert await shelf.find("install") == ()
    await shelf.put("guide", *GUIDE)
    await shelf.put("empty")
    for terms in ((), ("",), ("unheard",), ("prog",), ("inst*",)):
        assert await shelf.find(*terms) == (), terms
    assert await shelf.find("install", limit=0) == ()
    assert await shelf.texts("unheard", "install") == [GUIDE[0]]


async def test_rare_words_count_more_than_common_ones(shelf: Shelf) -> None:
    await shelf.put("others", *(f"Nothing of the kind, number {n}." for n in range(60)))
    await shelf.put("many", *(f"A common remark about case {n} of it." for n in range(40)))
    await shelf.put("one", "A seldom remark about something else, of it.")
    found = await shelf.texts("common", "remark", "seldom", limit=5)
    assert found[0].startswith("A seldom remark")
    assert len(found) == 5
    await shelf.put("both", "A seldom and common remark about it, of it.")
    assert (await shelf.find("seldom", "common", limit=1))[0].source == "both"
    await shelf.put("short", "Winter.")
    await shelf.put("long", f"Winter {' '.join(f'filling{n}' for n in range(80))}.")
    assert [one.source for one in await shelf.find("winter")] == ["short", "long"]


async def test_words_beyond_the_most_are_ignored(shelf: Shelf) -> None:
    await shelf.put("guide", *GUIDE)
    unknown = [f"unheard{n}" for n in range(MOST_TERMS)]
    assert await shelf.texts(*unknown[1:], "install") == [GUIDE[0]]
    assert await shelf.texts(*unknown, "install") == []


async def test_documents_are_listed_in_pages_by_source(shelf: Shelf, other: Shelf) -> None:
    sources = ["B", "a", "b/1", "b/10", "b/2", "é", "\N{SNOWMAN}", "\N{ROCKET}"]
    for source in reversed(sources):
        await shelf.put(source, "text")
    assert await other.sources() == sources
    assert await other.sources(limit=3) == sources[:3]
    assert await other.sources("b/1", limit=2) == ["b/10", "b/2"]
    assert await other.sources("b/1\N{ROCKET}", limit=1) == ["b/2"]
    assert await other.sources("\N{ROCKET}") == []
    assert await other.sources(limit=0) == []


async def test_a_replaced_document_is_found_no_more(shelf: Shelf, other: Shelf) -> None:
    await shelf.put("guide", *GUIDE, vectors=(vector(127, 0), vector(0, 127)))
    await shelf.put("beside", "Install this too.")
    assert len(await other.near(0, 127)) == 2
    new = await shelf.put("guide", "Nothing but snow.", id_="new", vectors=(vector(127, 0),))
    assert await other.document("guide") == new
    assert await other.sources() == ["beside", "guide"]
    assert await other.texts("install", "settings") == ["Install this too."]
    assert await other.texts("snow") == ["Nothing but snow."]
    assert await other.near(0, 127) == ["Nothing but snow."]


async def test_putting_a_document_again_changes_nothing(shelf: Shelf, other: Shelf) -> None:
    for of in (shelf, other, shelf):
        kept = await of.put("guide", *GUIDE, vectors=(vector(127, 0), vector(0, 127)))
        assert await of.texts("install") == [GUIDE[0]]
        assert await of.near(127, 1) == list(GUIDE)
    assert await other.document("guide") == kept
    assert await other.sources() == ["guide"]


async def test_a_dropped_document_is_found_no_more(shelf: Shelf, other: Shelf) -> None:
    kept = await shelf.put("guide", *GUIDE, vectors=(vector(127, 0), vector(0, 127)))
    await shelf.put("beside", "Install this too.")
    assert len(await other.near(127, 0)) == 2
    assert await shelf.drop("guide") == kept
    assert await shelf.drop("guide") is None
    assert await other.document("guide") is None
    assert await other.sources() == ["beside"]
    assert await other.texts("install", "settings") == ["Install this too."]
    assert await other.near(127, 0) == []
    assert await shelf.put("guide", *GUIDE) == kept
    assert len(await other.texts("install")) == 2


async def test_of_two_that_put_a_source_at_once_one_is_there_whole(shelf: Shelf, other: Shelf) -> None:
    texts = {id_: [f"word{n} by {id_}" for n in range(40)] for id_ in ("one", "two")}
    putting = (of.put("guide", *texts[id_], id_=id_) for of, id_ in ((shelf, "one"), (other, "two")))
    await asyncio.gather(*putting)
    kept = await shelf.document("guide")
    assert kept is not None
    found = await other.texts("one", "two", limit=100)
    assert sorted(found) == sorted(texts[kept.id])


async def test_a_document_of_many_passages_is_found_and_dropped_whole(shelf: Shelf) -> None:
    await shelf.put("book", *(f"Page {n} of the book, chapter{n % 7}" for n in range(700)))
    assert await shelf.texts("699") == ["Page 699 of the book, chapter6"]
    assert len(await shelf.find("page", "book", limit=50)) == 50
    assert len(await shelf.find("chapter3", limit=1_000)) == 100
    assert await shelf.drop("book") is not None
    assert await shelf.find("page", "book", "chapter3", limit=1_000) == ()


async def test_knowledge_stays_in_its_workspace(store: Store, shelf: Shelf) -> None:
    elsewhere = await shelf_in(store, WorkspaceKey("discord:9"))
    kept = await shelf.put("guide", *GUIDE, vectors=(vector(127, 0), vector(0, 127)))
    assert await elsewhere.find("install") == ()
    assert await elsewhere.near(127, 0) == []
    assert await elsewhere.document("guide") is None
    assert await elsewhere.sources() == []
    assert await elsewhere.drop("guide") is None
    await elsewhere.put("guide", "Another text to install.")
    assert await shelf.document("guide") == kept
    assert await shelf.texts("install") == [GUIDE[0]]


async def test_near_passages_are_those_of_the_highest_cosine(shelf: Shelf, other: Shelf) -> None:
    vectors = (vector(0, -127, 0), b"", vector(90, 90, 0), vector(127, 0, 0), vector(0, 0, 127))
    await shelf.put("one", "opposite", "none", "half", "same", "across", vectors=vectors)
    await shelf.put("two", "nearly", "too few", vectors=(vector(126, -10, 0), vector(127, 0)))
    assert await other.near(127, 0, 0, limit=3) == ["same", "nearly", "half"]
    assert await other.near(10, 0, 0, limit=3) == ["same", "nearly", "half"]
    assert (await other.near(0, 127, 0))[-1] == "opposite"
    assert "none" not in await other.near(127, 0, 0, limit=100)
    assert await other.near(127, 0) == ["too few"]
    assert await other.near(127, 0, 0, limit=0) == []
    assert await other.near() == []


async def test_odd_text_is_kept_as_it_is_and_harms_no_search(shelf: Shelf, other: Shelf) -> None:
    long = "q" * 5_000
    texts = (
        "\N{ROCKET} emoji \x00 \"quotes\" 'and' ends\r\n",
        "!?… \N{EM DASH}",
        "",
        f"a {long} word",
        "<b>AND NEAR</b> col:x* (brackets",
    )
    source = "odd \N{ROCKET}\x00\n'\"*{}:%/.."
    kept = await shelf.put(source, *texts)
    assert await other.document(source) == kept
    assert sorted(await other.texts("quotes", "and", "word")) == sorted((texts[0], texts[3], texts[4]))
    for term in (
        "AND",
        "NEAR",
        "OR",
        "NOT",
        '"',
        "*",
        "''",
        "col:x*",
        "(",
        "-",
        "^a",
        "\x00",
        "\\",
        "{a}",
    ):
        assert set(await other.texts(term)) <= set(texts), term
    for term in ('"quotes"', "quotes*", "(quotes)", "-quotes"):
        assert await other.texts(term) == [texts[0]], term
    for term in (long, "\N{ROCKET}", "\N{EM DASH}", "%s", "\ud800"):
        await other.find(term)
    assert await other.drop(source) == kept


async def test_half_a_pair_in_knowledge_is_replaced(shelf: Shelf, other: Shelf) -> None:
    await shelf.put("a\ud800b", "half \udc00 a pair")
    assert await other.sources() == ["a\ufffdb"]
    assert await other.texts("pair") == ["half \ufffd a pair"]
    assert await other.drop("a\ud800b") is not None
