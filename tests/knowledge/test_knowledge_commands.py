from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sessions.commands import Caller
from sessions.errors import NoSuchDocument, NotPermitted, UsageError
from sessions.knowledge.commands import KnowledgeCommands
from sessions.knowledge.searching import Searching
from sessions.ports.knowledge import Document, DocumentId, Passage
from storage.memory import MemoryStore
from tests.engine.parts import ADA, said

AT = datetime(2031, 3, 5, tzinfo=UTC)


async def yes() -> bool:
    return True


ANYBODY = Caller(ADA, said("", 1).place, said("", 1).event)
ADMINISTRATOR = replace(ANYBODY, administers=yes)
OPERATOR = replace(ANYBODY, operator=True)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def commands(store: MemoryStore) -> KnowledgeCommands:
    return KnowledgeCommands(store, Searching(store))


async def put(store: MemoryStore, source: str, text: str) -> None:
    workspace = await store.workspace(ANYBODY.place.workspace)
    document = Document(DocumentId(source), source, source, "", 9, 1, AT)
    await store.put_document(workspace.id, document, [Passage(0, "line 1", text)])


async def test_documents_are_listed_ten_a_page(store: MemoryStore, commands: KnowledgeCommands) -> None:
    empty = await commands.list(ANYBODY)
    assert (empty.documents, empty.more) == ((), False)
    for number in range(12):
        await put(store, f"doc-{number:02}", "text")
    first, second = await commands.list(ANYBODY), await commands.list(ANYBODY, 2)
    assert [one.source for one in second.documents] == ["doc-10", "doc-11"]
    assert (len(first.documents), first.first, first.more) == (10, 1, True)
    assert (second.first, second.page, second.more) == (11, 2, False)
    for page in (0, 3, 99):
        with pytest.raises(UsageError):
            await commands.list(ANYBODY, page)


async def test_passages_are_searched(store: MemoryStore, commands: KnowledgeCommands) -> None:
    assert (await commands.search(ANYBODY, "winter")).empty
    await put(store, "guide", "Winter is coming.")
    (found,) = (await commands.search(ANYBODY, "winter")).found
    assert found.source == "guide"
    nothing = await commands.search(ANYBODY, "summer")
    assert (nothing.found, nothing.empty) == ((), False)
    with pytest.raises(UsageError):
        await commands.search(ANYBODY, "  ")


@pytest.mark.parametrize("caller", [ADMINISTRATOR, OPERATOR])
async def test_operator_and_administrators_remove(
    store: MemoryStore, commands: KnowledgeCommands, caller: Caller
) -> None:
    await put(store, "docs/guide.md", "Winter is coming.")
    with pytest.raises(NoSuchDocument, match=r"“docs/guide\.md”"):
        await commands.remove(caller, "guide.md")
    assert (await commands.remove(caller, "docs/guide.md")).document.source == "docs/guide.md"
    with pytest.raises(NoSuchDocument, match=r"no document “docs/guide\.md”"):
        await commands.remove(caller, "docs/guide.md")
    with pytest.raises(UsageError):
        await commands.remove(caller, " ")


async def test_others_remove_nothing(store: MemoryStore, commands: KnowledgeCommands) -> None:
    await put(store, "guide", "Winter is coming.")
    with pytest.raises(NotPermitted):
        await commands.remove(ANYBODY, "guide")
    assert (await commands.search(ANYBODY, "winter")).found
