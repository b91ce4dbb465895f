import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sessions.engine import Engine, EngineSettings
from sessions.errors import ModelDown, NoSuchRun, RunTaken, UsageError, UserError, WiderAudience
from sessions.model import OPEN, Ask, Audience, Task, Verb
from sessions.offline import OfflineModel
from sessions.ports.checkpoints import Checkpoint, RunStatus
from sessions.ports.model import Prompt
from sessions.turn import Extras
from sessions.window import estimate_prompt
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.planning import parse_plan
from sessions.workflows.tasks import WorkflowTasks
from tests.engine.parts import Screen, said, until
from tests.workflows.house import House, step_asked

RUN = Task(Verb.RUN, "deploy", "v1")
THREE = """
steps:
  - {name: one, prompt: first}
  - {name: two, prompt: second}
  - {name: three, prompt: third}
"""
ASKING = """
steps:
  - {name: one, prompt: first}
  - {name: ok, approval: 'Ship {{ steps.one.output }}?'}
  - {name: two, prompt: second}
"""


async def kept(house: House, name: str) -> Checkpoint:
    found = await house.store.checkpoint(await house.workspace(), name)
    assert found is not None
    return found


async def test_the_answer_has_a_line_for_each_step_and_the_results(house: House) -> None:
    house.define(THREE.replace("name: two", "name: two, if: 'false'"))
    outcome = await house.carry_out(RUN)
    assert outcome.text == (
        "**deploy** · run `v1`\n\n- ✅ one\n- ⏭ two\n- ✅ three\n\n"
        "**one**\n\n<first>\n\n**three**\n\n<third>"
    )
    assert (outcome.decision, outcome.usage.prompt) == ("", 20)


async def test_progress_is_shown_while_steps_run(house: House) -> None:
    house.define(THREE)
    shown: list[str] = []
    await house.tasks().carry_out(await house.work(RUN), shown.append)
    assert "**deploy** · run `v1`\n\n- ✅ one\n- ▶️ two\n- ⏳ three" in shown


async def test_the_same_turn_after_a_crash_goes_on_where_it_was(house: House) -> None:
    house.define(THREE)
    house.model.hold()
    run = Task(Verb.RUN, "deploy")
    crashed = asyncio.create_task(house.carry_out(run))
    await until(lambda: len(house.asked) == 1)
    house.model.let(1)
    await until(lambda: len(house.asked) == 2)
    crashed.cancel()
    await asyncio.wait([crashed])
    house.model.let()
    outcome = await house.carry_out(run)
    assert house.asked == ["first", "second", "second", "third"]
    assert "**one**\n\n<first>" in outcome.text
    again = await house.carry_out(run)
    assert (again.text, len(house.asked)) == (outcome.text, 4)


async def test_two_turns_make_two_runs(house: House) -> None:
    house.define("steps: [{name: one, prompt: first}]")
    for event in ("e1", "e2"):
        await house.carry_out(Task(Verb.RUN, "deploy"), event)
    assert len(await house.store.checkpoints(await house.workspace(), None)) == 2


async def test_a_failed_step_is_told_with_what_was_done_and_how_to_go_on(house: House) -> None:
    house.define(THREE)

    def down(prompt: Prompt) -> str:
        if step_asked(prompt) == "second":
            raise ModelDown("The model is away.")
        return "ok"

    house.model.answer = down
    outcome = await house.carry_out(RUN)
    assert "- ❌ two: The model is away.\n- ⏳ three" in outcome.text
    assert "**one**\n\nok" in outcome.text
    assert "/workflow resume v1" in outcome.note
    house.model.answer = lambda prompt: "fine"
    outcome = await house.carry_out(Task(Verb.RESUME, run="v1"), "e2")
    assert "**one**\n\nok\n\n**two**\n\nfine" in outcome.text


async def test_what_a_function_said_when_it_broke_stays_in_the_log(house: House) -> None:
    house.define("steps: [{name: one, call: broken}]")

    def broken() -> None:
        raise RuntimeError("password hunter2")

    house.functions["broken"] = broken
    outcome = await house.carry_out(RUN)
    assert "Something failed (incident" in outcome.text
    assert "hunter2" not in outcome.text


async def test_a_run_that_waits_ends_the_turn_and_goes_on_when_it_is_approved(house: House) -> None:
    house.define(ASKING)
    waiting = await house.carry_out(RUN)
    assert waiting.decision == "v1"
    assert waiting.text.endswith("Ship <first>?")
    assert "- ⏸ ok\n- ⏳ two" in waiting.text
    assert (await house.carry_out(RUN)) == replace(waiting, usage=(await house.carry_out(RUN)).usage)
    done = await house.carry_out(Task(Verb.APPROVE, run="v1"), "e2")
    assert (done.decision, house.asked) == ("", ["first", "second"])
    again = await house.carry_out(Task(Verb.APPROVE, run="v1"), "e2")
    assert (again.text, len(house.asked)) == (done.text, 2)
    with pytest.raises(UsageError, match="waits for no decision: it is done"):
        await house.carry_out(Task(Verb.APPROVE, run="v1"), "e3")


async def test_a_turn_whose_run_another_one_finished_begins_no_second_run(house: House) -> None:
    house.define(ASKING)
    await house.carry_out(RUN)
    done = await house.carry_out(Task(Verb.APPROVE, run="v1"), "e2")
    repeated = await house.carry_out(RUN)
    assert (repeated.text, house.asked) == (done.text, ["first", "second"])


async def test_a_crash_after_an_approval_asks_nobody_again(house: House) -> None:
    house.define(ASKING)
    await house.carry_out(RUN)
    house.model.hold()
    crashed = asyncio.create_task(house.carry_out(Task(Verb.APPROVE, run="v1"), "e2"))
    await until(lambda: len(house.asked) == 2)
    crashed.cancel()
    await asyncio.wait([crashed])
    house.model.let()
    outcome = await house.carry_out(Task(Verb.APPROVE, run="v1"), "e2")
    assert (outcome.decision, "**two**\n\n<second>" in outcome.text) == ("", True)


async def test_a_run_that_is_refused_ends(house: House) -> None:
    house.define(ASKING)
    await house.carry_out(RUN)
    for _ in range(2):
        outcome = await house.carry_out(Task(Verb.REFUSE, run="v1"), "e2")
        assert "- 🚫 ok\n- ⏳ two" in outcome.text
        assert "refused" in outcome.note
    assert (await kept(house, "v1")).status is RunStatus.REFUSED
    assert house.asked == ["first"]


async def test_a_run_under_way_is_not_taken_up_from_another_session(house: House) -> None:
    house.define(THREE)
    house.model.hold()
    tasks = house.tasks()
    first = asyncio.create_task(tasks.carry_out(await house.work(RUN), lambda _: None))
    await until(lambda: len(house.asked) == 1)
    with pytest.raises(RunTaken, match="under way"):
        await tasks.carry_out(await house.work(Task(Verb.RESUME, run="V1"), "e2"), lambda _: None)
    house.model.let()
    assert "✅ three" in (await first).text


async def test_what_a_private_channel_ran_is_not_seen_elsewhere(house: House) -> None:
    house.define(ASKING)
    private = Audience("discord:channel:7")
    await house.carry_out(RUN, audience=private)
    assert (await kept(house, "v1")).audience == private
    with pytest.raises(NoSuchRun):
        await house.carry_out(Task(Verb.APPROVE, run="v1"), "e2")
    with pytest.raises(RunTaken, match="cannot be used here"):
        await house.carry_out(RUN, "e3")
    await house.carry_out(Task(Verb.RUN, "deploy", "v2"), "e4", audience=OPEN)
    with pytest.raises(WiderAudience):
        await house.carry_out(Task(Verb.APPROVE, run="v2"), "e5", audience=private)


@pytest.mark.parametrize(
    ("answer", "steps"),
    [
        ('{"steps": ["a", "b"]}', ("a", "b")),
        ('Sure:\n```json\n{"steps": [{"title": "a", "description": "x"}, "b"]}\n```', ("a: x", "b")),
        ('["a", "", 3, "b"]', ("a", "b")),
        ("Here is [a plan]:\n1. **First** thing\n   with more\n2) Second\n\nGood luck", None),
        ("## Step 1: Look\ntext\n## Step 2: Do", ("Look", "Do")),
        ("- a\n- b", ("a", "b")),
        ("I cannot do that.", ()),
        ("[" * 100_000, ()),
        ('{"steps": [' + ",".join(f'"{n}"' for n in range(30)) + "]}", tuple(map(str, range(10)))),
    ],
)
def test_plans_are_read_from_what_models_write(answer: str, steps: tuple[str, ...] | None) -> None:
    expected = ("First thing with more", "Second") if steps is None else steps
    assert parse_plan(answer) == expected


async def test_a_plan_is_shown_approved_and_done_step_by_step(house: House) -> None:
    goal = "Plan the {{ release }} *now*"
    house.model.answer = lambda prompt: '{"steps": ["Look at {{ it }}", "Do *it*"]}'
    shown = await house.carry_out(Task(Verb.PLAN), text=goal)
    assert shown.decision.startswith("plan-")
    assert "1. Look at {{ it }}\n2. Do *it*\n\nShall I do these steps?" in shown.text
    again = await house.carry_out(Task(Verb.PLAN), text=goal)
    assert (again.text, len(house.asked)) == (shown.text, 1)
    house.model.answer = lambda prompt: "R1" if "Do step 1" in step_asked(prompt) else "R2"
    done = await house.carry_out(Task(Verb.APPROVE, run=shown.decision), "e2")
    assert "- ✅ 1. Look at {{ it }}\n- ✅ 2. Do \\*it\\*" in done.text
    assert done.text.endswith("**1. Look at {{ it }}**\n\nR1\n\n**2. Do \\*it\\***\n\nR2")
    last = house.asked[-1]
    assert goal in last
    assert "Result of step 1:\n\nR1" in last
    assert last.endswith("Do step 2 and no other: Do *it*")


async def test_a_plan_whose_results_are_long_fits_the_model(house: House) -> None:
    house.model.answer = lambda prompt: '{"steps": ["a", "b", "c"]}'
    shown = await house.carry_out(Task(Verb.PLAN), text="go")
    house.model.answer = lambda prompt: "word " * 30_000
    await house.carry_out(Task(Verb.APPROVE, run=shown.decision), "e2")
    assert max(estimate_prompt(one) for one in house.model.prompts) < house.model.context_tokens
    assert house.asked[-1].count("[…]") == 2


async def test_an_answer_without_a_plan_is_told(house: House) -> None:
    house.model.answer = lambda prompt: "No."
    with pytest.raises(UserError, match="made no plan"):
        await house.carry_out(Task(Verb.PLAN), text="x")


async def test_the_offline_model_plays_a_plan(house: House) -> None:
    offline = OfflineModel(sleep=lambda _: asyncio.sleep(0))
    tasks = WorkflowTasks(house.store, offline, WorkflowFolder(house.folder), {})
    shown = await tasks.carry_out(await house.work(Task(Verb.PLAN), text="Paint it"), lambda _: None)
    assert "1. Say what is wanted: Paint it\n2. Do it\n3. Look at" in shown.text
    approve = Task(Verb.APPROVE, run=shown.decision)
    done = await tasks.carry_out(await house.work(approve, "e2"), lambda _: None)
    assert "**2. Do it**\n\n(offline model) You said: Do step 2 and no other: Do it" in done.text


async def test_in_a_chat_a_run_goes_on_in_another_process_like_any_turn(house: House) -> None:
    """The first engine ends in the second step without handing its turn back."""
    house.define(THREE)
    screen = Screen()
    inbound = replace(said("/workflow run deploy", 1), ask=Ask.TASK, task=Task(Verb.RUN, "deploy"))
    soon, extras = EngineSettings(drain=timedelta(0)), Extras(tasks=house.tasks())
    house.model.hold()
    async with Engine(house.store, house.model, screen, settings=soon, extras=extras) as engine:
        await engine.accept(inbound)
        await until(lambda: len(house.asked) == 1)
        house.model.let(1)
        await until(lambda: len(house.asked) == 2)
    house.model.let()
    async with Engine(house.store, house.model, screen, extras=Extras(tasks=house.tasks())):
        await screen.wait(1)
    assert house.asked.count("first") == 1
    assert "✅ three" in screen.texts[0]
    transcript = await house.store.transcript(screen.replies[0].turn.session, None, 10)
    assert [one.content for one in transcript] == ["/workflow run deploy", screen.texts[0]]


async def test_the_steps_that_ended_in_a_turns_own_run_are_counted(house: House) -> None:
    house.define(ASKING)
    await house.carry_out(RUN)
    tasks = house.tasks()
    assert await tasks.steps_ended(await house.work(RUN)) == 1
    assert await tasks.steps_ended(await house.work(RUN, "another")) == 0
    assert await tasks.steps_ended(await house.work(Task(Verb.PLAN), "another")) == 0
