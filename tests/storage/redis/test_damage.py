"""Records that cannot be read are put aside and reported; all else goes on."""

from collections.abc import Callable

import msgspec
import pytest
import structlog

from sessions.model import Session, SessionKey
from tests.redis_servers import Server
from tests.storage.contract.scene import (
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    result,
    take,
    thread,
)
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
        await only_quarantined(one, f"inbox of {session.key}")


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
