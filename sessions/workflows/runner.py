"""Does the steps of a run in order, from where its checkpoint stands."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

from sessions.ports.checkpoints import RunStatus, StepResult, StepStatus
from sessions.workflows.conditions import ConditionError, parse_condition
from sessions.workflows.definition import (
    ApprovalStep,
    CallStep,
    ParallelStep,
    PromptStep,
    Step,
    WorkStep,
)
from sessions.workflows.progress import Progress, RunResult, progress_of, result_of
from sessions.workflows.runs import Run
from sessions.workflows.templates import TemplateError, render
from sessions.workflows.work import StepFailed, Worker

MOST_KEPT = 2_000_000
"""Characters of all results of a run."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before a run goes on."""

    run: str
    step: str
    text: str


Watch = Callable[[Progress], None]
Decide = Callable[[Question], Awaitable[bool | None]]
"""Asks a person: None is no decision, and the run waits."""


def nobody_watches(_: Progress) -> None:
    """Watch without looking."""


async def nobody_decides(_: Question) -> bool | None:
    """Leave the decision to a person who comes later."""
    return None


class Runner:
    """Goes on with one run. Cancelled, it leaves the checkpoint of the last step that ended."""

    def __init__(
        self,
        run: Run,
        worker: Worker,
        watch: Watch = nobody_watches,
        decide: Decide = nobody_decides,
    ) -> None:
        self._run = run
        self._worker = worker
        self._watch = watch
        self._decide = decide
        self._running: set[str] = set()
        self._question = ""

    async def go_on(self) -> RunResult:
        """Run to the end, to a step that fails, or to one that waits for a person. Raises RunTaken."""
        run = self._run
        if run.checkpoint.status is RunStatus.RUNNING:
            await self._do_steps()
        self._tell()
        return result_of(run, self._question, self._worker.usage)

    def progress(self) -> Progress:
        """How far it came."""
        return progress_of(self._run, frozenset(self._running), self._question)

    async def _do_steps(self) -> None:
        self._tell()
        for step in self._run.workflow.steps:
            if not self._run.has_ended(step.name) and not await self._do(step):
                return
        await self._run.stand(RunStatus.DONE)

    async def _do(self, step: Step) -> bool:
        """Do a step; false when the run ends or waits there."""
        try:
            wanted = self._is_wanted(step)
        except StepFailed as failure:
            await self._failed(step.name, failure)
            return False
        if not wanted:
            inner = step.steps if isinstance(step, ParallelStep) else ()
            skipped = (StepResult(one.name, StepStatus.SKIPPED) for one in (*inner, step))
            await self._run.record(*skipped)
            self._tell()
            return True
        match step:
            case PromptStep() | CallStep():
                return await self._work(step)
            case ApprovalStep():
                return await self._approve(step)
            case ParallelStep():
                return await self._at_once(step)
            case _:
                assert_never(step)

    def _is_wanted(self, step: Step) -> bool:
        try:
            return not step.when or parse_condition(step.when).holds(self._run.scope)
        except (ConditionError, TemplateError) as error:
            raise StepFailed(f"Its condition cannot be decided: {error}") from error

    async def _work(self, step: WorkStep, status: RunStatus = RunStatus.FAILED) -> bool:
        self._running.add(step.name)
        self._tell()
        try:
            output = await self._worker.do(step, self._run.scope)
            self._check_room(output)
        except StepFailed as failure:
            self._running.discard(step.name)
            await self._failed(step.name, failure, status)
            return False
        finally:
            self._running.discard(step.name)
        await self._run.record(StepResult(step.name, StepStatus.DONE, output))
        self._tell()
        return True

    def _check_room(self, output: str) -> None:
        """Raise StepFailed where the checkpoint would be too large: every save writes all of it."""
        kept = sum(len(one.output) for one in self._run.checkpoint.results)
        if kept + len(output) > MOST_KEPT:
            raise StepFailed(
                f"All results together came to more than {MOST_KEPT:,} characters: too long to be kept."
            )

    async def _failed(self, step: str, failure: StepFailed, status: RunStatus = RunStatus.FAILED) -> None:
        await self._run.record(StepResult(step, StepStatus.FAILED, error=str(failure)), status=status)
        self._tell()

    async def _at_once(self, group: ParallelStep) -> bool:
        """Do the steps inside at once; when one fails, the others are still done and kept."""
        self._running.add(group.name)
        try:
            async with asyncio.TaskGroup() as tasks:
                done = [
                    tasks.create_task(self._inside(step))
                    for step in group.steps
                    if not self._run.has_ended(step.name)
                ]
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        finally:
            self._running.discard(group.name)
        if not all(task.result() for task in done):
            await self._run.stand(RunStatus.FAILED)
            return False
        self._tell()
        return True

    async def _inside(self, step: WorkStep) -> bool:
        try:
            wanted = self._is_wanted(step)
        except StepFailed as failure:
            await self._failed(step.name, failure, RunStatus.RUNNING)
            return False
        if wanted:
            return await self._work(step, RunStatus.RUNNING)
        await self._run.record(StepResult(step.name, StepStatus.SKIPPED))
        return True

    async def _approve(self, step: ApprovalStep) -> bool:
        run = self._run
        if step.name in run.checkpoint.approved:
            await run.record(StepResult(step.name, StepStatus.DONE, "approved"))
            self._tell()
            return True
        try:
            self._question = render(step.question, run.scope)
        except TemplateError as error:
            await self._failed(step.name, StepFailed(f"Its text cannot be filled: {error}"))
            return False
        await run.stand(RunStatus.WAITING, step.name)
        self._tell()
        answer = await self._decide(Question(run.checkpoint.name, step.name, self._question))
        if answer is None:
            return False
        self._question = ""
        if answer:
            await run.record(StepResult(step.name, StepStatus.DONE, "approved"))
        else:
            await run.record(StepResult(step.name, StepStatus.REFUSED), status=RunStatus.REFUSED)
        self._tell()
        return answer

    def _tell(self) -> None:
        self._watch(self.progress())
