import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import chain, pairwise, repeat
from math import inf

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
            if now() >= world.lease_ends:
                raise LeaseLost
            world.answer = answer
        await reply.finish(world.answer)


async def live_on(
    world: World, answer: Answer, shows: Sequence[str], leases: Iterable[float], *, can_find: bool
) -> None:
    """Live until the answer is finished, in as many processes and under as many leases as it takes."""
    for lease in chain(leases, repeat(inf)):
        world.crashed.clear()
        world.lease_ends = now() + lease
        process = asyncio.create_task(live(world, answer, shows, can_find=can_find))
        crash = asyncio.create_task(world.crashed.wait())
        await asyncio.wait({process, crash}, return_when=asyncio.FIRST_COMPLETED)
        crash.cancel()
        if not world.crashed.is_set():
            with suppress(LeaseLost):
                await process
                return
        process.cancel()
        await asyncio.wait({process})


def check(world: World, answer: Answer, *, can_find: bool) -> None:
    recorded = {part.message for part in world.record.parts}
    ever_kept = {part.message for record in world.kept for part in record.parts}
    answer_seen = [seen for message, seen in world.messages.items() if message in recorded]
    strays = {message: seen for message, seen in world.messages.items() if message not in recorded}
    assert [replace(seen, repeat=False) for seen in answer_seen] == outcome(answer)
    assert not ever_kept & strays.keys(), "only a message whose id was lost may be left over"
    if can_find:
        assert not strays
        assert not any(seen.repeat for seen in answer_seen)
    if any(stray != PLACEHOLDER for stray in strays.values()):
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


leases = st.lists(st.floats(1, 40), max_size=4)


@given(fates, keep_fates, st.lists(texts, max_size=6), answers, leases, st.booleans())
@settings(max_examples=300, deadline=None)
def test_whatever_fails_the_person_sees_the_answer_once_in_order(
    calls: list[Fate],
    keeps: list[Fate],
    shows: list[str],
    answer: Answer,
    leases: list[float],
    can_find: bool,
) -> None:
    async def scenario() -> None:
        world = World(deque(calls), deque(keeps))
        await live_on(world, answer, shows, leases, can_find=can_find)
        check(world, answer, can_find=can_find)

    run(scenario())


def test_a_placeholder_comes_first_and_text_only_after_its_id_is_stored() -> None:
    world = World()
    run(live(world, answered("hello"), ["hel"]))
    assert [(kind, what) for _, kind, what in world.calls[:2]] == [("send", 0), ("edit", "m1")]
    assert world.kept == [ReplyRecord((ReplyPart(),)), ReplyRecord((ReplyPart("m1"),))]
    assert world.seen == [Content("hello")]


def test_previews_keep_the_pace_and_the_latest_wins() -> None:
    async def scenario() -> None:
        world = World()
        outlet = MemoryOutlet(world)
        async with open_streamed(outlet, world.turn, MemoryGrant(world), pacer()) as reply:
            for length in range(1, 10):
                reply.show("x" * length)
                await asyncio.sleep(0.3)
            edits = [at for at, *_ in world.said("edit")]
            assert all(later - earlier >= 1 for earlier, later in pairwise(edits))
            assert 2 <= len(edits) <= 3
            assert outlet.renders <= len(edits) + 1
            await asyncio.sleep(2)
            assert world.seen == [Content("x" * 9)]

    run(scenario())


def test_parts_that_are_complete_are_not_edited_again() -> None:
    world = World()
    run(live(world, answered(TEXT), [TEXT[:length] for length in range(2, 31, 2)]))
    edits = [message for _, _, message in world.said("edit")]
    assert edits == sorted(edits, key=str)
    assert len(world.said("edit")) + len(world.said("send")) <= 15
    assert world.seen == outcome(answered())


def test_the_finished_answer_does_not_wait_for_the_pace() -> None:
    async def scenario() -> None:
        world = World()
        async with open_streamed(MemoryOutlet(world), world.turn, MemoryGrant(world), pacer()) as reply:
            reply.show("x")
            await asyncio.sleep(1.2)
            reply.show("xy")
            began = now()
            await reply.finish(answered())
            assert now() - began < 0.5
            assert world.seen == outcome(answered())

    run(scenario())


def test_a_flood_delays_everything_in_the_chat_and_loses_nothing() -> None:
    async def scenario() -> None:
        world = World(deque([Fate.FINE, Fate.FLOODED, Fate.FLOODED]))
        await live(world, answered())
        assert now() > 2 * FLOOD.total_seconds()
        assert world.seen == outcome(answered())

    run(scenario())


def test_a_flood_met_by_one_reply_holds_back_another_in_the_same_chat() -> None:
    async def scenario() -> None:
        shared = pacer()
        first, second = World(deque([Fate.FLOODED])), World()

        async def other() -> None:
            await asyncio.sleep(0.5)
            async with open_streamed(
                MemoryOutlet(second), second.turn, MemoryGrant(second), shared
            ) as reply:
                await reply.finish(answered("two"))

        async with open_streamed(MemoryOutlet(first), first.turn, MemoryGrant(first), shared) as reply:
            await asyncio.gather(reply.finish(answered("one")), other())
        assert second.calls[0][0] >= FLOOD.total_seconds()
        assert (first.seen, second.seen) == ([Content("one")], [Content("two")])

    run(scenario())


def test_nothing_is_sent_when_the_lease_may_end_before_the_call_does() -> None:
    async def scenario() -> None:
        world = World(lease_ends=5.0)
        with pytest.raises(LeaseLost):
            await live(world, answered(), ["some text"])
        assert not world.said("send")
        assert not world.said("typing")

    run(scenario())


def test_a_lease_that_is_renewed_lets_the_answer_go_on() -> None:
    async def scenario() -> None:
        world = World(lease_ends=5.0)
        asyncio.get_running_loop().call_later(4, setattr, world, "lease_ends", 100.0)
        await live(world, answered(), ["some text"])
        assert world.said("send")[0][0] >= 4
        assert world.seen == outcome(answered())

    run(scenario())


def test_a_lease_that_ends_during_a_flood_ends_the_finish() -> None:
    world = World(deque([Fate.FLOODED] * 9), lease_ends=20.0)
    with pytest.raises(LeaseLost):
        run(live(world, answered()))


def test_a_place_that_is_closed_ends_the_answer_quietly() -> None:
    world = World(closed=True)
    run(live(world, answered(), ["some", "some text"]))
    assert world.seen == []


def test_a_defect_in_a_preview_is_raised_by_the_finish_and_nowhere_else() -> None:
    class Broken(MemoryOutlet):
        def render(self, text: str, note: str) -> tuple[Content, ...]:
            raise ZeroDivisionError

    async def scenario() -> None:
        world = World()
        async with open_streamed(Broken(world), world.turn, MemoryGrant(world), pacer()) as reply:
            reply.show("text")
            await asyncio.sleep(5)
            with pytest.raises(ZeroDivisionError):
                await reply.finish(answered())

    run(scenario())


def test_an_error_inside_of_the_reply_comes_out_as_it_is() -> None:
    async def scenario() -> None:
        world = World()
        with pytest.raises(LookupError):
            async with open_streamed(MemoryOutlet(world), world.turn, MemoryGrant(world), pacer()):
                raise LookupError

    run(scenario())


def test_a_turn_that_was_taken_over_begins_anew_without_the_old_messages() -> None:
    world = World(
        messages={"a": Content("old"), "b": Content("older")},
        sent_as={"a": 0, "b": 1},
        record=ReplyRecord((ReplyPart("a"), ReplyPart("b"))),
    )
    run(live(world, answered("new"), ["n"]))
    assert [what for _, _, what in world.said("delete")] == ["b", "a"]
    assert world.seen == [Content("new")]


def test_a_committed_answer_is_edited_in_place() -> None:
    world = World(
        messages={"a": Content("0123456789"), "b": Content("abc")},
        sent_as={"a": 0, "b": 1},
        record=ReplyRecord((ReplyPart("a"), ReplyPart("b"))),
        answer=answered(),
    )
    run(live(world, answered()))
    assert list(world.messages)[:2] == ["a", "b"]
    assert not world.said("delete")
    assert len(world.said("send")) == 1
    assert world.seen == outcome(answered())


def test_a_message_that_was_deleted_is_sent_anew_with_those_below_it() -> None:
    world = World(
        messages={"a": Content("0123456789"), "c": Content("old")},
        sent_as={"a": 0, "b": 1, "c": 2},
        record=ReplyRecord((ReplyPart("a"), ReplyPart("b"), ReplyPart("c"))),
        answer=answered(),
    )
    run(live(world, answered()))
    assert "c" not in world.messages
    assert world.seen == outcome(answered())


@pytest.mark.parametrize("fate", [Fate.LOST_AFTER, Fate.LOST_BEFORE, Fate.HANGS])
def test_a_part_that_may_have_been_sent_is_sent_again_under_a_line_that_says_so(fate: Fate) -> None:
    world = World(deque([Fate.FINE, Fate.FINE, fate]))
    run(live(world, answered(TEXT[:20])))
    expected = outcome(answered(TEXT[:20]))
    assert [world.messages[part.message] for part in world.record.parts if part.message] == [
        expected[0],
        replace(expected[1], repeat=True),
    ]


def test_a_mark_outlives_the_process_that_made_it() -> None:
    world = World(
        messages={"a": Content("0123456789"), "b": Content("abcdefghij", repeat=True)},
        record=ReplyRecord((ReplyPart("a"), ReplyPart(), ReplyPart("b"))),
        sent_as={"a": 0, "b": 1},
        answer=answered(TEXT[:20]),
    )
    run(live(world, answered()))
    assert world.messages["b"] == Content("abcdefghij", repeat=True)


def test_a_lost_part_that_is_found_is_neither_repeated_nor_marked() -> None:
    world = World(deque([Fate.FINE, Fate.FINE, Fate.LOST_AFTER]))
    run(live(world, answered(TEXT[:20]), can_find=True))
    assert world.seen == outcome(answered(TEXT[:20]))


def test_a_lost_part_beyond_the_end_leaves_a_mark_on_the_last_one() -> None:
    world = World(record=ReplyRecord((ReplyPart("a"), ReplyPart())), answer=answered("short"))
    world.messages, world.sent_as = {"a": Content("longer")}, {"a": 0}
    run(live(world, answered("short")))
    assert world.seen == [Content("short", repeat=True)]


def test_an_answer_after_a_lost_part_of_another_process_is_marked() -> None:
    world = World(record=ReplyRecord((ReplyPart("a"), ReplyPart())))
    world.messages, world.sent_as = {"a": Content("old")}, {"a": 0}
    run(live(world, answered("new")))
    assert world.seen == [Content("new", repeat=True)]


def test_a_lost_placeholder_marks_nothing() -> None:
    world = World(record=ReplyRecord((ReplyPart(),)))
    run(live(world, answered("new")))
    assert world.seen == [Content("new")]


def test_replies_that_stream_in_one_chat_take_turns() -> None:
    async def scenario() -> None:
        shared = pacer()
        worlds = [World() for _ in range(4)]

        async def stream(world: World) -> None:
            async with open_streamed(
                MemoryOutlet(world), world.turn, MemoryGrant(world), shared
            ) as reply:
                await talk(reply)
                assert len(world.said("edit")) in {4, 5, 6}

        async def talk(reply: Reply) -> None:
            for number in range(100):
                reply.show(f"text {number}")
                await asyncio.sleep(0.2)

        await asyncio.gather(*map(stream, worlds))
        edits = sorted(at for world in worlds for at, *_ in world.said("edit"))
        assert all(later - earlier > 0.99 for earlier, later in pairwise(edits))

    run(scenario())


def test_an_answer_with_nothing_to_see_still_says_something() -> None:
    world = World()
    run(live(world, answered(" \n ")))
    assert [seen.note for seen in world.seen] == ["The model answered with nothing."]
