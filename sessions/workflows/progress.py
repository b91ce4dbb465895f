"""How far a run came, as values for every surface and as Markdown for a chat."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sessions.model import Usage
from sessions.ports.checkpoints import RunStatus, StepResult, StepStatus
from sessions.workflows.definition import ApprovalStep, ParallelStep, Workflow, every_step, step_named
from sessions.workflows.runs import Run
from sessions.workflows.templates import render

_NO_TITLES: Mapping[str, str] = {}


class StepState(StrEnum):
    """How a step stands; each value is its sign."""

    PENDING = "⏳"
    RUNNING = "▶️"
    DONE = "✅"
    SKIPPED = "⏭"
    FAILED = "❌"
    REFUSED = "🚫"
    WAITING = "⏸"


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One step: ``inside`` a parallel one or not; ``detail`` is an error or a question."""

    step: str
    state: StepState
    inside: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A run's steps in the order of their definition."""

    run: str
    workflow: str
    steps: tuple[StepProgress, ...]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    ``steps`` are in the order of their end, ``output`` is that of the last step that was done.
    ``question`` is there while the run waits for the step ``waiting_for``. ``ran`` is false where there
    was nothing left to do. ``usage`` is that of this time alone.
    """

    checkpoint: str
    workflow: str
    status: RunStatus
    steps: tuple[StepResult, ...]
    output: str = ""
    waiting_for: str = ""
    question: str = ""
    ran: bool = True
    usage: Usage = Usage()

    @property
    def outputs(self) -> dict[str, str]:
        """What each step that was done came to, by its name."""
        return {one.step: one.output for one in self.steps if one.status is StepStatus.DONE}

    @property
    def error(self) -> str:
        """What went wrong, by step; "" when nothing did."""
        return "\n".join(f"{one.step}: {one.error}" for one in self.steps if one.error)


def progress_of(run: Run, running: frozenset[str] = frozenset(), question: str = "") -> Progress:
    """Return how far a run came; ``running`` are the steps under way."""
    results, waiting = run.results, run.checkpoint.waiting_for
    failed = {one.step for one in results.values() if one.status is StepStatus.FAILED}
    lines: list[StepProgress] = []
    for step, inside in every_step(run.workflow):
        result = results.get(step.name)
        state, detail = StepState.PENDING, ""
        if step.name in running:
            state = StepState.RUNNING
        elif step.name == waiting:
            state, detail = StepState.WAITING, question
        elif result is not None:
            state, detail = StepState[result.status.name], result.error
        elif isinstance(step, ParallelStep) and not failed.isdisjoint(one.name for one in step.steps):
            state = StepState.FAILED
        lines.append(StepProgress(step.name, state, inside, detail))
    return Progress(run.checkpoint.name, run.workflow.name, tuple(lines))


def result_of(
    run: Run,
    question: str = "",
    usage: Usage = Usage(),  # noqa: B008 - frozen
    *,
    ran: bool = True,
) -> RunResult:
    """Return what a run came to."""
    checkpoint = run.checkpoint
    return RunResult(
        checkpoint.name,
        checkpoint.workflow,
        checkpoint.status,
        checkpoint.results,
        final_output(run.workflow, run.results),
        checkpoint.waiting_for,
        question,
        ran,
        usage,
    )


def final_output(workflow: Workflow, results: dict[str, StepResult]) -> str:
    """Return the output of the last step, approvals left out, that was done."""
    for step in reversed(workflow.steps):
        result = results.get(step.name)
        if result and result.status is StepStatus.DONE and not isinstance(step, ApprovalStep):
            return result.output
    return ""


def question_of(run: Run) -> str:
    """Return what a person is asked while the run waits; "" while it does not. Raises TemplateError."""
    step = step_named(run.workflow, run.checkpoint.waiting_for)
    return render(step.question, run.scope) if isinstance(step, ApprovalStep) else ""


def progress_text(progress: Progress, titles: Mapping[str, str] = _NO_TITLES) -> str:
    """Return a run's progress as Markdown, a line for each step; ``titles`` stand for steps' names."""
    lines = [heading(progress), ""]
    for one in progress.steps:
        told = "" if one.state is StepState.WAITING else plain(one.detail)
        detail = f": {told}" if told else ""
        lines.append(f"{'  ' * one.inside}- {one.state} {_title(one.step, titles)}{detail}")
    return "\n".join(lines)


def heading(progress: Progress) -> str:
    """Return the line of Markdown that says which run it is."""
    return f"**{plain(progress.workflow)}** · run {as_code(progress.run)}"


def result_text(
    run: Run, progress: Progress, question: str = "", titles: Mapping[str, str] = _NO_TITLES
) -> str:
    """Return a run's progress, what its steps came to and what it asks, as Markdown."""
    parts = [progress_text(progress, titles)]
    found = {one.step: one for one in run.checkpoint.results}
    for step, _ in every_step(run.workflow):
        result = found.get(step.name)
        if result and result.output and not isinstance(step, ApprovalStep | ParallelStep):
            parts.append(f"**{_title(step.name, titles)}**\n\n{result.output}")
    return "\n\n".join([*parts, question] if question else parts)


def _title(step: str, titles: Mapping[str, str]) -> str:
    return plain(titles.get(step, step))


def plain(text: str) -> str:
    """Return a text as one line of Markdown that shows it as it is."""
    return re.sub(r"([\\`*\[\]<>~|#$]|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(text.split()))


def as_code(text: str) -> str:
    """Return a name as code."""
    return f"`{text.replace('`', chr(39))}`"
