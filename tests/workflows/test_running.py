import asyncio
from collections.abc import AsyncGenerator

import pytest

from sessions.errors import (
    InvalidName,
    ModelDown,
    NoSuchRun,
    NoSuchWorkflow,
    RunTaken,
    UsageError,
    WorkflowChanged,
)
from sessions.ports.checkpoints import RunStatus, StepStatus
from sessions.ports.model import Done, Piece, Prompt, Restart, Text
from sessions.workflows.progress import StepState
from sessions.workflows.runner import Question
from tests.engine.parts import ScriptedModel, until
from tests.workflows.house import House, step_asked

THREE = """
steps:
  - {name: one, prompt: first}
  - {name: two, prompt: "second after {{ steps.one.output }}"}
  - {name: three, prompt: "third after {{ steps.two.output }}"}
"""


async def test_steps_see_the_results_of_those_before_them(house: House) -> None:
    house.define(THREE)
    result = await house.manager().aexecute("deploy", checkpoint="deploy-v1")
    assert result.status is RunStatus.DONE
    assert house.asked == ["first", "second after <first>", "third after <second after <first>>"]
    assert result.output == "<third after <second after <first>>>"
    assert list(result.outputs) == ["one", "two", "three"]
    assert (result.usage.prompt, result.usage.completion) == (30, 15)


def test_the_calls_of_the_specification_work_without_an_event_loop(house: House) -> None:
    house.define(THREE, "deploy-workflow")
    manager = house.manager()
    result = manager.execute("deploy-workflow", checkpoint="deploy-v1")
    assert result.status is RunStatus.DONE
    result = manager.execute("deploy-workflow", resume="deploy-v1")
    assert (result.status, result.ran, len(house.asked)) == (RunStatus.DONE, False, 3)
    assert [one.name for one in manager.list_checkpoints()] == ["deploy-v1"]
    manager.delete_checkpoint("deploy-v1")
    assert manager.list_checkpoints() == ()


async def test_the_calls_that_wait_name_the_others_where_an_event_loop_runs(house: House) -> None:
    with pytest.raises(UsageError, match="await aexecute"):
        house.manager().execute("deploy")
    with pytest.raises(UsageError, match="await alist_checkpoints"):
        house.manager().list_checkpoints()


async def test_a_run_without_a_name_is_forgotten_when_it_is_done(house: House) -> None:
    house.define(THREE)
    result = await house.manager().aexecute("deploy")
    assert result.checkpoint.startswith("deploy-")
    assert await house.manager().alist_checkpoints() == ()


async def test_a_failed_step_is_tried_again_by_a_resume_and_no_other(house: House) -> None:
    house.define(THREE)

    def down(prompt: Prompt) -> str:
        if step_asked(prompt).startswith("third"):
            raise ModelDown("The model is away.")
        return "ok"

    house.model.answer = down
    failed = await house.manager().aexecute("deploy", checkpoint="v1")
    assert (failed.status, failed.error) == (RunStatus.FAILED, "three: The model is away.")
    house.model.answer = lambda prompt: "fine"
    house.model.prompts.clear()
    result = await house.manager().aexecute("deploy", resume="V1")
    assert (result.status, house.asked) == (RunStatus.DONE, ["third after ok"])
    assert result.outputs == {"one": "ok", "two": "ok", "three": "fine"}


async def test_a_cancelled_run_goes_on_with_the_step_that_was_under_way(house: House) -> None:
    house.define(THREE)
    house.model.hold()
    task = asyncio.create_task(house.manager().aexecute("deploy", checkpoint="v1"))
    await until(lambda: len(house.asked) == 1)
    house.model.let(1)
    await until(lambda: len(house.asked) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    house.model.let()
    result = await house.manager().aexecute("", resume="v1")
    assert result.status is RunStatus.DONE
    assert [one.split()[0] for one in house.asked] == ["first", "second", "second", "third"]


async def test_who_is_not_the_last_to_take_a_run_up_can_save_nothing(house: House) -> None:
    house.define(THREE)
    house.model.hold()
    first = asyncio.create_task(house.manager().aexecute("deploy", checkpoint="v1"))
    await until(lambda: len(house.asked) == 1)
    second = asyncio.create_task(house.manager().aexecute("deploy", resume="v1"))
    await until(lambda: len(house.asked) == 2)
    house.model.let()
    with pytest.raises(RunTaken, match="Another process goes on"):
        await first
    assert (await second).status is RunStatus.DONE


async def test_a_changed_definition_is_refused_unless_it_is_rebased(house: House) -> None:
    house.define("steps: [{name: one, prompt: a}, {name: ok, approval: go on}, {name: two, prompt: b}]")
    await house.manager().aexecute("deploy", checkpoint="v1")
    house.define("steps: [{name: one, prompt: A}, {name: two, prompt: B}]\ndescription: new")
    with pytest.raises(WorkflowChanged, match="rebase"):
        await house.manager().aexecute("deploy", resume="v1")
    result = await house.manager().aexecute("deploy", resume="v1", rebase=True)
    assert (result.outputs, house.asked) == ({"one": "<a>", "two": "<B>"}, ["a", "B"])


async def test_another_description_is_no_change(house: House) -> None:
    house.define("steps: [{name: ok, approval: go on}]")
    await house.manager().aexecute("deploy", checkpoint="v1")
    house.define("description: other words\nsteps: [{approval: go on, name: ok}]")
    result = await house.manager().aexecute("deploy", resume="v1", approve=True)
    assert result.status is RunStatus.DONE


async def test_what_cannot_begin_or_go_on_says_why(house: House) -> None:
    house.define("variables: {city: }\nsteps: [{name: ok, approval: 'to {{ city }}?'}]")
    manager = house.manager()
    with pytest.raises(NoSuchWorkflow, match="Did you mean “deploy”"):
        await manager.aexecute("deplo")
    with pytest.raises(NoSuchRun, match="There are none"):
        await manager.aexecute("deploy", resume="v1")
    with pytest.raises(UsageError, match="not both"):
        await manager.aexecute("deploy", resume="v1", checkpoint="v1")
    with pytest.raises(UsageError, match="needs a value for “city”"):
        await manager.aexecute("deploy", checkpoint="v1")
    with pytest.raises(UsageError, match=r"has no variable “town”\. There are: city"):
        await manager.aexecute("deploy", checkpoint="v1", variables={"town": "x"})
    with pytest.raises(InvalidName, match="A run name cannot be empty"):
        await manager.aexecute("deploy", checkpoint=" ", variables={"city": "Rome"})
    await manager.aexecute("deploy", checkpoint="v1", variables={"city": "Rome"})
    with pytest.raises(RunTaken, match=r"is not done\. Resume it, delete it"):
        await manager.aexecute("deploy", checkpoint="V1", variables={"city": "Rome"})
    with pytest.raises(UsageError, match="began with another “city”"):
        await manager.aexecute("deploy", resume="v1", variables={"city": "Oslo"})
    with pytest.raises(UsageError, match="a run of the workflow “deploy”"):
        await manager.aexecute("build", resume="v1")
    with pytest.raises(NoSuchRun, match="There are: “v1”"):
        await manager.adelete_checkpoint("v2")


async def test_a_run_that_is_done_makes_room_for_a_new_one_of_its_name(house: House) -> None:
    house.define(THREE)
    await house.manager().aexecute("deploy", checkpoint="v1")
    result = await house.manager().aexecute("deploy", checkpoint="v1")
    assert (result.ran, len(house.asked)) == (True, 6)


async def test_an_approval_waits_is_answered_and_skips_nothing_that_follows(house: House) -> None:
    house.define(
        "steps: [{name: one, prompt: a}, {name: ok, approval: 'ship {{ steps.one.output }}?'}, "
        "{name: two, prompt: b}]"
    )
    waiting = await house.manager().aexecute("deploy", checkpoint="v1")
    assert (waiting.status, waiting.waiting_for) == (RunStatus.WAITING, "ok")
    assert waiting.question == "ship <a>?"
    still = await house.manager().aexecute("deploy", resume="v1")
    assert still.status is RunStatus.WAITING
    result = await house.manager().aexecute("deploy", resume="v1", approve=True)
    assert (result.status, house.asked) == (RunStatus.DONE, ["a", "b"])
    with pytest.raises(UsageError, match="go with “resume”"):
        await house.manager().aexecute("deploy", approve=True)


@pytest.mark.parametrize(
    ("answer", "status"),
    [(True, RunStatus.DONE), (False, RunStatus.REFUSED), (None, RunStatus.WAITING)],
)
async def test_a_person_who_is_there_is_asked(
    house: House, answer: bool | None, status: RunStatus
) -> None:
    house.define("steps: [{name: ok, approval: sure}, {name: two, prompt: b}]")
    questions: list[Question] = []

    async def decide(question: Question) -> bool | None:
        questions.append(question)
        return answer

    result = await house.manager(decide).aexecute("deploy", checkpoint="v1")
    assert (result.status, house.asked) == (status, ["b"] if answer else [])
    assert questions == [Question("v1", "ok", "sure")]
    if answer is False:
        with pytest.raises(UsageError, match="is over: refused"):
            await house.manager().aexecute("deploy", resume="v1")


async def test_steps_at_once_run_at_once_and_what_is_done_of_them_is_kept(house: House) -> None:
    house.define(
        """
steps:
  - name: both
    parallel: [{name: a, prompt: A}, {name: b, prompt: B}, {name: c, prompt: C, if: "false"}]
  - {name: last, prompt: "{{ steps.both.output }} and {{ steps.a.output }}"}
"""
    )
    tried: list[str] = []

    def answer(prompt: Prompt) -> str:
        tried.append(step_asked(prompt))
        if tried.count("B") == 1 and tried[-1] == "B":
            raise ModelDown("away")
        return step_asked(prompt).lower()

    house.model.answer = answer
    failed = await house.manager().aexecute("deploy", checkpoint="v1")
    assert (failed.status, house.model.most_running) == (RunStatus.FAILED, 2)
    states = {one.step: one.state for one in house.seen[-1].steps}
    assert states["both"] is states["b"] is StepState.FAILED
    assert (states["a"], states["c"], states["last"]) == (
        StepState.DONE,
        StepState.SKIPPED,
        StepState.PENDING,
    )
    result = await house.manager().aexecute("deploy", resume="v1")
    assert result.status is RunStatus.DONE
    assert tried == ["A", "B", "B", "a:\n\na\n\nb:\n\nb and a"]


async def test_a_step_whose_condition_is_not_met_is_skipped_with_all_inside_it(house: House) -> None:
    house.define(
        """
variables: {where: staging}
steps:
  - {name: both, if: where == "production", parallel: [{name: a, prompt: A}]}
  - {name: last, if: steps.a.status == skipped, prompt: "none: {{ steps.a.output }}"}
"""
    )
    result = await house.manager().aexecute("deploy")
    assert {one.step: one.status for one in result.steps} == {
        "a": StepStatus.SKIPPED,
        "both": StepStatus.SKIPPED,
        "last": StepStatus.DONE,
    }
    assert house.asked == ["none:"] or house.asked == ["none: "]


async def test_functions_plain_and_async_are_called_with_what_the_step_says(house: House) -> None:
    house.define(
        """
variables: {city: Rome}
steps:
  - {name: one, call: shout, with: {text: "in {{ city }}", times: 2}}
  - {name: two, call: look, with: {}}
"""
    )
    manager = house.manager()

    @manager.register
    def shout(text: str, times: int) -> str:
        return text.upper() * times

    async def look() -> dict[str, int]:
        await asyncio.sleep(0)
        return {"found": 3}

    manager.register(look, "look")
    result = await manager.aexecute("deploy")
    assert result.outputs == {"one": "IN ROMEIN ROME", "two": '{"found": 3}'}
    with pytest.raises(UsageError, match="calls “shout”, which is not registered"):
        await house.manager().aexecute("deploy")


async def test_a_step_is_tried_again_as_often_as_it_says(house: House) -> None:
    house.define("steps: [{name: one, call: shaky, retries: 1}]")
    calls: list[int] = []

    def shaky() -> str:
        calls.append(1)
        if len(calls) in (1, 3, 4):
            raise ValueError("not yet")
        return "done"

    house.functions["shaky"] = shaky
    assert (await house.manager().aexecute("deploy")).status is RunStatus.DONE
    failed = await house.manager().aexecute("deploy")
    assert (failed.status, failed.error) == (RunStatus.FAILED, "one: ValueError: not yet")


async def test_results_that_are_too_long_to_be_kept_fail_their_step(house: House) -> None:
    steps = ", ".join(f"{{name: s{n}, call: long, with: {{size: 180000}}}}" for n in range(12))
    house.define(f"steps: [{steps}]")
    house.define("steps: [{name: one, call: long, with: {size: 200001}}]", "huge")
    house.functions["long"] = lambda size: "x" * size
    failed = await house.manager().aexecute("deploy")
    assert "s11: All results together came to more than 2,000,000 characters" in failed.error
    assert "more than 200,000 characters" in (await house.manager().aexecute("huge")).error


async def test_a_step_that_takes_too_long_fails(house: House) -> None:
    house.define("steps: [{name: one, prompt: a, timeout: 0.05}]")
    house.model.hold()
    failed = await house.manager().aexecute("deploy", checkpoint="v1")
    assert (failed.status, failed.error[:32]) == (RunStatus.FAILED, "one: It took longer than 0.05 s.")
    assert house.model.running == 0


class Restarting(ScriptedModel):
    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        yield Text("bro")
        yield Restart()
        yield Text("whole")
        yield Done(None)


async def test_a_stream_that_begins_again_leaves_no_old_text(house: House) -> None:
    house.define("steps: [{name: one, prompt: a}]")
    house.model = Restarting()
    result = await house.manager().aexecute("deploy")
    assert (result.output, result.usage.estimated) == ("whole", True)


async def test_model_and_system_of_a_step_reach_the_model(house: House) -> None:
    house.define("steps: [{name: one, prompt: a, model: big, system: 'be brief'}]")
    await house.manager().aexecute("deploy")
    assert house.model.prompts[0].model == "big"
    assert house.model.prompts[0].messages[0].content == "be brief"


async def test_a_condition_that_cannot_be_decided_fails_its_step(house: House) -> None:
    house.define("steps: [{name: one, prompt: a}, {name: two, prompt: b, if: steps.one.output > 3}]")
    failed = await house.manager().aexecute("deploy")
    assert failed.error == (
        "two: Its condition cannot be decided: “<a>” is no number, so it is neither more nor less."
    )
