"""Knowledge in Redis: what is left of a document that was not put to its end, and what cannot be read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from sessions.errors import StoreUnavailable
from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, DocumentId, Passage
from storage.redis import places
from storage.redis.scripts import script
from storage.redis.store import RedisStore
from tests.redis_servers import Server
from tests.storage.contract.scene import HOME
from tests.storage.redis.contents import contents
from tests.storage.redis.watched import Watched, watched

LONG = timedelta(minutes=6)
OLD = Document(DocumentId("id"), "guide.md", "Guide", "c0ffee", 99, 1, datetime(2031, 3, 5, tzinfo=UTC))
NEW = replace(OLD, digest="new", passages=150)
EARLIER = (Passage(0, "top", "Earlier words.", b"\x7f\x00"),)
LATER = tuple(Passage(n, f"line {n}", f"Word number {n} of later", b"\x00\x7f") for n in range(150))

Step = Callable[[RedisStore, WorkspaceId], Awaitable[object]]


async def put(store: RedisStore, home: WorkspaceId) -> object:
    await store.put_document(home, NEW, LATER)
    return None


async def drop(store: RedisStore, home: WorkspaceId) -> object:
    return await store.drop_document(home, OLD.source)


async def home_of(one: Watched) -> WorkspaceId:
    """The workspace, with a document in it."""
    home = (await one.store.workspace(HOME)).id
    await one.store.put_document(home, OLD, EARLIER)
    return home


@dataclass(frozen=True, slots=True)
class Outcome:
    said: object
    kept: Mapping[str, list[str]]
    requests: int


async def _played(server: Server, step: Step, lost: int = 0) -> Outcome:
    """Take the step; the reply to its request of that number (0: none) is lost."""
    async with watched(server) as one:
        home = await home_of(one)
        one.front.reset()
        if lost:
            one.front.cut_after_request(lost)
        try:
            said = await step(one.store, home)
        except StoreUnavailable:
            said = await step(one.store, home)
        assert one.front.cuts == (lost > 0)
        requests = one.front.commands.total()
        # What could not be cleared is cleared by the next one in the workspace.
        await one.store.drop_document(home, "nothing")
        return Outcome(said, (await contents(server, one.address.prefix)).keys, requests)


@pytest.mark.parametrize("step", [put, drop])
async def test_a_reply_that_is_lost_leaves_nothing_else_than_one_that_came(
    server: Server, step: Step
) -> None:
    once = await _played(server, step)
    for lost in range(1, once.requests + 1):
        again = await _played(server, step, lost)
        assert (again.said, again.kept) == (once.said, once.kept), lost
    assert once.requests > 3


async def test_a_document_that_was_not_put_to_its_end_is_gone_on_with(server: Server) -> None:
    adding = script("add_passages").sha.decode()
    async with watched(server) as one:
        home = await home_of(one)
        await _broken_off(one, home)
        await _broken_off(one, home)
        assert await one.store.find_passages(home, ("later",), 10) == ()
        assert len(await one.store.near_passages(home, b"\x00\x7f", 10)) == 1
        assert await one.store.document(home, OLD.source) == OLD
        one.front.reset()
        await put(one.store, home)
        assert one.front.scripts[adding] == 1
        assert len(await one.store.find_passages(home, ("later",), 200)) == 150
        assert await one.store.find_passages(home, ("earlier",), 10) == ()


async def test_what_nobody_goes_on_with_is_cleared_by_the_next_put(server: Server) -> None:
    async with watched(server) as one:
        home = await home_of(one)
        await _broken_off(one, home)
        other = replace(OLD, source="other.md", id=DocumentId("other"))
        await one.store.put_document(home, other, ())
        stretches = one.keys.of(home).knowledge.stretches.decode()
        assert await server.call("HLEN", stretches) == 1
        await one.clock.advance(LONG)
        await one.store.put_document(home, replace(other, title="Other"), ())
        assert await server.call("HLEN", stretches) == 0
        left = await server.keys_of(f"{one.address.prefix}:")
        assert not [name for name in left if ":kx:later" in name]
        assert await one.store.document(home, OLD.source) == OLD
        assert len(await one.store.find_passages(home, ("earlier",), 10)) == 1


async def test_who_slept_too_long_begins_anew(server: Server) -> None:
    async with watched(server) as one:
        home = await home_of(one)
        await _broken_off(one, home)
        await one.clock.advance(LONG)
        await put(one.store, home)
        assert len(await one.store.find_passages(home, ("later",), 200)) == 150


async def test_two_that_put_the_same_fill_one_stretch(server: Server) -> None:
    async with watched(server) as one, one.another() as other:
        home = await home_of(one)
        await asyncio.gather(put(one.store, home), put(other, home), put(one.store, home))
        for store in (one.store, other):
            assert len(await store.find_passages(home, ("later",), 200)) == 150
            assert await store.document(home, NEW.source) == NEW


async def test_many_leaves_are_looked_into_in_turn(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_LEAVES_AT_ONCE", 1)
    async with watched(server) as one:
        home = await home_of(one)
        passages = tuple(Passage(n, "", f"Word {n % 300}") for n in range(600))
        await one.store.put_document(home, replace(OLD, source="long.md", passages=600), passages)
        numbers = [one.passage.number for one in await one.store.find_passages(home, ("299",), 10)]
        assert numbers == [299, 599]
        # There is no room for all that is known of so many words: the rarest ones count.
        common = tuple(map(str, range(250, 280)))
        found = await one.store.find_passages(home, (*common, "word", "number"), 5)
        assert len(found) == 5


async def _broken_off(one: Watched, home: WorkspaceId) -> None:
    """Put the new document until the next part of it was added, of three."""
    adding = script("add_passages").sha.decode()
    one.front.cut_after_request(lambda request: request.script == adding)
    with pytest.raises(StoreUnavailable):
        await put(one.store, home)


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\xff\xfe", b"\x93\x01\x02"])
async def test_a_passage_that_cannot_be_read_is_put_aside(server: Server, damage: bytes) -> None:
    async with watched(server) as one:
        home = await home_of(one)
        beside = replace(OLD, source="beside.md", id=DocumentId("beside"))
        await one.store.put_document(home, beside, EARLIER)
        await server.call("HSET", one.keys.of(home).knowledge.passages(0).decode(), 0, damage)
        (found,) = await one.store.find_passages(home, ("words",), 10)
        assert found.source == "beside.md"
        (aside,) = await one.store.quarantined()
        assert aside.where == f"passage 0 of workspace {home}"


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\xff\xfe", b"\x93\x01\x02"])
async def test_a_document_that_cannot_be_read_is_put_aside_and_hides_no_other(
    server: Server, damage: bytes
) -> None:
    async with watched(server) as one:
        home = await home_of(one)
        beside = replace(OLD, source="beside.md", id=DocumentId("beside"))
        await one.store.put_document(home, beside, EARLIER)
        documents = one.keys.of(home).knowledge.documents.decode()
        for looking in ("document", "documents", "find", "near"):
            await one.store.put_document(home, OLD, EARLIER)
            await server.call("HSET", documents, OLD.source, damage)
            match looking:
                case "document":
                    assert await one.store.document(home, OLD.source) is None
                case "documents":
                    assert await one.store.documents(home, "", 10) == (beside,)
                case "find":
                    (found,) = await one.store.find_passages(home, ("words",), 10)
                    assert found.source == "beside.md"
                case _:
                    (found,) = await one.store.near_passages(home, b"\x7f\x00", 10)
                    assert found.source == "beside.md"
            assert await one.store.drop_document(home, OLD.source) is None
        assert len(await one.store.quarantined()) == 4
        # What the unreadable ones added to the counters is not known any more.
        counters = one.keys.of(home).knowledge.counters.decode()
        await server.call("HSET", counters, "passages", 1, "words", 2)
