"""The typing indicator of a streamed reply."""

import asyncio
from datetime import timedelta

from bots.pacing import Pacer
from bots.reply import open_streamed
from tests.bots.far_end import MemoryGrant, MemoryOutlet, World
from tests.bots.virtual import run


def pacer() -> Pacer:
    return Pacer(timedelta(seconds=1), clock=asyncio.get_running_loop().time)


def test_typing_is_shown_after_a_second_and_until_there_is_text() -> None:
    async def scenario() -> None:
        world = World()
        async with open_streamed(MemoryOutlet(world), world.turn, MemoryGrant(world), pacer()) as reply:
            await asyncio.sleep(9)
            assert len(world.said("typing")) == 2
            reply.show("text")
            await asyncio.sleep(9)
            assert len(world.said("typing")) == 2

    run(scenario())


def test_typing_for_a_model_that_never_answers_ends_some_day() -> None:
    async def scenario() -> None:
        world = World()
        async with open_streamed(MemoryOutlet(world), world.turn, MemoryGrant(world), pacer()):
            await asyncio.sleep(100_000)
        assert len(world.said("typing")) < 1000

    run(scenario())
