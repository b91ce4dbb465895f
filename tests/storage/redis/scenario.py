"""A day in the life of a store: every method of its ports, in steps."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sessions.model import (
    Audience,
    EventId,
    Holder,
    Listing,
    Platform,
    ReplyPart,
    ReplyRecord,
    RoleName,
    SessionKey,
)
from sessions.ports.errands import Errand
from sessions.ports.knowledge import Document, DocumentId, Knowledge, Passage
from sessions.ports.store import Store
from sessions.ports.turns import Known
from tests.storage.contract.scene import (
    ADA,
    EVERYWHERE,
    HOME,
    LEASE,
    accept,
    claim,
    inbound,
    new,
    result,
    take,
    thread,
)
from tests.storage.contract.test_checkpoints import further, run
from tests.storage.contract.test_facts import fact

Between = Callable[[], Awaitable[None]]
Advance = Callable[[timedelta], Awaitable[None]]

_ROLE, _ONE, _TWO = RoleName("telegram:1:updates"), Holder("one"), Holder("two")
_DOCUMENT = Document(
    DocumentId("id"), "guide.md", "Guide", "c0ffee", 99, 1, datetime(2031, 3, 5, tzinfo=UTC)
)
_ERRAND = Errand(EventId("errand"), Platform.TELEGRAM, b"\x00body")


async def live(store: Store, advance: Advance, between: Between) -> list[object]:
    """Call every method; ``between`` is called between them. Returns what they said."""
    diary = _Diary(between)
    session = await _talk(store, diary)
    await _command(store, session, diary)
    await _sweep(store, advance, diary)
    await _serve(store, advance, diary)
    await _keep(store, diary)
    await _know(store, session, diary)
    await _move(store, diary)
    return diary.told


class _Diary:
    """What was said so far."""

    def __init__(self, between: Between) -> None:
        self.told: list[object] = []
        self._between = between

    async def note(self, said: object) -> None:
        self.told.append(said)
        await self._between()

    async def do(self, step: Awaitable[None]) -> None:
        await step
        await self._between()


async def _talk(store: Store, diary: _Diary) -> SessionKey:
    work = await take(store, inbound(1))
    key = work.session.key
    await diary.note(work.turn)
    await diary.note((await accept(store, inbound(2))).ahead)
    await diary.do(store.note_reply(work.lease, work.turn.id, ReplyRecord((ReplyPart("m1"),))))
    await diary.note((await store.renew(work.lease, LEASE)).stopped)
    await diary.note(await store.stop(key, EventId("stop")))
    await diary.note((await store.commit(work.lease, result(work.turn.id, "a", "b"))).fresh)
    following = await store.delivered(work.lease, work.turn.id, claim(), Known(key.id, 2))
    assert following is not None
    await diary.note(following.turn)
    await diary.do(store.release(following.lease))
    again = await store.acquire(key, claim("two"), None)
    assert again is not None
    await diary.note(again.news)
    await diary.note((await store.commit(again.lease, result(again.turn.id, "c", "d"))).fresh)
    await diary.note(await store.delivered(again.lease, again.turn.id, claim("two"), None))
    await diary.note(await store.waiting(key))
    return key


async def _command(store: Store, key: SessionKey, diary: _Diary) -> None:
    home = await store.workspace(HOME, "A group")
    made = await store.create(home.id, new("made", "Trip"), thread("8"), EventId("create"))
    await diary.note(made.name)
    await diary.note((await store.bind(key, thread("8"), EventId("bind"))).status)
    await diary.note((await store.bound(thread("8"))) is not None)
    await diary.do(store.unbind(thread("8")))
    await diary.do(store.retitle(key, "A title"))
    await diary.do(store.archive(made.key, archived=True))
    secret = Audience("discord:5")
    await diary.note((await store.create(home.id, new("kept", "Kept", secret), None, EventId("c2"))).name)
    page = await store.page(home.id, None, None, 2)
    await diary.note([one.name for one in page.sessions])
    await diary.note(len((await store.page(home.id, None, page.next, 2)).sessions))
    await diary.note(await store.names(home.id, None, "t", 10))
    await diary.note((await store.by_name(home.id, "TRIP")) is not None)
    await diary.note([message.content for message in await store.transcript(key, None, 10)])
    await diary.do(store.save_listing(thread(), ADA.id, Listing((key.id, made.key.id))))
    await diary.note(await store.listing(thread(), ADA.id))
    await diary.note((await store.delete(made.key, EventId("delete"))).name)
    await diary.note((await store.recorded(home.id, EventId("delete"))) is not None)
    await diary.note(len((await store.workspaces(None, 10)).workspaces))
    await diary.note(await store.quarantined())


async def _sweep(store: Store, advance: Advance, diary: _Diary) -> None:
    await accept(store, inbound(3))
    await accept(store, inbound(9, thread("", "ada", Platform.TERMINAL), owner="terminal"))
    (work,) = await store.sweep(claim(), 10)
    await diary.note(work.turn)
    waiting = inbound(9, thread("", "ada", Platform.TERMINAL)).event
    bound = await store.bound(thread("", "ada", Platform.TERMINAL))
    assert bound is not None
    await diary.note(await store.keep_waiting(bound.key, waiting, LEASE))
    await advance(LEASE * 2)
    for again in await store.sweep(claim("two"), 10):
        await diary.note((again.turn.takeovers, again.orphaned))
        await store.commit(again.lease, result(again.turn.id, "e", "f"))
        await diary.note(await store.delivered(again.lease, again.turn.id, claim("two"), None))


async def _serve(store: Store, advance: Advance, diary: _Diary) -> None:
    await diary.note(await store.admit(_ERRAND, _ONE, LEASE))
    await advance(LEASE)
    await diary.note(await store.adopt(EVERYWHERE, _TWO, LEASE, 10))
    await diary.do(store.finish(_ERRAND.event))
    await diary.note(await store.hold_role(_ROLE, _ONE, LEASE))
    await diary.note(await store.hold_role(_ROLE, _TWO, LEASE))
    await diary.do(store.leave_role(_ROLE, _ONE))
    await diary.note(await store.muster(_ONE, 3, LEASE))
    await diary.do(store.dismiss(_ONE))


async def _keep(store: Store, diary: _Diary) -> None:
    home = (await store.workspace(HOME)).id
    await diary.note([await store.remember(home, fact(name)) for name in "abb"])
    await diary.note(await store.forget(home, fact("a").id))
    await diary.note(await store.facts(home, None))
    await diary.note(await store.save_checkpoint(home, run("Deploy")))
    await diary.note(await store.save_checkpoint(home, further(run("Deploy"))))
    await diary.note(await store.save_checkpoint(home, run("Again")))
    await diary.note(await store.checkpoint(home, "deploy"))
    await diary.note(await store.delete_checkpoint(home, "again"))
    await diary.note(await store.checkpoints(home, None))


async def _know(store: Knowledge, session: SessionKey, diary: _Diary) -> None:
    home = session.workspace
    for number in range(2):
        document = replace(_DOCUMENT, digest=f"{number}")
        passages = (Passage(0, "top", f"Some words {number}", b"\x7f\x00"),)
        await diary.do(store.put_document(home, document, passages))
    await diary.note(await store.document(home, _DOCUMENT.source))
    await diary.note(await store.documents(home, "", 10))
    await diary.note(await store.find_passages(home, ("word",), 10))
    await diary.note(await store.near_passages(home, b"\x7f\x01", 10))
    await diary.do(store.put_document(home, replace(_DOCUMENT, source="other.md"), ()))
    await diary.note(await store.drop_document(home, _DOCUMENT.source))


async def _move(store: Store, diary: _Diary) -> None:
    await accept(store, inbound(4))
    await diary.do(store.migrate(thread("", "-100"), thread("", "-100200")))
    moved = await store.bound(thread("7", "-100200"))
    assert moved is not None
    await diary.note([turn.inbound.place for turn in await store.waiting(moved.key)])
    await diary.note((await store.delete(moved.key, EventId("delete 2"))).name)
    tombstone = await store.acquire(moved.key, claim("two"), None)
    assert tombstone is not None
    await diary.note(await store.delivered(tombstone.lease, tombstone.turn.id, claim("two"), None))
