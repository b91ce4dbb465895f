"""A reply that is lost: the caller repeats the step, and all is as if it had happened once."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from sessions.errors import StoreUnavailable
from sessions.model import EventId, Holder, Platform, WorkspaceKey
from sessions.ports.errands import Errand
from sessions.ports.turns import Accepted, Committed
from storage.redis.scripts import script
from tests.redis_servers import Server
from tests.storage.contract.scene import (
    ADA,
    EVERYWHERE,
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    thread,
)
from tests.storage.redis import steps
from tests.storage.redis.contents import contents
from tests.storage.redis.steps import SCENES, Scene
from tests.storage.redis.watched import watched

TAKING = {
    steps.accept_with_a_claim,
    steps.accept_in_a_new_topic,
    steps.acquire,
    steps.admit,
    steps.remember,
    steps.forget,
    steps.delete_checkpoint,
}
"""What these take, a repeat does not give again: see the tests below, and the ports."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the caller was told in the end, and all that is kept then."""

    said: str
    kept: Mapping[str, list[str]]
    requests: int


async def played(server: Server, scene: Scene, lost: int = 0) -> Outcome:
    """Play the scene; the reply to the call's request of that number (0: none) is lost."""
    async with watched(server) as one:
        call = await scene(one.store)
        await one.store.find_workspace(WorkspaceKey("nobody's"))  # the connection is there
        one.front.reset()
        if lost:
            one.front.cut_after_request(lost)
            with pytest.raises(StoreUnavailable):
                await call()
            assert one.front.cuts == 1
        said = await call()
        requests = sum(len(trip.commands) for trip in one.front.log)
        found = await contents(server, one.address.prefix)
        assert found.unled == ()
        return Outcome(found.anonymous(_lasting(said)), found.keys, requests)


def _lasting(said: object) -> object:
    """What a repeat tells as well."""
    match said:
        case Accepted(session=session, ahead=ahead):
            return session, ahead
        case Committed(session=session):
            return session
        case _:
            return said


@pytest.mark.parametrize("scene", SCENES, ids=[scene.__name__ for scene in SCENES])
async def test_a_step_whose_reply_is_lost_happens_once_when_it_is_repeated(
    server: Server, scene: Scene
) -> None:
    once = await played(server, scene)
    for lost in range(1, once.requests + 1):
        again = await played(server, scene, lost)
        assert again.kept == once.kept, lost
        assert again.said == once.said or scene in TAKING, lost


async def test_a_lease_that_was_granted_in_a_lost_reply_is_had_by_the_repeat(server: Server) -> None:
    async with watched(server) as one:
        await converse(one.store, inbound(1))
        one.front.cut_after_request()
        with pytest.raises(StoreUnavailable):
            await accept(one.store, inbound(2), claim(token="lost"))
        again = await accept(one.store, inbound(2), claim(token="had"))
        assert not again.fresh
        assert again.work is not None
        assert (again.work.lease.token, again.work.turn.takeovers) == ("had", 0)
        assert (await accept(one.store, inbound(2), claim(token="more"))).work is None


async def test_a_lease_that_was_granted_in_a_lost_reply_runs_out_for_others(server: Server) -> None:
    async with watched(server) as one:
        await converse(one.store, inbound(1))
        one.front.cut_after_request()
        with pytest.raises(StoreUnavailable):
            await accept(one.store, inbound(2), claim())
        async with one.another() as other:
            assert (await accept(other, inbound(2), claim("two"))).work is None
            await one.clock.advance(LEASE)
            (work,) = await other.sweep(claim("two"), 10)
        assert (work.turn.id, work.turn.takeovers) == (inbound(2).event, 1)


async def test_a_sweep_whose_reply_is_lost_is_made_up_for_by_a_later_one(server: Server) -> None:
    acquiring = script("acquire").sha.decode()
    async with watched(server) as one:
        for number in range(3):
            await accept(one.store, inbound(1, thread(f"t{number}")))
        assert await one.store.sweep(claim("one", frozenset({Platform.DISCORD})), 10) == ()
        one.front.cut_after_request(lambda request: request.script == acquiring)
        with pytest.raises(StoreUnavailable):
            await one.store.sweep(claim(), 10)
        await one.clock.advance(LEASE)
        assert len(await one.store.sweep(claim("two"), 10)) == 3


async def test_an_errand_whose_admission_was_lost_is_adopted_later(server: Server) -> None:
    errand = Errand(EventId("errand"), Platform.TELEGRAM, b"body")
    async with watched(server) as one:
        await one.store.listing(thread(), ADA.id)
        one.front.cut_after_request()
        with pytest.raises(StoreUnavailable):
            await one.store.admit(errand, Holder("one"), LEASE)
        assert not await one.store.admit(errand, Holder("one"), LEASE)
        await one.clock.advance(LEASE)
        adopting = script("adopt").sha.decode()
        one.front.cut_after_request(lambda request: request.script == adopting)
        with pytest.raises(StoreUnavailable):
            await one.store.adopt(EVERYWHERE, Holder("two"), LEASE, 10)
        assert await one.store.adopt(EVERYWHERE, Holder("two"), LEASE, 10) == ()
        await one.clock.advance(LEASE)
        assert await one.store.adopt(EVERYWHERE, Holder("two"), LEASE, 10) == (errand,)
