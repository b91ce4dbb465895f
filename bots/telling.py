"""What facts, knowledge and workflows say in chat, as Markdown."""

from typing import assert_never

from bots.quoting import code, plain, shorten
from sessions.facts.outcomes import (
    FactAdded,
    FactForgotten,
    FactOutcome,
    FactsHelped,
    FactsShown,
    ShownFact,
)
from sessions.knowledge.commands import (
    DocumentRemoved,
    DocumentsListed,
    KnowledgeOutcome,
    PassagesFound,
)
from sessions.ports.checkpoints import Checkpoint, StepResult
from sessions.workflows.definition import Step, Workflow
from sessions.workflows.outcomes import (
    ConfirmDeleteRun,
    RunDeleted,
    RunShown,
    WorkflowOutcome,
    WorkflowShown,
    WorkflowsListed,
)

_LONGEST = 300
_MOST_RUNS = 10


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
        case FactsHelped():
            return ""
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
            return "\n\n".join((lines(*said), *map(_run, runs)))
        case RunShown(run, _, question):
            said = [_run(run), *map(_result, run.results)]
            return lines(*said, *((f"⏸ {plain(question)}",) if question else ()))
        case ConfirmDeleteRun(run):
            return lines(f"⚠️ Delete the run {code(run.name)}?", "It cannot be resumed afterwards.")
        case RunDeleted(run):
            return f"🗑️ Run {code(run.name)} deleted."
        case other:
            assert_never(other)


def lines(*said: str) -> str:
    """Join with breaks that Markdown keeps."""
    return "  \n".join(said)


def page_line(total: str, page: int, pages: int) -> str:
    """Tell how many there are, and which page this is."""
    return f"Total: {total}" + (f" · page {page} of {pages}" if pages > 1 else "")


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shown(shown: FactsShown) -> str:
    if not shown.facts:
        return (
            "🧠 Nothing is remembered here. Say /memory add and what, or “remember that …” in a message."
        )
    said = [_fact(one) for one in shown.facts]
    total = page_line(count(shown.total, "fact"), shown.page, shown.pages)
    return "\n\n".join(("🧠 **What is remembered**", *said, total))


def _fact(shown: ShownFact) -> str:
    about = "you" if shown.own else plain(shown.name) if shown.name else "everybody here"
    return lines(
        f"{code(shown.fact.id)} {plain(shorten(shown.fact.text, _LONGEST))}",
        f"about {about} · {shown.fact.at:%Y-%m-%d}",
    )


def _listed(listed: DocumentsListed) -> str:
    if not listed.documents:
        return "📚 There are no documents here. The operator adds them: parley knowledge add"
    said = [
        f"**{number}.** {code(one.source)} · {count(one.passages, 'passage')} · {one.added_at:%Y-%m-%d}"
        for number, one in enumerate(listed.documents, listed.first)
    ]
    more = [f"More: /knowledge list {listed.page + 1}"] if listed.more else []
    return "\n\n".join(("📚 **Documents**", lines(*said), *more))


def _found(found: PassagesFound) -> str:
    if not found.found:
        why = "There are no documents here." if found.empty else "No passage has these words."
        return f"📚 Nothing was found for {code(shorten(found.query, 100))}. {why}"
    said = [
        lines(
            f"**{number}.** {code(one.source)}, {plain(one.passage.place)}",
            plain(shorten(one.passage.text, _LONGEST)),
        )
        for number, one in enumerate(found.found, 1)
    ]
    return "\n\n".join((f"📚 **Found for** {code(shorten(found.query, 100))}", *said))


def _workflows(listed: WorkflowsListed) -> str:
    said = [
        lines(
            f"⚙️ {code(one.name)} · {count(len(one.steps), 'step')}",
            *((plain(shorten(one.description, _LONGEST)),) if one.description else ()),
        )
        for one in listed.workflows
    ]
    if not said:
        said = ["⚙️ There are no workflows. The operator puts their files into the folder workflows."]
    broken = [f"⚠️ {plain(shorten(one, _LONGEST))}" for one in listed.broken]
    runs = ["**Runs**", *map(_run, listed.runs[:_MOST_RUNS])] if listed.runs else []
    return "\n\n".join((*said, *broken, *runs))


def _steps(workflow: Workflow) -> list[str]:
    said = [plain(shorten(workflow.description, _LONGEST))] if workflow.description else []
    return said + [f"{number}. {_step(step)}" for number, step in enumerate(workflow.steps, 1)]


def _step(step: Step) -> str:
    return code(step.name) + (f" if {code(step.when)}" if step.when else "")


def _run(run: Checkpoint) -> str:
    what = f" of {code(run.workflow)}" if not run.definition else ""
    return (
        f"▶️ Run {code(run.name)}{what} · {run.status} · {count(len(run.results), 'step')} · "
        f"{run.saved_at:%Y-%m-%d %H:%M} UTC"
    )


def _result(result: StepResult) -> str:
    said = result.error or result.output
    return f"{code(result.step)} {result.status}" + (
        f": {plain(shorten(said, _LONGEST))}" if said else ""
    )
