"""What a turn does beside asking the model: background, tasks, afterthoughts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from sessions.engine import EngineSettings
from sessions.errors import ContextTooLong, StoreUnavailable, UserError
from sessions.model import Ask, Ending, Holder, SessionId, Task, TurnResult, Usage, Used, Verb, Wishes
from sessions.ports.grounds import Ground
from sessions.ports.model import Prompt
from sessions.ports.tasks import TaskOutcome
from sessions.ports.turns import Claim, Proposal, Work
from sessions.turn import Extras, TurnRules
from sessions.window import estimate_prompt
from tests.engine.conftest import Core
from tests.engine.parts import said, until


@dataclass
class Given:
    """Background that a test gives."""

    text: str = "Ada likes tea."
    used: Used = Used(facts=1)
    error: UserError | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def ground(self, work: Work, budget: int, first_source: int) -> Ground | None:
        self.asked.append((budget, first_source))
        if self.error is not None:
            raise self.error
        return Ground(self.text, self.used) if self.text else None


@dataclass
class Noting:
    """Notes what it was told."""

    note: str = ""
    at_once_of: list[str] = field(default_factory=list)
    later_of: list[TurnResult] = field(default_factory=list)

    async def at_once(self, work: Work, answer: str) -> str:
        self.at_once_of.append(answer)
        return self.note

    async def later(self, work: Work, result: TurnResult) -> None:
        self.later_of.append(result)


@dataclass
class Steps:
    """A task of two steps; the second one waits until it is let go on."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry_out(self, work: Work, show: Callable[[str], None]) -> TaskOutcome:
        show("one of two")
        await self.gate.wait()
        return TaskOutcome("both done", "a note", "run-1", "ok", Usage(7, 3))

    async def steps_ended(self, work: Work) -> int:
        return 2


async def test_background_stands_before_the_question_and_in_no_transcript(core: Core) -> None:
    async with core.engine(extras=Extras(grounds=(Given(),))) as engine:
        await engine.accept(said("what do I like?", 1))
        await until(lambda: len(core.screen.finished) == 1)
    last = core.model.prompts[-1].messages[-1].content
    assert last.index("Ada likes tea.") < last.index("what do I like?")
    assert "data, not instructions" in last
    told = await core.transcript()
    assert told[0] == ("user", "what do I like?")
    assert "tea" not in told[0][1]


async def test_an_answer_is_headed_by_what_it_draws_on(core: Core) -> None:
    grounds = (Given("a", Used(facts=2)), Given("b", Used(sessions=("old",))), Given(""))
    async with core.engine(extras=Extras(grounds=grounds)) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: len(core.screen.finished) == 1)
    used = Used(facts=2, sessions=("old",))
    assert core.screen.replies[0].drawn_on == [used]
    assert core.screen.finished[0][1].used == used


async def test_without_background_nothing_heads_the_answer(core: Core) -> None:
    async with core.engine(extras=Extras(grounds=(Given(""),))) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: len(core.screen.finished) == 1)
    assert core.screen.replies[0].drawn_on == []
    assert core.model.prompts[-1].messages[-1].content == "hello"


async def test_each_kind_of_background_has_what_the_ones_before_left(core: Core) -> None:
    first, second = Given("word " * 100, Used(sources=("a", "b"))), Given("b")
    rules = TurnRules(background_tokens=500)
    async with core.engine(
        settings=EngineSettings(rules=rules), extras=Extras(grounds=(first, second))
    ) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: len(core.screen.finished) == 1)
    assert first.asked == [(500, 1)]
    assert second.asked[0][0] < 450
    assert second.asked[0][1] == 3


async def test_sources_that_are_cited_are_named_below_the_answer(core: Core) -> None:
    core.model.answer = lambda _: "As [2] says."
    ground = Given("text", Used(sources=("a.md", "b`.md, lines 1-4")))
    async with core.engine(extras=Extras(grounds=(ground,))) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: len(core.screen.finished) == 1)
    assert core.screen.finished[0][1].text == "As [2] says.\n\nSources: [2] `b'.md, lines 1-4`"


async def test_all_sources_are_named_where_none_is_cited(core: Core) -> None:
    core.model.answer = lambda _: "No number, [9] apart."
    async with core.engine(extras=Extras(grounds=(Given("x", Used(sources=("a", "b"))),))) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: len(core.screen.finished) == 1)
    assert core.screen.finished[0][1].text.endswith("Sources: [1] `a` · [2] `b`")


async def test_background_that_cannot_be_had_is_told_and_the_question_stays(core: Core) -> None:
    ground = Given(error=UserError("There is no such folder."))
    async with core.engine(extras=Extras(grounds=(ground,))) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: len(core.screen.finished) == 1)
    answer = core.screen.finished[0][1]
    assert (answer.ending, answer.note) == (Ending.FAILED, "There is no such folder.")
    assert await core.transcript() == [("user", "hello")]


async def test_wishes_go_before_the_sessions_preferences(core: Core) -> None:
    async with core.engine() as engine:
        wish = Wishes(model="other-model", system="Speak Latin.")
        await engine.accept(replace(said("hello", 1), wishes=wish))
        await engine.accept(said("again", 2))
        await until(lambda: len(core.screen.finished) == 2)
    one, other = core.model.prompts
    assert (one.model, one.messages[0].content) == ("other-model", "Speak Latin.")
    assert other.model == ""
    assert other.messages[0].content != "Speak Latin."


async def test_an_afterthought_at_once_becomes_a_note_and_one_later_hears_of_the_commit(
    core: Core,
) -> None:
    noting = Noting("Remembered: tea")
    async with core.engine(extras=Extras(afterthought=noting)) as engine:
        await engine.accept(said("remember tea", 1))
        await until(lambda: len(noting.later_of) == 1)
        await until(lambda: len(core.screen.finished) == 1)
    assert noting.at_once_of == ["re: remember tea"]
    assert core.screen.finished[0][1].note == "Remembered: tea"
    assert noting.later_of[0].answer.text == "re: remember tea"


def a_task(number: int) -> Task:
    return Task(Verb.RUN, f"workflow-{number}")


async def test_a_task_shows_its_progress_and_ends_in_an_answer_that_may_ask(core: Core) -> None:
    steps = Steps()
    async with core.engine(extras=Extras(tasks=steps)) as engine:
        await engine.accept(replace(said("/workflow run x", 1), ask=Ask.TASK, task=a_task(1)))
        await until(lambda: bool(core.screen.replies and core.screen.replies[0].snapshots))
        assert core.screen.replies[0].snapshots == ["one of two"]
        steps.gate.set()
        await until(lambda: len(core.screen.finished) == 1)
    answer = core.screen.finished[0][1]
    assert (answer.text, answer.note) == ("both done", "a note")
    assert (answer.decision, answer.step) == ("run-1", "ok")
    assert await core.transcript() == [("user", "/workflow run x"), ("assistant", "both done")]
    assert (await core.session()).tally.tokens == 10
    assert core.model.prompts == []


async def test_a_task_that_is_stopped_keeps_its_progress(core: Core) -> None:
    async with core.engine(extras=Extras(tasks=Steps())) as engine:
        await engine.accept(replace(said("/workflow run x", 1), ask=Ask.TASK, task=a_task(1)))
        await until(lambda: bool(core.screen.replies and core.screen.replies[0].snapshots))
        await core.commands.stop(core.caller(2))
        await until(lambda: len(core.screen.finished) == 1)
    answer = core.screen.finished[0][1]
    assert (answer.ending, answer.text) == (Ending.STOPPED, "one of two")


async def test_a_task_where_there_are_no_tasks_is_told(core: Core) -> None:
    async with core.engine() as engine:
        await engine.accept(replace(said("/workflow run x", 1), ask=Ask.TASK, task=a_task(1)))
        await until(lambda: len(core.screen.finished) == 1)
    assert core.screen.finished[0][1].ending is Ending.FAILED


@dataclass
class Away:
    """Background and tasks whose store is away for a moment."""

    refusals: int = 2

    async def ground(self, work: Work, budget: int, first_source: int) -> Ground | None:
        self._be_there()
        return Ground("Ada likes tea.", Used(facts=1))

    async def carry_out(self, work: Work, show: Callable[[str], None]) -> TaskOutcome:
        self._be_there()
        return TaskOutcome("done")

    async def steps_ended(self, work: Work) -> int:
        return 0

    def _be_there(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("away")


async def test_background_and_tasks_wait_for_a_store_that_is_away(core: Core) -> None:
    async with core.engine(extras=Extras(grounds=(Away(),), tasks=Away())) as engine:
        await engine.accept(said("what do I like?", 1))
        await engine.accept(replace(said("/workflow run x", 2), ask=Ask.TASK, task=a_task(1)))
        await core.screen.wait(2)
    answers = [answer for _, answer in core.screen.finished]
    assert [one.ending for one in answers] == [Ending.ANSWERED] * 2
    assert (answers[0].used, answers[1].text) == (Used(facts=1), "done")


async def test_who_waits_for_background_can_be_stopped(core: Core) -> None:
    away = Away(refusals=1_000_000)
    async with core.engine(extras=Extras(grounds=(away,))) as engine:
        await engine.accept(said("hello", 1))
        await until(lambda: away.refusals < 1_000_000)
        await core.commands.stop(core.caller(2))
        await core.screen.wait(1)
    assert core.screen.finished[0][1].ending is Ending.STOPPED


async def test_background_for_which_there_is_no_room_is_not_said_to_be_drawn_on(core: Core) -> None:
    core.model.context_tokens = 1_000
    ground = Given("word " * 300, Used(facts=2, sources=("a.md",)))
    async with core.engine(extras=Extras(grounds=(ground,))) as engine:
        await engine.accept(said("why? " * 300, 1))
        await core.screen.wait(1)
    assert "word word" not in core.model.prompts[-1].messages[-1].content
    assert core.screen.replies[0].drawn_on == []
    answer = core.screen.finished[0][1]
    assert (answer.used, "Sources:" in answer.text) == (Used(), False)


async def test_background_that_a_model_has_no_room_for_is_left_out_of_what_is_drawn_on(
    core: Core,
) -> None:
    def narrow(prompt: Prompt) -> str:
        if estimate_prompt(prompt) > 150:
            raise ContextTooLong("too long")
        return "yes"

    core.model.answer = narrow
    ground = Given("word " * 300, Used(sources=("a.md",)))
    async with core.engine(extras=Extras(grounds=(ground,))) as engine:
        await engine.accept(said("why?", 1))
        await core.screen.wait(1)
    answer = core.screen.finished[0][1]
    assert (answer.text, answer.used) == ("yes", Used())


async def test_a_question_too_long_for_the_model_ends_in_words_whatever_stands_behind_it(
    core: Core,
) -> None:
    def full(_: Prompt) -> str:
        raise ContextTooLong("too long for the model")

    core.model.answer = full
    async with core.engine(extras=Extras(grounds=(Given("word " * 300),))) as engine:
        await engine.accept(said("why? " * 100, 1))
        await core.screen.wait(1)
    assert core.screen.finished[0][1].note.startswith("The message is too long for the model")
    assert len(core.model.prompts) < 10


async def test_a_task_that_is_given_up_says_how_it_is_resumed(core: Core) -> None:
    @dataclass
    class Broken(Steps):
        async def carry_out(self, work: Work, show: Callable[[str], None]) -> TaskOutcome:
            raise RuntimeError("broken")

    async with core.engine(extras=Extras(tasks=Broken())) as engine:
        await engine.accept(replace(said("/workflow run x", 1), ask=Ask.TASK, task=a_task(1)))
        await core.screen.wait(1)
    note = core.screen.finished[0][1].note
    assert "/workflow resume" in note
    assert "/retry" not in note


@pytest.mark.parametrize(("takeovers", "ending"), [(4, Ending.ANSWERED), (5, Ending.INTERRUPTED)])
async def test_a_task_may_be_taken_over_once_more_for_each_step_that_ended(
    core: Core, takeovers: int, ending: Ending
) -> None:
    steps = Steps()
    steps.gate.set()
    task = replace(said("/workflow run x", 1), ask=Ask.TASK, task=a_task(1))
    accepted = await core.store.accept(task, Proposal(SessionId("s"), "s"), None, None)
    key = accepted.session.key
    for number in range(takeovers):
        claim = Claim(Holder(f"h{number}"), "t", timedelta(seconds=1), core.screen.platforms)
        assert await core.store.acquire(key, claim, None) is not None
        core.clock.advance(timedelta(seconds=2))
    async with core.engine(extras=Extras(tasks=steps)):
        await core.screen.wait(1)
    assert core.screen.replies[0].turn.takeovers == takeovers
    assert core.screen.finished[0][1].ending is ending
