import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.outlet import Outlet
from bots.pacing import Pacer
from bots.reply import open_streamed
from bots.wording import closing
from sessions.errors import LeaseLost
from sessions.model import Answer, Ending, ReplyPart, ReplyRecord
from sessions.ports.replies import Reply
from tests.bots.far_end import (
    FLOOD,
    PLACEHOLDER,
    Content,
    Fate,
    MemoryGrant,
    MemoryOutlet,
    World,
    rendered,
)
from tests.bots.virtual import now, run

EVERY = timedelta(seconds=1)
TEXT = "0123456789abcdefghijABCDEFGHIJ"


def pacer() -> Pacer:
    return Pacer(EVERY, clock=asyncio.get_running_loop().time)


def answered(text: str = TEXT) -> Answer:
    return Answer(Ending.ANSWERED, text)


def outcome(answer: Answer) -> list[Content]:
    return list(rendered(*closing(answer)))


async def live(
    world: World,
    answer: Answer,
    shows: Sequence[str] = (),
    *,
    can_find: bool = False,
    outlet: MemoryOutlet | None = None,
) -> None:
    """Do what a lane does with a turn, from opening to the end of the answer."""
    place: Outlet[Content] = outlet or MemoryOutlet(world, can_find=can_find)
    async with open_streamed(place, world.turn, MemoryGrant(world), pacer()) as reply:
        if world.answer is None:
            for text in shows:
                reply.show(text)
                await asyncio.sleep(0.7)
            world.answer = answer
        await reply.finish(world.answer)


async def live_on(world: World, answer: Answer, shows: Sequence[str], *, can_find: bool) -> None:
    """Live until the answer is finished, in as many processes as it takes."""
    while True:
        world.crashed.clear()
        process = asyncio.create_task(live(world, answer, shows, can_find=can_find))
        crash = asyncio.create_task(world.crashed.wait())
        await asyncio.wait({process, crash}, return_when=asyncio.FIRST_COMPLETED)
        crash.cancel()
        if not world.crashed.is_set():
            return await process
        process.cancel()
        await asyncio.wait({process})


def check(world: World, answer: Answer, *, can_find: bool) -> None:
    recorded = {part.message for part in world.record.parts}
    answer_seen = [seen for message, seen in world.messages.items() if message in recorded]
    strays = [seen for message, seen in world.messages.items() if message not in recorded]
    assert [replace(seen, repeat=False) for seen in answer_seen] == outcome(answer)
    assert len(strays) <= world.lost_sends
    if can_find:
        assert not strays
        assert not any(seen.repeat for seen in answer_seen)
    if any(stray != PLACEHOLDER for stray in strays):
        assert any(seen.repeat for seen in answer_seen), "a possible repeat without a mark"


fates = st.lists(st.sampled_from([Fate.FINE, *Fate]), max_size=30)
keep_fates = st.lists(
    st.sampled_from([Fate.FINE] * 4 + [Fate.LOST_BEFORE, Fate.CRASH_BEFORE, Fate.CRASH_AFTER]),
    max_size=20,
)
texts = st.one_of(
    st.integers(0, len(TEXT)).map(lambda length: TEXT[:length]), st.text("xyz \n", max_size=35)
)
answers = st.builds(Answer, st.sampled_from(Ending), texts, st.sampled_from(["", "the model is down"]))


@given(fates, keep_fates, st.lists(texts, max_size=6), answers, st.booleans())
@settings(max_examples=600, deadline=None)
def test_whatever_fails_the_person_sees_the_answer_once_in_order(
    calls: list[Fate], keeps: list[Fate], shows: list[str], answer: Answer, can_find: bool
) -> None:
    async def scenario() -> None:
        world = World(deque(calls), deque(keeps))
        await live_on(world, answer, shows, can_find=can_find)
        check(world, answer, can_find=can_find)

    run(scenario())
