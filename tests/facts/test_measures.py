"""What is computed of facts' texts: once, and without keeping others from their turn."""

import asyncio

from sessions.facts.measures import MOST_CHARACTERS, Measures


async def test_a_text_is_measured_once_and_for_a_time() -> None:
    measures = Measures()
    first = (await measures.of(["likes green tea"]))["likes green tea"]
    assert "tea" in first.stems
    assert first.tokens > 3
    assert (await measures.of(["likes green tea"]))["likes green tea"] is first
    long = MOST_CHARACTERS // 100
    await measures.of(f"{number:{long}}" for number in range(100))
    assert (await measures.of(["likes green tea"]))["likes green tea"] is not first


async def test_measuring_a_full_memory_lets_others_have_their_turn() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    await Measures().of(f"{number} {'word ' * 100}" for number in range(100))
    beside.cancel()
    assert turns >= 20
