from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.outlet import MessageGone
from bots.parts import Part, recorded, taken_up
from bots.reconcile import Messages
from sessions.errors import StoreUnavailable
from sessions.model import Answer, Ending, ReplyPart, ReplyRecord
from tests.bots.far_end import Content, Fate, MemoryGrant, MemoryOutlet, World
from tests.bots.virtual import run

parts = st.tuples(
    st.lists(st.builds(Part[str], st.sampled_from(["m1", "m2"]), repeat=st.booleans()), max_size=5),
    st.lists(
        st.builds(Part[str], st.just(""), lost=st.just(value=True), repeat=st.booleans()), max_size=1
    ),
).map(lambda pair: [*pair[0], *pair[1]])


@given(parts)
def test_a_record_is_read_as_it_was_written(written: list[Part[str]]) -> None:
    assert taken_up(recorded(written)) == written


@given(st.lists(st.sampled_from(["", "", "m"]), max_size=6))
def test_every_record_can_be_read_and_written_again(ids: list[str]) -> None:
    read: list[Part[str]] = taken_up(ReplyRecord(tuple(map(ReplyPart, ids))))
    assert taken_up(recorded(read)) == read
    assert all(part.message for part in read[:-1])


def test_a_doubt_is_on_record_while_no_message_carries_its_mark() -> None:
    async def scenario() -> None:
        world = World(
            deque([Fate.FINE, Fate.GONE]),
            messages={"a": Content("one"), "b": Content("two")},
            sent_as={"a": 0, "b": 1},
            record=ReplyRecord((ReplyPart("a"), ReplyPart(), ReplyPart("b"))),
            answer=Answer(Ending.ANSWERED, "text"),
        )
        messages = Messages(MemoryOutlet(world), world.turn, MemoryGrant(world))

        async def step(*desired: Content) -> None:
            taken = messages.next_step(desired, trim=False)
            assert taken is not None
            await taken()

        await step(Content("one"), Content("two"))
        with pytest.raises(MessageGone):
            await step(Content("one"), Content("two"))
        await step(Content("one"), Content("two"))
        await step(Content("other"), Content("two"))
        on_record: list[Part[Content]] = taken_up(world.record)
        assert [part.repeat for part in on_record] == [False, True]

    run(scenario())


def test_an_id_that_could_not_be_stored_is_stored_before_anything_else_is_wanted() -> None:
    async def scenario() -> None:
        world = World(keep_fates=deque([Fate.FINE, Fate.LOST_BEFORE]))
        messages = Messages(MemoryOutlet(world), world.turn, MemoryGrant(world))
        with pytest.raises(StoreUnavailable):
            await taken(messages)
        await taken(messages)
        assert world.record == ReplyRecord((ReplyPart("m1"),))
        assert messages.next_step((), trim=False) is None

    async def taken(messages: Messages[Content]) -> None:
        step = messages.next_step((), trim=False)
        assert step is not None
        await step()

    run(scenario())
