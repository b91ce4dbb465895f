"""Runs that several want at once: doubled presses, lingering holders, a store that goes away."""

import asyncio
from dataclasses import replace

import pytest

from sessions.errors import RunTaken, StoreUnavailable, UsageError
from sessions.model import Task, Verb, WorkspaceId
from sessions.names import name_digest
from sessions.ports.checkpoints import Checkpoint, RunStatus
from storage.memory import MemoryStore
from tests.engine.parts import BOB, until
from tests.workflows.house import House

TWICE_ASKING = """
steps:
  - {name: one, prompt: first}
  - {name: ok, approval: 'Ship?'}
  - {name: two, prompt: second}
  - {name: sure, approval: 'Delete the old one?'}
  - {name: three, prompt: third}
"""
FOUR = "steps: [{name: a, prompt: a}, {name: b, prompt: b}, {name: c, prompt: c}, {name: d, prompt: d}]"
RUN = Task(Verb.RUN, "deploy", "v1")


async def test_a_decision_that_is_pressed_twice_decides_nothing_else(house: House) -> None:
    house.define(TWICE_ASKING)
    await house.carry_out(RUN)
    commands = house.commands()
    first = await commands.decide(house.caller("e2"), "v1", approve=True)
    second = await commands.decide(house.caller("e3", BOB), "v1", approve=True)
    waiting = await house.carry_out(first, "e2")
    assert waiting.text.endswith("Delete the old one?")
    with pytest.raises(UsageError, match=r"“ok” is decided already.*workflow show v1"):
        await house.carry_out(second, "e3")
    assert house.asked == ["first", "second"]
    again = await commands.decide(house.caller("e4"), "v1", approve=True)
    assert "✅ three" in (await house.carry_out(again, "e4")).text


async def test_the_button_of_an_earlier_question_decides_nothing_about_a_later_one(house: House) -> None:
    house.define(TWICE_ASKING)
    await house.carry_out(RUN)
    commands, run, step = house.commands(), name_digest("v1"), name_digest("ok")
    first = await commands.decide_digest(house.caller("e2"), run, step, approve=True)
    await house.carry_out(first, "e2")
    with pytest.raises(UsageError, match=r"decided already.*workflow show v1"):
        await commands.decide_digest(house.caller("e3", BOB), run, step, approve=False)


class Lingering(MemoryStore):
    """The process that lost its lease saves a step just before another takes the run up."""

    lingers = False

    async def save_checkpoint(self, workspace: WorkspaceId, checkpoint: Checkpoint) -> bool:
        if self.lingers:
            self.lingers = False
            there = await self.checkpoint(workspace, checkpoint.name)
            assert there is not None
            await super().save_checkpoint(workspace, replace(there, revision=there.revision + 1))
        return await super().save_checkpoint(workspace, checkpoint)


async def test_a_holder_that_saves_a_last_step_does_not_end_the_run(house: House) -> None:
    house.store = store = Lingering()
    house.define(FOUR)
    house.model.hold()
    crashed = asyncio.create_task(house.carry_out(RUN))
    await until(lambda: len(house.asked) == 1)
    crashed.cancel()
    await asyncio.wait([crashed])
    house.model.let()
    store.lingers = True
    assert "✅ d" in (await house.carry_out(RUN)).text


async def test_a_run_that_was_deleted_writes_nothing_into_one_of_its_name(house: House) -> None:
    house.define(FOUR)
    workspace = await house.workspace()
    house.model.hold()
    deleted = asyncio.create_task(house.carry_out(RUN))
    await until(lambda: len(house.asked) == 1)
    assert await house.store.delete_checkpoint(workspace, "v1") is not None
    following = asyncio.create_task(house.carry_out(RUN, "e2"))
    await until(lambda: len(house.asked) == 2)
    house.model.let(1)
    with pytest.raises(RunTaken):
        await deleted
    house.model.let()
    assert "✅ d" in (await following).text
    kept = await house.store.checkpoint(workspace, "v1")
    assert kept is not None
    assert (kept.status, kept.taken_by.partition("|")[0]) == (RunStatus.DONE, "e2")


class Coming(MemoryStore):
    """Away for the next calls about checkpoints; what was written then is written, its reply lost."""

    refusals = 0
    loses = False

    async def save_checkpoint(self, workspace: WorkspaceId, checkpoint: Checkpoint) -> bool:
        self._be_there()
        saved = await super().save_checkpoint(workspace, checkpoint)
        if self.loses:
            self.loses = False
            raise StoreUnavailable("the reply is lost")
        return saved

    async def checkpoint(self, workspace: WorkspaceId, name: str) -> Checkpoint | None:
        self._be_there()
        return await super().checkpoint(workspace, name)

    def _be_there(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("away")


async def test_a_run_waits_for_a_store_that_is_away(house: House) -> None:
    house.store = store = Coming()
    house.define(FOUR)
    house.model.hold()
    running = asyncio.create_task(house.carry_out(RUN))
    await until(lambda: len(house.asked) == 1)
    store.refusals, store.loses = 2, True
    house.model.let()
    assert "✅ d" in (await running).text
    assert house.asked == ["a", "b", "c", "d"]
