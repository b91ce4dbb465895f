"""What happens beside a turn at the worst moment: failures nobody foresaw, hints, stops, leaving."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sessions.engine import EngineSettings
from sessions.errors import StoreDamaged
from sessions.lane import MOST_FAILURES
from sessions.model import Audience, Ending, EventId, Platform, SessionId, Turn
from sessions.ports.catalog import DELETED_NOTE
from sessions.ports.replies import Grant, Reply
from sessions.ports.turns import Proposal
from tests.engine.conftest import Core
from tests.engine.parts import BOB, Screen, said, typed, until

LEASE = EngineSettings().lease + timedelta(seconds=1)
Method = Callable[..., Any]


class Gate:
    """Wraps a method of the store: its work is done, its answer waits until the gate is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, core: Core, name: str) -> None:
        self.reached, self._open = asyncio.Event(), asyncio.Event()
        self._works: Method = getattr(core.store, name)
        monkeypatch.setattr(core.store, name, self._call)

    def open(self) -> None:
        self._open.set()

    async def _call(self, *arguments: Any, **named: Any) -> Any:
        result = await self._works(*arguments, **named)
        self.reached.set()
        await self._open.wait()
        return result


class Unopenable(Screen):
    """A platform whose replies cannot be opened, in a way that nobody foresaw."""

    tries = 0

    def open(self, turn: Turn, grant: Grant) -> AbstractAsyncContextManager[Reply]:
        self.tries += 1
        raise RuntimeError("cannot be opened")


async def test_a_reply_that_cannot_be_opened_is_tried_a_few_times_and_blocks_nobody(core: Core) -> None:
    screen = Unopenable()
    for round_ in range(MOST_FAILURES):
        async with core.engine(screen) as engine:
            if round_ == 0:
                await engine.accept(said("poison", 1))
            await until(lambda round_=round_: screen.tries == round_ + 1 and not engine._lanes)  # type: ignore[misc] # a lambda's default is untyped
            for _ in range(100):
                await asyncio.sleep(0)
        assert screen.tries == round_ + 1
        core.clock.advance(LEASE)
    healthy = Screen()
    async with core.engine(healthy) as engine:
        await healthy.wait(1)
        await engine.accept(said("next", 2))
        await healthy.wait(2)
    assert [answer.ending for _, answer in healthy.finished] == [Ending.INTERRUPTED, Ending.ANSWERED]


async def test_a_commit_that_fails_unforeseen_asks_the_model_once_a_lease_time(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def damaged(*_: object) -> None:
        raise StoreDamaged("page 7")

    async with core.engine() as engine:
        with monkeypatch.context() as patch:
            patch.setattr(core.store, "commit", damaged)
            await engine.accept(said("hello", 1))
            await until(lambda: bool(core.model.prompts) and not engine._lanes)
            for _ in range(100):
                await asyncio.sleep(0)
        assert len(core.model.prompts) == 1
        core.clock.advance(LEASE)
        await engine.sweep()
        await core.screen.wait(1)
    assert core.screen.texts == ["re: hello"]


async def test_one_damaged_session_does_not_end_the_others(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = core.store.commit

    async def commit(lease: Any, result: Any) -> Any:
        if any("bad" in message.content for message in result.messages):
            raise StoreDamaged("page 7")
        return await works(lease, result)

    async def damaged(*_: object) -> None:
        raise StoreDamaged("page 8")

    monkeypatch.setattr(core.store, "commit", commit)
    monkeypatch.setattr(core.store, "release", damaged)
    async with core.engine() as engine:
        await engine.accept(said("bad", 1, "1"))
        await engine.accept(said("good", 2, "2"))
        await core.screen.wait(1)
        await engine.accept(said("good again", 3, "3"))
        await core.screen.wait(2)


async def test_an_answer_that_cannot_be_shown_for_a_while_is_not_lost(core: Core) -> None:
    refusing = Screen(broken=2)
    async with core.engine(refusing) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: refusing.broken == 0 and not engine._lanes)
        core.clock.advance(LEASE)
        await engine.sweep()
        await refusing.wait(1)
    assert refusing.texts == ["re: hello"]
    assert len(core.model.prompts) == 1


async def test_leaving_is_not_held_up_by_a_turn_that_would_begin_meanwhile(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire = Gate(monkeypatch, core, "acquire")
    core.model.hold()
    async with core.engine(settings=EngineSettings(drain=timedelta(seconds=1))) as engine:
        await engine.sweep()
        await core.store.accept(said("hello", 1), Proposal(SessionId("s"), "n"), None, None)
        await acquire.reached.wait()
        asyncio.get_running_loop().call_later(0.05, acquire.open)
    assert core.model.prompts == []
    core.model.let()
    monkeypatch.undo()
    second = Screen()
    async with core.engine(second):
        await second.wait(1)


async def test_a_hint_that_comes_while_a_lane_ends_is_heeded(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = Gate(monkeypatch, core, "delivered")
    async with core.engine() as engine:
        await engine.accept(said("one", 1))
        await delivered.reached.wait()
        await core.store.accept(said("two", 2), Proposal(SessionId("s"), "n"), None, None)
        await until(lambda: any(lane.woken for lane, _ in engine._lanes.values()))
        delivered.open()
        await core.screen.wait(2)


async def test_an_accept_whose_caller_is_gone_is_answered_all_the_same(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = Gate(monkeypatch, core, "accept")
    async with core.engine() as engine:
        call = asyncio.create_task(engine.accept(said("hello", 1)))
        await accept.reached.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        accept.open()
        await core.screen.wait(1)


async def test_what_is_passed_over_during_a_sweep_is_looked_for(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.model.hold()
    async with core.engine(settings=EngineSettings(max_lanes=1)) as engine:
        await engine.accept(said("a", 1, "1"))
        core.model.let(2)
        await core.screen.wait(1)
        await until(lambda: not engine._lanes)
        with monkeypatch.context() as patch:
            sweep = Gate(patch, core, "sweep")
            sweeping = asyncio.create_task(engine.sweep())
            await sweep.reached.wait()
            await engine.accept(said("b", 2, "2"))
            await engine.accept(said("c", 3, "3"))
            sweep.open()
            await sweeping
        core.model.let()
        await core.screen.wait(3)


async def test_a_stop_that_comes_as_the_next_turn_begins_stops_that_turn(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.model.hold()
    async with core.engine() as engine:
        await engine.accept(said("one", 1))
        await engine.accept(said("two", 2))
        with monkeypatch.context() as patch:
            delivered = Gate(patch, core, "delivered")
            core.model.let(2)
            await delivered.reached.wait()
            await core.commands.stop(core.caller(3))
            (lane, _), *_ = engine._lanes.values()
            await until(lambda: lane._stopped is not None)
            delivered.open()
        await core.screen.wait(2)
    assert [answer.ending for _, answer in core.screen.finished] == [Ending.ANSWERED, Ending.STOPPED]


async def test_a_stop_said_before_a_message_does_not_stop_its_turn(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        late = said("asked after the stop", 5)
        await engine.accept(late)
        await until(lambda: core.model.running == 1)
        caller = replace(core.caller(3), said_at=late.sent_at - timedelta(seconds=1))
        outcome = await core.commands.stop(caller)
        core.model.let()
        await core.screen.wait(1)
    assert not outcome.running
    assert core.screen.finished[0][1].ending is Ending.ANSWERED


async def test_the_holder_of_a_deleted_session_shows_the_note_itself_and_nothing_after_it(
    core: Core,
) -> None:
    core.model.hold()
    other = Screen()
    async with core.engine() as holder, core.engine(other):
        await holder.accept(said("one", 1))
        await until(lambda: core.model.running == 1)
        session = await core.session()
        await core.commands.delete_id(core.caller(2), session.key.id)
        await until(lambda: len(core.screen.finished) + len(other.finished) == 1)
        core.model.let()
        await until(lambda: not holder._lanes)
    notes = core.screen.finished + other.finished
    assert [(answer.ending, answer.note) for _, answer in notes] == [(Ending.UNANSWERED, DELETED_NOTE)]


async def test_a_living_terminals_second_line_waits_its_turn(core: Core) -> None:
    terminal = Screen(frozenset({Platform.TERMINAL}))
    core.model.hold()
    async with core.engine() as bot, core.engine(terminal) as own:
        await bot.accept(said("zero", 1))
        session = await core.session()
        await core.store.bind(session.key, typed("", 2, own.holder).place.thread, EventId("b"))
        await own.accept(typed("one", 3, own.holder))
        await bot.accept(said("two", 4))
        await own.accept(typed("three", 5, own.holder))
        waiting = await core.store.waiting(session.key)
        assert [turn.inbound.text for turn in waiting] == ["zero", "one", "two", "three"]
        for _ in range(8):
            core.clock.advance(LEASE / 4)
            await bot._renew()
            await own._renew()
        core.model.let()
        await core.screen.wait(2)
        await terminal.wait(2)
    assert [(asked, answer.ending) for asked, answer in terminal.finished] == [
        ("one", Ending.ANSWERED),
        ("three", Ending.ANSWERED),
    ]


async def test_a_channel_that_became_private_goes_on_in_a_session_of_its_own(core: Core) -> None:
    async with core.engine() as engine:
        await engine.accept(said("open talk", 1))
        await core.screen.wait(1)
        name = (await core.session()).name
        inbound = said("the secret", 2)
        secret = replace(inbound.place, audience=Audience("private:-100"))
        await engine.accept(replace(inbound, place=secret))
        await core.screen.wait(2)
    elsewhere = replace(core.caller(3, "elsewhere"), person=BOB)
    shown = await core.commands.show(elsewhere, name)
    assert [message.content for message in shown.recent] == ["open talk", "re: open talk"]
