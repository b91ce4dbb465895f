"""Tasks that end before they begin leave nothing behind that Python would complain of."""

import asyncio

from bots.beginning import begin


async def test_a_group_that_is_ending_begins_nothing_and_makes_no_noise() -> None:
    begun: list[str] = []

    async def work() -> None:
        begun.append("work")

    async def fail() -> None:
        raise ValueError

    async def outlive(tasks: asyncio.TaskGroup) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            assert begin(tasks, work) is None

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(outlive(tasks))
            await asyncio.sleep(0)
            tasks.create_task(fail())
    except* ValueError:
        pass
    assert begun == []
