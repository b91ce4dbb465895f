from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from sessions.knowledge.searching import Searching, terms_of
from sessions.llm import Patience
from sessions.llm.embeddings import OpenAIEmbeddings
from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, DocumentId, Passage
from storage.memory import MemoryStore
from tests.emulators.openai import ModelServer, Status
from tests.model.asking import KEY

HOME = WorkspaceId("home")
AT = datetime(2031, 3, 5, tzinfo=UTC)
TEXTS = (
    "The refrigerator keeps food cold.",
    "Refrigerating is done in the kitchen.",
    "Invoices are paid within thirty days.",
    "Our holidays begin in July.",
)


@dataclass
class House:
    """Four passages, with and without embeddings to find them by."""

    server: ModelServer
    store: MemoryStore
    embeddings: OpenAIEmbeddings

    async def find(self, question: str, *, by_words: bool = False) -> list[str]:
        searching = Searching(self.store, None if by_words else self.embeddings)
        return [one.passage.text for one in await searching.find(HOME, question, 3)]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with ModelServer.start(KEY) as server:
        embeddings = OpenAIEmbeddings(
            model="text-embedding-3-small",
            api_key=KEY,
            base_url=server.base_url,
            patience=Patience(attempts=1, first_byte=timedelta(milliseconds=300)),
        )
        store = MemoryStore()
        vectors = await embeddings.embed(TEXTS)
        passages = [
            Passage(number, f"line {number}", text, vector)
            for number, (text, vector) in enumerate(zip(TEXTS, vectors, strict=True))
        ]
        document = Document(DocumentId("one"), "notes.txt", "Notes", "", 9, len(passages), AT)
        await store.put_document(HOME, document, passages)
        yield House(server, store, embeddings)


async def test_words_find_what_has_them(house: House) -> None:
    assert await house.find("When are invoices paid?", by_words=True) == [TEXTS[2]]
    assert await house.find("fridge", by_words=True) == []
    assert await house.find("", by_words=True) == []


async def test_meaning_finds_what_has_other_words(house: House) -> None:
    assert (await house.find("refrigerators"))[:2] == [TEXTS[0], TEXTS[1]]
    assert (await house.find("a holiday in july"))[0] == TEXTS[3]


async def test_what_both_find_comes_first(house: House) -> None:
    found = await house.find("Is refrigerating food done cold?")
    assert set(found[:2]) == {TEXTS[0], TEXTS[1]}
    assert len(found) == 3


@pytest.mark.parametrize("status", [500, 401, 200])
async def test_without_embeddings_words_are_left(house: House, status: int) -> None:
    fault = Status(status=status, html="<html>" if status == 200 else None)
    house.server.fail(fault, times=None)
    assert await house.find("When are invoices paid?") == [TEXTS[2]]


def test_terms_are_the_telling_words() -> None:
    assert terms_of("How do I install the Program's script?") == ("install", "program's", "script")
    assert terms_of("What is it?") == ("what", "is", "it")
    assert terms_of("snake_case, x + y = 1") == ("snake", "case")
    assert terms_of("漢 字") == ("漢", "字")
    assert len(terms_of(" ".join(f"word{number}" for number in range(99)))) == 32
    assert terms_of(" \n!") == ()
