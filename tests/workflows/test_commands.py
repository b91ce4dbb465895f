import pytest

from sessions.errors import (
    NoSuchRun,
    NoSuchWorkflow,
    NotPermitted,
    RunTaken,
    UsageError,
    WiderAudience,
    WorkflowChanged,
)
from sessions.model import OPEN, OPERATOR, Audience, Task, Verb
from sessions.workflows.outcomes import ConfirmDeleteRun, RunDeleted, RunShown, WorkflowShown
from tests.engine.parts import BOB
from tests.workflows.house import House

ASKING = "variables: {city: Rome}\nsteps: [{name: ok, approval: 'To {{ city }}?'}, {name: b, prompt: x}]"
PRIVATE = Audience("discord:channel:7")


async def begun(house: House, name: str = "v1", audience: Audience = OPEN) -> None:
    await house.carry_out(Task(Verb.RUN, "deploy", name), f"begin-{name}", audience=audience)


async def test_workflows_and_runs_are_listed_and_shown(house: House) -> None:
    house.define(ASKING)
    house.define("steps: 3", "broken")
    await begun(house)
    commands, caller = house.commands(), house.caller()
    listed = await commands.list(caller)
    assert [one.name for one in listed.workflows] == ["deploy"]
    assert listed.broken[0].startswith("broken.yaml: “steps” must be")
    assert [one.name for one in listed.runs] == ["v1"]
    shown = await commands.show(caller, "Deploy")
    assert isinstance(shown, WorkflowShown)
    assert [one.name for one in shown.runs] == ["v1"]
    run = await commands.show(caller, "V1")
    assert isinstance(run, RunShown)
    assert run.question == "To Rome?"
    house.define(ASKING + "\ndescription: same")
    assert (await commands.show_run(caller, "v1")).workflow is not None
    house.define(ASKING.replace("prompt: x", "prompt: y"))
    assert (await commands.show_run(caller, "v1")).workflow is None


async def test_what_is_begun_or_gone_on_with_is_checked_before(house: House) -> None:
    house.define(ASKING)
    commands, caller = house.commands(), house.caller()
    task = await commands.run(caller, "DEPLOY", "v1", variables={"city": "Oslo"})
    assert task == Task(Verb.RUN, "deploy", "v1", (("city", "Oslo"),))
    with pytest.raises(NoSuchWorkflow):
        await commands.run(caller, "build")
    with pytest.raises(UsageError, match="no variable “town”"):
        await commands.run(caller, "deploy", variables={"town": "x"})
    await begun(house)
    with pytest.raises(RunTaken):
        await commands.run(caller, "deploy", "v1")
    assert await commands.run(house.caller("begin-v1"), "deploy", "v1")
    assert await commands.resume(caller, "V1") == Task(Verb.RESUME, "deploy", "v1")
    approve = Task(Verb.APPROVE, "deploy", "v1", step="ok")
    assert await commands.decide(caller, "v1", approve=True) == approve
    refuse = Task(Verb.REFUSE, "deploy", "v1", step="ok")
    assert await commands.decide(caller, "v1", approve=False) == refuse
    with pytest.raises(NoSuchRun, match="There are: “v1”"):
        await commands.resume(caller, "v2")
    with pytest.raises(UsageError, match="Say which run"):
        await commands.resume(caller, "")
    house.define(ASKING.replace("prompt: x", "prompt: y"))
    for refused in (commands.resume(caller, "v1"), commands.decide(caller, "v1", approve=True)):
        with pytest.raises(WorkflowChanged):
            await refused
    assert (await commands.resume(caller, "v1", rebase=True)).rebase
    house.define(ASKING)
    await house.carry_out(Task(Verb.REFUSE, run="v1"), "e2")
    with pytest.raises(UsageError, match="is over: refused"):
        await commands.resume(caller, "v1")
    with pytest.raises(UsageError, match="waits for no decision"):
        await commands.decide(caller, "v1", approve=True)


async def test_runs_of_a_private_channel_are_seen_there_and_by_the_operator(house: House) -> None:
    house.define(ASKING)
    await begun(house, "secret", PRIVATE)
    await begun(house, "open")
    commands = house.commands()
    assert [one.name for one in await commands.runs(house.caller())] == ["open"]
    for command in (commands.show_run, commands.resume, commands.delete):
        with pytest.raises(NoSuchRun, match="There are: “open”"):
            await command(house.caller(), "secret")
    with pytest.raises(RunTaken, match="cannot be used here"):
        await commands.run(house.caller(), "deploy", "secret")
    inside = house.caller(audience=PRIVATE)
    assert len(await commands.runs(inside)) == 2
    assert await commands.resume(inside, "secret")
    with pytest.raises(WiderAudience):
        await commands.resume(inside, "open")
    await house.carry_out(Task(Verb.APPROVE, run="open"), "approve-open")
    repeat = await commands.decide(house.caller("approve-open"), "open", approve=True)
    assert repeat == Task(Verb.APPROVE, "deploy", "open")
    await house.carry_out(Task(Verb.RUN, "deploy", "open"), "begin again")
    operator = house.caller(audience=OPERATOR)
    assert await commands.resume(operator, "open")


async def test_only_who_began_a_run_deletes_it(house: House) -> None:
    house.define(ASKING)
    await begun(house)
    commands = house.commands()
    with pytest.raises(NotPermitted):
        await commands.delete(house.caller(person=BOB), "v1", confirmed=True)
    assert isinstance(await commands.delete(house.caller(), "v1"), ConfirmDeleteRun)
    assert isinstance(await commands.delete(house.caller(), "v1", confirmed=True), RunDeleted)
    with pytest.raises(NoSuchRun, match="There are none"):
        await commands.delete(house.caller(), "v1", confirmed=True)
