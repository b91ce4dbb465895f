"""How often a store goes to Redis, and how much comes back: counted on the wire."""

from collections.abc import AsyncIterator

import pytest

from sessions.engine import Engine
from sessions.model import Audience, EventId, ReplyPart, ReplyRecord, WorkspaceKey
from sessions.ports.turns import Known
from storage.redis import scripts
from storage.redis.keys import BUCKETS, ERRAND_BUCKETS
from tests.engine.parts import Screen, ScriptedModel, said, until
from tests.redis_servers import Proxy, Server, Trip
from tests.storage.contract.scene import (
    ADA,
    HOME,
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    proposal,
    result,
    thread,
    workspace_session,
)
from tests.storage.contract.test_checkpoints import run
from tests.storage.contract.test_facts import fact
from tests.storage.redis.scenario import live
from tests.storage.redis.watched import Watched, watched

PLACED = ReplyRecord((ReplyPart("1234567890"),))
WARM_BYTES = 1_000
SENT = {
    "EVALSHA",
    "SCRIPT",
    "GET",
    "SET",
    "DEL",
    "HGET",
    "HGETALL",
    "HMGET",
    "HKEYS",
    "HVALS",
    "HDEL",
} | {
    *("LRANGE", "ZADD", "ZRANGE", "ZRANK"),
    *("HELLO", "CLIENT", "PING", "ROLE", "SUBSCRIBE"),
}
"""Every command that a store ever sends; within scripts there are more."""
UNBOUNDED = {
    "keys",
    "scan",
    "hscan",
    "sscan",
    "zscan",
    "smembers",
    "sort",
    "watch",
    "multi",
    "exec",
    "eval",
}


@pytest.fixture
async def one(server: Server) -> AsyncIterator[Watched]:
    """A store that has run a turn."""
    async with watched(server) as opened:
        await converse(opened.store, inbound(1))
        opened.front.reset()
        yield opened


async def _nothing() -> None:
    """Between the steps of a scenario."""


def trips(front: Proxy) -> list[str]:
    """What was asked, script or command, a line for each round trip; the counting begins anew."""
    names = {scripts.script(name).sha.decode(): name for name in scripts.names()}
    found = []
    for trip in front.log:
        shas = iter(trip.scripts)
        asked = [names[next(shas)] if name == "EVALSHA" else name for name in trip.commands]
        found.append(" ".join(asked))
    front.reset()
    return found


def is_delivery(trip: Trip) -> bool:
    """Whether it took a turn from its inbox, and was answered."""
    return trip.ended is not None and scripts.script("delivered").sha.decode() in trip.scripts


async def test_a_warm_turn_waits_for_two_round_trips_and_others_overlap(one: Watched) -> None:
    accepted = await accept(one.store, inbound(2), claim())
    assert trips(one.front) == ["accept"]
    assert accepted.work is not None
    lease = accepted.work.lease

    # These overlap with the model: where the answer stands, and the lease every third of its time.
    await one.store.note_reply(lease, inbound(2).event, PLACED)
    await one.store.renew(lease, LEASE)
    assert trips(one.front) == ["note_reply", "renew"]

    await one.store.commit(lease, result(inbound(2).event, "a", "b"))
    assert trips(one.front) == ["commit"]

    # This one comes after the last text: no person waits for it.
    await one.store.delivered(lease, inbound(2).event, claim(), None)
    assert trips(one.front) == ["delivered"]


async def test_an_engines_warm_turn_is_four_round_trips_of_which_two_are_awaited(one: Watched) -> None:
    screen, store = Screen(), one.store
    async with Engine(store, ScriptedModel(), screen) as engine:
        for number in (1, 2):
            one.front.reset()
            await engine.accept(said("a question", number))
            await screen.wait(number)
            await until(lambda: any(is_delivery(trip) for trip in one.front.log))
        assert trips(one.front) == ["accept", "note_reply", "commit", "delivered"]


@pytest.mark.parametrize("messages", [10, 1_000])
async def test_a_warm_turn_brings_less_than_a_kilobyte_whatever_was_said_before(
    one: Watched, messages: int
) -> None:
    texts = ["some forty characters that somebody said"] * messages
    session = await converse(one.store, inbound(1, thread("8")), *texts)
    one.front.reset()
    known = Known(session.key.id, messages)
    accepted = await accept(one.store, inbound(2, thread("8")), claim(), known=known)
    assert accepted.work is not None
    assert accepted.work.news == ()
    turn, lease = accepted.work.turn.id, accepted.work.lease
    await one.store.note_reply(lease, turn, PLACED)
    await one.store.commit(lease, result(turn, *texts[:2]))
    await one.store.delivered(lease, turn, claim(), known)
    assert one.front.trips == 4
    assert one.front.bytes_down < WARM_BYTES


async def test_a_warm_turn_carries_only_what_another_process_added(one: Watched) -> None:
    session = await converse(one.store, inbound(1, thread("8")), *["x" * 1_000] * 100)
    one.front.reset()
    known = Known(session.key.id, 98)
    accepted = await accept(one.store, inbound(2, thread("8")), claim(), known=known)
    assert accepted.work is not None
    assert len(accepted.work.news) == 2
    assert one.front.bytes_down < 2 * 1_000 + WARM_BYTES


async def test_a_new_chat_costs_seven_more_round_trips_once(one: Watched) -> None:
    where, home = thread("1", "new"), WorkspaceKey("telegram:new")
    await accept(one.store, inbound(1, where, workspace=home), claim())
    making = ["GET", "workspace", "claim_key", "GET", "workspace", "ZADD"]
    assert trips(one.front) == [*making, "home", "accept", "home"]
    await accept(one.store, inbound(1, thread("2", "new"), workspace=home), claim())
    assert trips(one.front) == ["home", "accept", "home"]


async def test_a_process_that_never_saw_a_bound_thread_makes_five_more_round_trips(
    one: Watched,
) -> None:
    async with one.another() as fresh:
        await fresh.listing(thread(), ADA.id)
        one.front.reset()
        await accept(fresh, inbound(2), claim("two"), proposed=proposal())
        assert trips(one.front) == ["GET", "workspace", "ZADD", "home", "accept", "accept"]
        await accept(fresh, inbound(3), claim("two"), proposed=proposal())
        assert trips(one.front) == ["accept"]


async def test_a_thread_that_was_bound_elsewhere_meanwhile_costs_one_more_round_trip(
    one: Watched,
) -> None:
    async with one.another() as other:
        made = await workspace_session(other, "made", where=thread())
    one.front.reset()
    accepted = await accept(one.store, inbound(2), claim())
    assert trips(one.front) == ["accept", "accept"]
    assert accepted.session.key == made.key


@pytest.mark.parametrize("audiences", [None, frozenset({Audience("open"), Audience("discord:5")})])
async def test_a_page_of_a_listing_is_one_round_trip(
    one: Watched, audiences: frozenset[Audience] | None
) -> None:
    home = await one.store.workspace(HOME)
    for number in range(20):
        audience = Audience("discord:5") if number % 2 else Audience("open")
        await workspace_session(one.store, f"talk {number}", audience=audience)
    if audiences is None:
        # Which audiences there are is learnt once, and again when there is a new one.
        one.front.reset()
        await one.store.page(home.id, None, None, 5)
        assert trips(one.front) == ["page", "page"]
    one.front.reset()
    first = await one.store.page(home.id, audiences, None, 5)
    second = await one.store.page(home.id, audiences, first.next, 5, skip=3)
    assert trips(one.front) == ["page", "page"]
    assert (len(first.sessions), len(second.sessions), first.total) == (5, 5, 21)


async def test_a_sweep_that_finds_nothing_is_one_round_trip_for_all_buckets(one: Watched) -> None:
    assert await one.store.sweep(claim(), 10) == ()
    assert one.front.trips == 1
    assert trips(one.front) == [" ".join(["due"] * BUCKETS)]


async def test_a_sweep_takes_what_it_found_in_one_more_round_trip(one: Watched) -> None:
    for number in range(10):
        await accept(one.store, inbound(1, thread(f"t{number}")))
    one.front.reset()
    assert len(await one.store.sweep(claim(), 10)) == 10
    assert trips(one.front) == [" ".join(["due"] * BUCKETS), " ".join(["acquire"] * 10)]


async def test_looking_for_errands_is_one_round_trip(one: Watched) -> None:
    assert await one.store.adopt(claim().platforms, claim().holder, LEASE, 10) == ()
    assert trips(one.front) == [" ".join(["due_errands"] * ERRAND_BUCKETS)]


async def test_other_steps_are_as_many_round_trips_as_they_say(one: Watched) -> None:
    store, key = one.store, (await workspace_session(one.store, "a")).key
    one.front.reset()
    await store.stop(key, EventId("stop"))
    await store.get(key)
    await store.transcript(key, None, 100)
    await store.waiting(key)
    await store.by_name(key.workspace, "a")
    assert trips(one.front) == ["stop", "HGET", "transcript", "LRANGE", "by_name"]
    await store.bound(thread())
    assert trips(one.front) == ["HGET", "bound"]
    await store.bind(key, thread("9"), EventId("bind"))
    assert trips(one.front) == ["HGET", "home", "bind", "home"]
    await store.names(key.workspace, None, "a", 10)
    assert trips(one.front) == ["HKEYS", "names"]
    await store.delete(key, EventId("delete"))
    assert trips(one.front) == ["HGET", "delete", "HGET", "HGET", "vacate"]


async def test_facts_and_runs_are_put_and_read_in_one_round_trip(one: Watched) -> None:
    store, home = one.store, (await one.store.workspace(HOME)).id
    one.front.reset()
    await store.remember(home, fact("a"))
    await store.facts(home, None)
    await store.save_checkpoint(home, run("deploy"))
    await store.checkpoint(home, "deploy")
    assert trips(one.front) == ["shelve", "HGETALL", "shelve", "HGET"]
    await store.forget(home, fact("a").id)
    assert trips(one.front) == ["HGET", "unshelve"]


async def test_a_store_sends_no_other_commands_than_these(server: Server) -> None:
    async with watched(server) as one, one.store.wakeups():
        await server.call("CONFIG", "RESETSTAT")
        await live(one.store, one.clock.advance, _nothing)
        executed = {name.removeprefix("cmdstat_") for name in await server.info("commandstats")}
        assert set(one.front.commands) <= SENT
        assert "rpush" in executed
        assert not executed & UNBOUNDED
