"""What facts, knowledge and workflows say in chat, as Markdown."""

from collections.abc import Sequence
from typing import assert_never

from bots.quoting import code, plain, shorten
from sessions.facts.outcomes import (
    FactAdded,
    FactForgotten,
    FactOutcome,
    FactsShown,
    ShownFact,
)
from sessions.knowledge.commands import (
    DocumentRemoved,
    DocumentsListed,
    KnowledgeOutcome,
    PassagesFound,
)
from sessions.ports.checkpoints import Checkpoint, RunStatus, StepResult
from sessions.workflows.definition import Step, Workflow
from sessions.workflows.outcomes import (
    ConfirmDeleteRun,
    RunDeleted,
    RunKept,
    RunShown,
    WorkflowOutcome,
    WorkflowShown,
    WorkflowsListed,
)

_LONGEST = 300
_MOST = 10
"""So many workflows and runs are named; the rest is counted."""
_MOST_BROKEN = 3
_SIGNS = {
    RunStatus.RUNNING: "▶️",
    RunStatus.WAITING: "⏸",
    RunStatus.DONE: "✅",
    RunStatus.FAILED: "❌",
    RunStatus.REFUSED: "🚫",
}


def facts(outcome: FactOutcome) -> str:
    """Tell what a command about facts came to."""
    match outcome:
        case FactsShown():
            return _shown(outcome)
        case FactAdded(fact, fresh):
            said = "Remembered" if fresh else "That is remembered already"
            return f"🧠 {said}: {plain(shorten(fact.text, _LONGEST))} ({code(fact.id)})"
        case FactForgotten(fact):
            return f"🗑️ Forgotten: {plain(shorten(fact.text, _LONGEST))}"
        case other:
            assert_never(other)


def knowledge(outcome: KnowledgeOutcome) -> str:
    """Tell what a command about documents came to."""
    match outcome:
        case DocumentsListed():
            return _listed(outcome)
        case PassagesFound():
            return _found(outcome)
        case DocumentRemoved(document):
            return f"🗑️ Removed {code(document.source)}: nothing of it is found any more."
        case other:
            assert_never(other)


def workflows(outcome: WorkflowOutcome) -> str:
    """Tell what a command about workflows came to, without its buttons."""
    match outcome:
        case WorkflowsListed():
            return _workflows(outcome)
        case WorkflowShown(workflow, runs):
            said = [f"⚙️ Workflow {code(workflow.name)}", *_steps(workflow)]
            return "\n\n".join((join_lines(*said), *_runs(runs)))
        case RunShown(run, known, question):
            said = [_run(run), *map(_result, run.results)]
            if known is not None and run.status in (RunStatus.FAILED, RunStatus.RUNNING):
                said.append(f"Go on with it: {code(f'/workflow resume {run.name}')}")
            return "\n\n".join((join_lines(*said), *((plain(question),) if question else ())))
        case ConfirmDeleteRun(run):
            return join_lines(f"⚠️ Delete the run {code(run.name)}?", "It cannot be resumed afterwards.")
        case RunDeleted(run):
            return f"🗑️ Run {code(run.name)} deleted."
        case RunKept():
            return "Cancelled. Nothing was deleted."
        case other:
            assert_never(other)


def join_lines(*said: str) -> str:
    """Join with breaks that Markdown keeps."""
    return "  \n".join(said)


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shown(shown: FactsShown) -> str:
    if not shown.facts:
        return (
            f"🧠 Nothing is remembered here. Say {code('/memory add')} and what, "
            "or “remember that …” in a message."
        )
    said = [_fact(one) for one in shown.facts]
    total = f"Total: {count(shown.total, 'fact')}"
    if shown.pages > 1:
        total += f" · page {shown.page} of {shown.pages}"
    if shown.page < shown.pages:
        total += f" · more: {code(f'/memory show {shown.page + 1}')}"
    return "\n\n".join(("🧠 **What is remembered**", *said, total))


def _fact(shown: ShownFact) -> str:
    about = "you" if shown.own else plain(shown.name) if shown.name else "everybody here"
    return join_lines(
        f"{code(shown.fact.id)} {plain(shorten(shown.fact.text, _LONGEST))}",
        f"about {about} · {shown.fact.at:%Y-%m-%d}",
    )


def _listed(listed: DocumentsListed) -> str:
    if not listed.documents:
        return f"📚 There are no documents here. The operator adds them: {code('parley knowledge add')}"
    said = [
        f"**{number}.** {code(one.source)} · {count(one.passages, 'passage')} · {one.added_at:%Y-%m-%d}"
        for number, one in enumerate(listed.documents, listed.first)
    ]
    more = [f"More: {code(f'/knowledge list {listed.page + 1}')}"] if listed.more else []
    return "\n\n".join(("📚 **Documents**", join_lines(*said), *more))


def _found(found: PassagesFound) -> str:
    if not found.found:
        why = "There are no documents here." if found.empty else "Try other words."
        return f"📚 Nothing was found for {code(shorten(found.query, 100))}. {why}"
    said = [
        join_lines(
            f"**{number}.** {code(one.source)}, {plain(one.passage.place)}",
            plain(shorten(one.passage.text, _LONGEST)),
        )
        for number, one in enumerate(found.found, 1)
    ]
    return "\n\n".join((f"📚 **Found for** {code(shorten(found.query, 100))}", *said))


def _workflows(listed: WorkflowsListed) -> str:
    said = [
        join_lines(
            f"⚙️ {code(one.name)} · {count(len(one.steps), 'step')}",
            *((plain(shorten(one.description, _LONGEST)),) if one.description else ()),
        )
        for one in listed.workflows[:_MOST]
    ]
    said += _left(len(listed.workflows) - _MOST)
    if not said:
        said = ["⚙️ There are no workflows. The operator puts their files into the folder workflows."]
    said += [f"⚠️ {plain(shorten(one, _LONGEST))}" for one in listed.broken[:_MOST_BROKEN]]
    said += _left(len(listed.broken) - _MOST_BROKEN)
    return "\n\n".join((*said, *_runs(listed.runs)))


def _runs(runs: Sequence[Checkpoint]) -> list[str]:
    if not runs:
        return []
    return ["**Runs**", join_lines(*map(_run, runs[:_MOST]), *_left(len(runs) - _MOST))]


def _left(number: int) -> list[str]:
    return [f"… and {number:,} more"] if number > 0 else []


def _steps(workflow: Workflow) -> list[str]:
    said = [plain(shorten(workflow.description, _LONGEST))] if workflow.description else []
    variables = [code(one.name) for one in workflow.variables]
    said += [f"Variables: {', '.join(variables)}"] if variables else []
    return said + [f"**{number}.** {_step(step)}" for number, step in enumerate(workflow.steps, 1)]


def _step(step: Step) -> str:
    return code(step.name) + (f" if {code(step.when)}" if step.when else "")


def _run(run: Checkpoint) -> str:
    what = "" if run.name.startswith(run.workflow) else f" of {code(run.workflow)}"
    return (
        f"{_SIGNS[run.status]} {code(run.name)}{what} · {run.status} · "
        f"{count(len(run.results), 'step')} · {run.saved_at:%Y-%m-%d %H:%M} UTC"
    )


def _result(result: StepResult) -> str:
    said = result.error or result.output
    return f"{code(result.step)} {result.status}" + (
        f": {plain(shorten(said, _LONGEST))}" if said else ""
    )
