"""Records that cannot be read are put aside and reported; all else goes on."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
import pytest
import structlog

from sessions.errors import LeaseLost, StoreDamaged
from sessions.model import EventId, Session, SessionKey, Status
from tests.redis_servers import Server
from tests.storage.contract.scene import (
    HOME,
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    proposal,
    result,
    take,
    thread,
    workspace_session,
)
from tests.storage.contract.test_checkpoints import run
from tests.storage.contract.test_facts import fact
from tests.storage.redis.watched import Watched, watched

SECRET = "nobody may read this in a log"
BROKEN_JSON = b'1{"role":"user","content":"' + SECRET.encode()
GARBAGE = b"\xc1\xff " + SECRET.encode()


def broken_turn(record: bytes) -> bytes:
    """The same turn, an array as it should be, but its Inbound is broken JSON."""
    turn = msgspec.msgpack.decode(record)
    return msgspec.msgpack.encode([*turn[:-1], BROKEN_JSON.decode()])


def garbage(_: bytes) -> bytes:
    return GARBAGE


def broken_message(_: bytes) -> bytes:
    return BROKEN_JSON


async def damage(one: Watched, key: bytes, place: int, how: Callable[[bytes], bytes]) -> None:
    """Break one entry of a list."""
    async with one.server.connect() as connection:
        before = as_bytes(await connection.call("LINDEX", key, place))
        await connection.call("LSET", key, place, how(before))


def as_bytes(reply: object) -> bytes:
    assert isinstance(reply, bytes)
    return reply


async def texts(one: Watched, key: SessionKey) -> list[str]:
    return [message.content for message in await one.store.transcript(key, None, 100)]


async def only_quarantined(one: Watched, where: str) -> None:
    """One record was put aside, and its bytes are where it is said."""
    (kept,) = await one.store.quarantined()
    assert kept.where == where
    assert SECRET not in repr(kept)
    key, _, place = kept.kept.partition(", element ")
    assert SECRET.encode() in as_bytes(await one.server.call("LINDEX", key, place))


@pytest.mark.parametrize("how", [garbage, broken_message])
async def test_a_damaged_message_is_put_aside_and_the_session_goes_on(
    server: Server, how: Callable[[bytes], bytes]
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with watched(server) as one:
            session = await converse(one.store, inbound(1), "a", "b", "c")
            other = await converse(one.store, inbound(1, thread("8")), "d", "e")
            transcript = one.keys.of(session.key.workspace).transcript(session.key.id)
            await damage(one, transcript, 1, how)

            work = await take(one.store, inbound(2))
            assert [message.content for message in work.news] == ["a", "c"]
            assert work.session.tally.messages == 2
            await one.store.commit(work.lease, result(work.turn.id, "f", "g"))
            assert await one.store.delivered(work.lease, work.turn.id, claim(), None) is None
            assert await texts(one, session.key) == ["a", "c", "f", "g"]
            assert await texts(one, other.key) == ["d", "e"]
            await only_quarantined(one, f"transcript of {session.key}")
    assert [entry["event"] for entry in logs] == ["store.quarantined"]
    assert SECRET not in repr(logs)


async def test_who_reads_the_transcript_finds_the_damage_as_well(server: Server) -> None:
    async with watched(server) as one:
        session = await converse(one.store, inbound(1), "a", "b", "c")
        transcript = one.keys.of(session.key.workspace).transcript(session.key.id)
        await damage(one, transcript, 1, garbage)
        assert await texts(one, session.key) == ["a", "c"]
        await only_quarantined(one, f"transcript of {session.key}")


@pytest.mark.parametrize("how", [garbage, broken_turn])
@pytest.mark.parametrize("place", [0, 1])
async def test_a_damaged_turn_is_put_aside_and_the_others_are_answered(
    server: Server, how: Callable[[bytes], bytes], place: int
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with watched(server) as one:
            session = (await accept(one.store, inbound(1))).session
            for number in (2, 3):
                await accept(one.store, inbound(number))
            other = (await accept(one.store, inbound(1, thread("8")))).session
            inbox = one.keys.of(session.key.workspace).inbox(session.key.id)
            await damage(one, inbox, place, how)

            work = await one.store.acquire(session.key, claim(), None)
            answered = []
            while work is not None:
                answered.append(work.turn.inbound.number)
                await one.store.commit(work.lease, result(work.turn.id, "a", "b"))
                work = await one.store.delivered(work.lease, work.turn.id, claim(), None)
            assert answered == [number for number in (1, 2, 3) if number != place + 1]
            assert len(await one.store.waiting(other.key)) == 1
            await only_quarantined(one, f"inbox of {session.key}")
    assert [entry["event"] for entry in logs] == ["store.quarantined"]
    assert SECRET not in repr(logs)


async def test_a_session_whose_only_turn_is_damaged_takes_the_next(server: Server) -> None:
    async with watched(server) as one:
        session = (await accept(one.store, inbound(1))).session
        inbox = one.keys.of(session.key.workspace).inbox(session.key.id)
        await damage(one, inbox, 0, garbage)
        assert await one.store.sweep(claim(), 10) == ()
        work = await take(one.store, inbound(2))
        assert work.turn.inbound.number == 2
        assert len(await one.store.waiting(session.key)) == 1
        await only_quarantined(one, f"inbox of {session.key}")


async def test_an_inbound_that_comes_upon_a_damaged_turn_is_accepted_once(server: Server) -> None:
    async with watched(server) as one:
        session = (await accept(one.store, inbound(1))).session
        await accept(one.store, inbound(2))
        inbox = one.keys.of(session.key.workspace).inbox(session.key.id)
        await damage(one, inbox, 0, garbage)
        await damage(one, inbox, 1, garbage)
        accepted = await accept(one.store, inbound(3), claim())
        assert accepted.fresh
        assert [turn.inbound.number for turn in await one.store.waiting(session.key)] == [3]


async def test_a_session_with_a_damaged_turn_can_be_stopped_and_deleted(server: Server) -> None:
    async with watched(server) as one:
        session = (await take(one.store, inbound(1))).session
        for number in (2, 3):
            await accept(one.store, inbound(number))
        inbox = one.keys.of(session.key.workspace).inbox(session.key.id)
        await damage(one, inbox, 1, garbage)
        assert await one.store.stop(session.key, EventId("stop")) == inbound(1).event
        assert (await one.store.delete(session.key, EventId("delete"))).key == session.key
        left = [(turn.inbound.number, turn.answer) for turn in await one.store.waiting(session.key)]
        assert [number for number, answer in left if answer is not None] == [1, 3]


async def test_a_turn_that_is_damaged_while_it_runs_is_put_aside_and_its_lease_runs_out(
    server: Server,
) -> None:
    async with watched(server) as one:
        work = await take(one.store, inbound(1))
        await accept(one.store, inbound(2))
        inbox = one.keys.of(work.session.key.workspace).inbox(work.session.key.id)
        await damage(one, inbox, 0, garbage)
        await one.clock.advance(LEASE)
        (again,) = await one.store.sweep(claim("two"), 10)
        assert again.turn.inbound.number == 2


async def test_what_is_logged_of_damage_shows_nothing_of_it(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    async with watched(server) as one:
        session = await converse(one.store, inbound(1), "a", "b", "c")
        transcript = one.keys.of(session.key.workspace).transcript(session.key.id)
        await damage(one, transcript, 1, broken_message)
        assert await texts(one, session.key) == ["a", "c"]
    shown = capsys.readouterr()
    assert "store.quarantined" in shown.out + shown.err
    assert SECRET not in shown.out + shown.err


async def spoil(one: Watched, session: Session, record: bytes = GARBAGE) -> None:
    """Break a session's record."""
    await one.server.call("HSET", one.keys.of(session.key.workspace).sessions, session.key.id, record)


async def read_by_id(one: Watched, session: Session) -> Session | None:
    return await one.store.get(session.key)


async def read_by_name(one: Watched, session: Session) -> Session | None:
    return await one.store.by_name(session.key.workspace, session.name)


async def read_by_thread(one: Watched, session: Session) -> Session | None:
    return await one.store.bound(thread())


async def read_in_a_page(one: Watched, session: Session) -> Session | None:
    page = await one.store.page(session.key.workspace, None, None, 10)
    return next(each for each in page.sessions if each.key == session.key)


async def read_for_an_inbound(one: Watched, session: Session) -> Session | None:
    return (await accept(one.store, inbound(1))).session


@pytest.mark.parametrize("record", [GARBAGE, msgspec.msgpack.encode([1, SECRET])])
@pytest.mark.parametrize(
    "read", [read_by_id, read_by_name, read_by_thread, read_in_a_page, read_for_an_inbound]
)
async def test_a_damaged_session_is_made_anew_from_what_else_is_known(
    server: Server, read: Callable[[Watched, Session], Awaitable[Session | None]], record: bytes
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with watched(server) as one:
            session = await converse(one.store, inbound(1), "a", "b")
            other = await converse(one.store, inbound(1, thread("8")), "c", "d")
            await spoil(one, session, record)
            found = await read(one, session)
            assert found is not None
            lasting = replace(found, tally=session.tally)
            assert lasting == replace(session, starter=found.starter, created_at=found.created_at)
            assert replace(found.tally, estimated=False) == session.tally
            assert await one.store.get(other.key) == other
            work = await take(one.store, inbound(2))
            assert work.session.key == session.key
            (kept,) = await one.store.quarantined()
            assert kept.where == f"session {session.key}"
            assert SECRET not in repr(kept)
    assert [entry["event"] for entry in logs] == ["store.quarantined"]
    assert SECRET not in repr(logs)


async def test_a_process_that_does_not_know_the_thread_accepts_into_the_session_made_anew(
    server: Server,
) -> None:
    async with watched(server) as one, one.another() as other:
        session = await converse(one.store, inbound(1), "a", "b")
        await spoil(one, session)
        accepted = await accept(other, inbound(2), claim(), proposed=proposal())
        assert accepted.session.key == session.key
        assert accepted.work is not None


async def test_a_damaged_session_with_a_turn_running_is_taken_over_and_its_holder_has_lost_it(
    server: Server,
) -> None:
    async with watched(server) as one:
        work = await take(one.store, inbound(1))
        await spoil(one, work.session)
        await one.clock.advance(LEASE)
        (again,) = await one.store.sweep(claim("two"), 10)
        assert again.turn.inbound == inbound(1)
        assert again.lease.fence > work.lease.fence
        with pytest.raises(LeaseLost):
            await one.store.commit(work.lease, result(work.turn.id, "not", "this"))
        await one.store.commit(again.lease, result(again.turn.id, "a", "b"))
        await one.store.delivered(again.lease, again.turn.id, claim("two"), None)


async def test_a_damaged_session_keeps_no_other_from_a_page_or_a_sweep(server: Server) -> None:
    async with watched(server) as one:
        waiting = [(await accept(one.store, inbound(1, thread(str(n))))).session for n in range(3)]
        await spoil(one, waiting[1])
        assert len((await one.store.page(waiting[0].key.workspace, None, None, 10)).sessions) == 3
        await spoil(one, waiting[1])
        assert len(await one.store.sweep(claim(), 10)) == 3


async def test_a_damaged_tombstone_is_delivered_all_the_same(server: Server) -> None:
    async with watched(server) as one:
        session = (await accept(one.store, inbound(1))).session
        await one.store.delete(session.key, EventId("delete"))
        await spoil(one, session)
        (work,) = await one.store.sweep(claim(), 10)
        assert work.session.status is Status.DELETED
        assert await one.store.delivered(work.lease, work.turn.id, claim(), None) is None


async def test_a_session_of_a_later_version_is_left_as_it_is(server: Server) -> None:
    async with watched(server) as one:
        session = await converse(one.store, inbound(1))
        sessions = one.keys.of(session.key.workspace).sessions
        record = as_bytes(await one.server.call("HGET", sessions, session.key.id))
        later = msgspec.msgpack.encode([2, *msgspec.msgpack.decode(record)[1:], "more"])
        await spoil(one, session, later)
        with pytest.raises(StoreDamaged, match="unknown version"):
            await one.store.get(session.key)
        assert (await one.store.page(session.key.workspace, None, None, 10)).sessions == ()
        assert await one.server.call("HGET", sessions, session.key.id) == later
        assert await one.store.quarantined() == ()
        await spoil(one, session, record)


async def test_a_thread_of_a_damaged_session_can_be_bound_to_another(server: Server) -> None:
    async with watched(server) as one:
        former = await converse(one.store, inbound(1))
        made = await workspace_session(one.store, "made")
        await spoil(one, former)
        await one.store.bind(made.key, thread(), EventId("bind"))
        await spoil(one, made)
        await workspace_session(one.store, "another", where=thread())
        bound = await one.store.bound(thread())
        assert bound is not None
        assert bound.name == "another"


async def test_a_damaged_fact_or_run_is_put_aside_and_hides_no_other(server: Server) -> None:
    async with watched(server) as one:
        home = (await one.store.workspace(HOME)).id
        keys = one.keys.of(home)
        for name in "abc":
            await one.store.remember(home, fact(name))
            await one.store.save_checkpoint(home, run(name))
        torn = msgspec.msgpack.encode([1, "", "", BROKEN_JSON.decode()])
        for shelf, key, left in (
            ("fact", "b", torn),
            ("checkpoint", "a", GARBAGE),
            ("checkpoint", "b", GARBAGE),
        ):
            await one.server.call("HSET", keys.shelf(shelf), key, left)
        with structlog.testing.capture_logs() as logs:
            assert await one.store.facts(home, None) == (fact("a"), fact("c"))
            assert await one.store.save_checkpoint(home, run("a"))
            assert await one.store.delete_checkpoint(home, "b") is None
            assert await one.store.checkpoints(home, None) == (run("a"), run("c"))
        assert [one["event"] for one in logs] == ["store.quarantined"] * 3
        assert SECRET not in repr(logs)
        assert len(await one.store.quarantined()) == 3
        assert await one.store.remember(home, fact("b"))
