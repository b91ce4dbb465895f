"""Several engines on one store: what one leaves behind, another finishes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from sessions.engine import Engine, EngineSettings
from sessions.model import Ending, Holder, Platform
from tests.engine.conftest import Core
from tests.engine.parts import Screen, said, typed, until

LEASE = EngineSettings().lease + timedelta(seconds=1)


@asynccontextmanager
async def crashing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    """Run an engine that ends as by SIGKILL: nothing is drained and nothing handed back."""

    async def nothing(*_: object) -> None:
        return None

    async with engine:
        yield engine
        monkeypatch.setattr(engine, "drain", nothing)
        for lane, _ in engine._lanes.values():
            monkeypatch.setattr(lane, "hand_back", nothing)


async def test_a_turn_that_was_running_at_a_crash_is_answered_by_another_engine(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.model.hold()
    async with crashing(core.engine(), monkeypatch) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: core.model.running == 1)
    core.clock.advance(LEASE)
    core.model.let()
    second = Screen()
    async with core.engine(second):
        await second.wait(1)
    assert core.screen.texts == []
    assert second.texts == ["re: hello"]
    assert [part.message for part in second.replies[0].turn.reply.parts] == ["m1"]
    assert second.replies[0].turn.takeovers == 1


async def test_an_answer_that_was_committed_but_not_shown_is_shown_without_asking_again(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.screen.hold()
    async with crashing(core.engine(), monkeypatch) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: core.screen.replies != [] and len(core.model.prompts) == 1)
        key = (await core.session()).key

        async def committed() -> bool:
            return (await core.store.waiting(key))[0].answer is not None

        async with asyncio.timeout(5):
            while not await committed():  # noqa: ASYNC110 - the store tells no events
                await asyncio.sleep(0)
    core.clock.advance(LEASE)
    second = Screen()
    async with core.engine(second):
        await second.wait(1)
    assert second.texts == ["re: hello"]
    assert len(core.model.prompts) == 1
    assert await core.transcript() == [("user", "hello"), ("assistant", "re: hello")]


async def test_a_turn_that_kills_every_engine_is_marked_interrupted(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.model.hold()
    async with crashing(core.engine(), monkeypatch) as engine:
        await engine.accept(said("poison", 1))
        await until(lambda: core.model.running == 1)
    for _ in range(2):
        core.clock.advance(LEASE)
        async with crashing(core.engine(Screen()), monkeypatch):
            await until(lambda: core.model.running == 1)
    core.clock.advance(LEASE)
    last = Screen()
    async with core.engine(last) as engine:
        await last.wait(1)
        core.model.let()
        await engine.accept(said("healthy", 2))
        await last.wait(2)
    assert last.finished[0][1].ending is Ending.INTERRUPTED
    assert last.finished[1][1].text.startswith("re: ")


async def test_leaving_an_engine_waits_for_its_running_answer(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        await engine.accept(said("hello", 1))
        await engine.accept(said("later", 2))
        await until(lambda: core.model.running == 1)
        asyncio.get_running_loop().call_later(0.05, core.model.let)
    assert core.screen.texts == ["re: hello"]
    second = Screen()
    async with core.engine(second):
        await second.wait(1)
    assert second.texts == ["re: later"]


async def test_a_turn_that_outlasts_the_drain_is_handed_back_at_once(core: Core) -> None:
    core.model.hold()
    async with core.engine(settings=EngineSettings(drain=timedelta(0))) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: core.model.running == 1)
    core.model.let()
    second = Screen()
    async with core.engine(second):
        await second.wait(1)
    assert second.texts == ["re: hello"]
    assert second.replies[0].turn.takeovers == 0


async def test_a_holder_that_lost_its_lease_shows_nothing_more(core: Core) -> None:
    core.model.hold()
    second = Screen()
    async with core.engine() as first:
        await first.accept(said("hello", 1))
        await until(lambda: core.model.running == 1)
        core.clock.advance(LEASE)
        async with core.engine(second):
            await until(lambda: core.model.running == 2)
            core.model.let()
            await second.wait(1)
            await until(lambda: not first._lanes)
    assert second.texts == ["re: hello"]
    assert core.screen.texts == []
    assert await core.transcript() == [("user", "hello"), ("assistant", "re: hello")]


async def test_a_stop_reaches_the_engine_that_runs_the_turn(core: Core) -> None:
    core.model.hold()
    async with core.engine() as runner, core.engine(Screen()):
        await runner.accept(said("hello", 1))
        await until(lambda: core.model.running == 1)
        await core.commands.stop(core.caller(2))
        await core.screen.wait(1)
    assert core.screen.finished[0][1].ending is Ending.STOPPED


async def test_an_engine_leaves_the_inbounds_of_other_platforms_alone(core: Core) -> None:
    discord = Screen(frozenset({Platform.DISCORD}))
    async with core.engine(discord) as elsewhere:
        await elsewhere.accept(said("hello", 1))
        async with core.engine():
            await core.screen.wait(1)
    assert core.screen.texts == ["re: hello"]
    assert discord.replies == []


async def test_a_terminals_message_is_answered_by_its_own_process(core: Core) -> None:
    terminal = Screen(frozenset({Platform.TERMINAL}))
    async with core.engine() as bot, core.engine(terminal) as own:
        core.model.hold()
        await bot.accept(said("from the group", 1))
        session = await core.session()
        inbound = typed("from the terminal", 2, own.holder)
        await core.store.bind(session.key, inbound.place.thread, inbound.event)
        await own.accept(typed("from the terminal", 3, own.holder))
        core.model.let()
        await core.screen.wait(1)
        await terminal.wait(1)
    assert [asked for asked, _ in terminal.finished] == ["from the terminal"]
    assert [asked for asked, _ in core.screen.finished] == ["from the group"]


async def test_a_message_whose_terminal_is_gone_is_marked_interrupted_and_blocks_nobody(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with core.engine() as bot:
        await bot.accept(said("from the group", 1))
        await core.screen.wait(1)
    session = await core.session()
    gone = typed("from the terminal", 2, Holder("gone"))
    await core.store.bind(session.key, gone.place.thread, gone.event)
    core.model.hold()
    async with crashing(core.engine(Screen(frozenset({Platform.TERMINAL}))), monkeypatch) as own:
        await own.accept(typed("from the terminal", 3, own.holder))
        await until(lambda: core.model.running == 1)
    core.clock.advance(LEASE)
    core.model.let()
    async with core.engine() as bot:
        await bot.accept(said("next", 4))
        await core.screen.wait(2)
    found = await core.store.transcript(session.key, None, 9)
    marked = [message for message in found if message.content == "from the terminal"]
    assert [message.ending for message in marked] == [Ending.INTERRUPTED]
    assert [asked for asked, _ in core.screen.finished] == ["from the group", "next"]
