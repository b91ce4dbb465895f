"""A message that is heard waits for those of its channel that were missed, and not for ever."""

import asyncio

from bots.discord.backlog import Backlog


async def test_without_a_new_gateway_session_nothing_is_waited_for() -> None:
    await Backlog({}, longest=60.0).over("1")


async def test_a_channel_is_waited_for_until_its_missed_messages_are_handled() -> None:
    handled = asyncio.Event()
    handling = dict[str, asyncio.Task[None]]()
    backlog = Backlog(handling, longest=60.0)
    backlog.begin()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(backlog.over("1"))
        await asyncio.sleep(0)
        handling["1"] = tasks.create_task(_until(handled))
        backlog.read("2")
        await backlog.over("2")
        backlog.read("1")
        await asyncio.sleep(0)
        assert not waiting.done()
        handled.set()
        await waiting


async def test_the_end_of_reading_lets_every_channel_go() -> None:
    backlog = Backlog({}, longest=60.0)
    backlog.begin()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(backlog.over("1"))
        await asyncio.sleep(0)
        backlog.end()
        await waiting


async def test_reading_that_takes_too_long_is_not_waited_for() -> None:
    backlog = Backlog({}, longest=0.01)
    backlog.begin()
    await backlog.over("1")


async def _until(event: asyncio.Event) -> None:
    await event.wait()
