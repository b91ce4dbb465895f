import asyncio
from datetime import timedelta

from bots.pacing import Pacer
from tests.bots.virtual import now, run

SECOND = timedelta(seconds=1)


def pacer(slow: str = "") -> Pacer:
    clock = asyncio.get_running_loop().time
    return Pacer(SECOND, lambda chat: 3 * SECOND if chat == slow else None, clock=clock)


async def times(pace: Pacer, chat: str, count: int) -> list[float]:
    went = []
    for _ in range(count):
        await pace.preview(chat)
        went.append(now())
    return went


def test_previews_in_a_chat_are_spaced_and_chats_do_not_wait_for_each_other() -> None:
    async def scenario() -> None:
        pace = pacer(slow="group")
        private, group = await asyncio.gather(times(pace, "private", 3), times(pace, "group", 3))
        assert private == [0, 1, 2]
        assert group == [0, 3, 6]

    run(scenario())


def test_replies_in_one_chat_take_turns() -> None:
    async def scenario() -> None:
        pace = pacer()
        first, second = await asyncio.gather(times(pace, "a", 3), times(pace, "a", 3))
        assert first == [0, 1, 3]
        assert second == [2, 4, 5]

    run(scenario())


def test_a_finished_answer_goes_at_once_and_pushes_the_next_preview() -> None:
    async def scenario() -> None:
        pace = pacer()
        await pace.preview("a")
        await asyncio.sleep(0.5)
        assert pace.hold("a") == 0
        assert await times(pace, "a", 1) == [1.5]

    run(scenario())


def test_a_flood_holds_back_everything_in_its_chat_only() -> None:
    async def scenario() -> None:
        pace = pacer()
        pace.flooded("a", 5 * SECOND)
        assert pace.hold("a") == 5
        assert pace.hold("b") == 0
        assert pace.is_flooded("a")
        assert await times(pace, "a", 1) == [5]
        assert not pace.is_flooded("a")

    run(scenario())


def test_a_preview_that_waits_sees_a_flood_that_comes_meanwhile() -> None:
    async def scenario() -> None:
        pace = pacer()
        await pace.preview("a")
        waiting = asyncio.create_task(times(pace, "a", 1))
        await asyncio.sleep(0.5)
        pace.flooded("a", 5 * SECOND)
        assert await waiting == [5.5]

    run(scenario())


def test_parts_of_an_answer_keep_the_pace_after_a_flood() -> None:
    async def scenario() -> None:
        pace = pacer()
        pace.flooded("a", 5 * SECOND)
        await asyncio.sleep(5)
        assert pace.hold("a") == 0
        assert pace.hold("a") == 1
        await asyncio.sleep(100)
        assert pace.hold("a") == 0
        assert pace.hold("a") == 0

    run(scenario())


def test_idle_chats_are_forgotten_and_busy_ones_are_not() -> None:
    async def scenario() -> None:
        pace = pacer()
        pace.flooded("busy", 100_000 * SECOND)
        for number in range(2000):
            pace.hold(f"chat {number}")
            await asyncio.sleep(2)
        assert pace.remembered < 600
        assert pace.is_flooded("busy")

    run(scenario())
