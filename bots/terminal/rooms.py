"""What commands about facts, knowledge and workflows come to, as pages of a terminal.

``command`` is how the room is addressed: ``parley memory`` on the command line, ``/memory`` in a chat.
"""

from typing import assert_never

from bots.terminal.pages import counted, minute
from bots.terminal.plain import one_line, shorten
from bots.terminal.tables import draw
from bots.words import ENTRIES, Room
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
from sessions.ports.checkpoints import Checkpoint
from sessions.workflows.definition import Workflow
from sessions.workflows.outcomes import (
    ConfirmDeleteRun,
    RunDeleted,
    RunShown,
    WorkflowOutcome,
    WorkflowShown,
    WorkflowsListed,
)

_LONGEST_FACT = 60
_LONGEST_PASSAGE = 300
_LONGEST_RESULT = 60


def room_help(room: Room) -> str:
    """A room's words, as a chat takes them."""
    usages = {entry: f"/{room} {entry.line}" for entry in ENTRIES[room]}
    width = max(map(len, usages.values()))
    lines = (f"  {usage:{width}}  - {_sentence(entry.meaning)}" for entry, usage in usages.items())
    return "\n".join((f"{room.capitalize()} Commands:", "", *lines))


def facts(outcome: FactOutcome, command: str) -> str:
    """What is remembered."""
    match outcome:
        case FactsShown():
            return _facts(outcome, command)
        case FactAdded(fact, fresh):
            said = "Remembered" if fresh else "Remembered already"
            return f"🧠 {said}: {one_line(fact.text)} ({fact.id})"
        case FactForgotten(fact):
            return f"🗑️  Forgotten: {one_line(fact.text)}"
        case FactsHelped():
            return room_help(Room.MEMORY)
        case other:
            assert_never(other)


def knowledge(outcome: KnowledgeOutcome, command: str) -> str:
    """The documents, and what was found in them."""
    match outcome:
        case DocumentsListed():
            return _documents(outcome, command)
        case PassagesFound():
            return _passages(outcome)
        case DocumentRemoved(document):
            return f"🗑️  Removed: {one_line(document.source)}"
        case other:
            assert_never(other)


def workflows(outcome: WorkflowOutcome, command: str) -> str:
    """Workflows and their runs."""
    match outcome:
        case WorkflowsListed():
            return _workflows(outcome)
        case WorkflowShown(workflow, runs):
            return "\n\n".join(filter(None, (_steps(workflow), _runs(runs))))
        case RunShown():
            return _run(outcome, command)
        case ConfirmDeleteRun(run):
            return f"⚠️  Delete run '{one_line(run.name)}'?\nIt cannot be resumed afterwards."
        case RunDeleted(run):
            return f"🗑️  Run '{one_line(run.name)}' deleted successfully."
        case other:
            assert_never(other)


def _facts(shown: FactsShown, command: str) -> str:
    if not shown.total:
        return (
            "🧠 Memory:\n\nNothing is remembered yet. Add a fact: "
            f'{command} add "I like tea"\n\nTotal: 0 facts'
        )
    rows = [
        (one.fact.id, shorten(one.fact.text, _LONGEST_FACT), _about(one), minute(one.fact.at))
        for one in shown.facts
    ]
    table = draw(("ID", "Fact", "About", "Since"), rows, (8, 30, 8, 16))
    page = f"🧠 Memory:\n\n{table}\n\nTotal: {counted(shown.total, 'fact')}"
    if shown.pages > 1:
        page += f"\nPage {shown.page} of {shown.pages}"
        if shown.page < shown.pages:
            page += f"; the next one: {command} show {shown.page + 1}"
    return page


def _about(shown: ShownFact) -> str:
    return "you" if shown.own else shown.name or "everybody"


def _documents(listed: DocumentsListed, command: str) -> str:
    if not listed.documents:
        return "📚 Documents:\n\nThere are none yet. Add some: parley knowledge add PATH"
    rows = [
        (str(number), one.source, f"{one.passages:,}", minute(one.added_at))
        for number, one in enumerate(listed.documents, listed.first)
    ]
    table = draw(("#", "Document", "Passages", "Added"), rows, (2, 30, 8, 16))
    more = f"\n\nThe next page: {command} list {listed.page + 1}" if listed.more else ""
    return f"📚 Documents:\n\n{table}{more}"


def _passages(found: PassagesFound) -> str:
    if not found.found:
        why = "There are no documents." if found.empty else "No passage has these words."
        return f"📚 Nothing was found for “{shorten(found.query, 60)}”. {why}"
    said = [
        f"[{number}] {one_line(one.source)}, {one_line(one.passage.place)}\n"
        f"    {shorten(one.passage.text, _LONGEST_PASSAGE)}"
        for number, one in enumerate(found.found, 1)
    ]
    return "\n\n".join((f"📚 Found for “{shorten(found.query, 60)}”:", *said))


def _workflows(listed: WorkflowsListed) -> str:
    rows = [
        (one.name, f"{len(one.steps)}", shorten(one.description, _LONGEST_RESULT))
        for one in listed.workflows
    ]
    table = draw(("Workflow", "Steps", "Description"), rows, (20, 5, 30))
    page = f"⚙️  Workflows:\n\n{table}" if rows else "⚙️  Workflows:\n\nThere are none yet."
    broken = "\n".join(f"⚠️  {one_line(one)}" for one in listed.broken)
    return "\n\n".join(filter(None, (page, broken, _runs(listed.runs))))


def _runs(runs: tuple[Checkpoint, ...]) -> str:
    if not runs:
        return ""
    rows = [
        (one.name, one.workflow, one.status, f"{len(one.results)}", minute(one.saved_at)) for one in runs
    ]
    table = draw(("Run", "Workflow", "Status", "Steps", "Saved"), rows, (20, 15, 8, 5, 16))
    return f"💾 Runs:\n\n{table}"


def _steps(workflow: Workflow) -> str:
    rows = [
        (str(number), step.name, step.when or "always") for number, step in enumerate(workflow.steps, 1)
    ]
    table = draw(("#", "Step", "If"), rows, (2, 20, 20))
    told = f"{one_line(workflow.description)}\n\n" if workflow.description else ""
    return f"⚙️  Workflow: {one_line(workflow.name)}\n\n{told}{table}"


def _run(shown: RunShown, command: str) -> str:
    run = shown.run
    rows = [
        (one.step, one.status, shorten(one.error or one.output, _LONGEST_RESULT)) for one in run.results
    ]
    table = draw(("Step", "Status", "Result"), rows, (20, 8, 30))
    page = f"💾 Run: {one_line(run.name)} ({run.status})\n\n{table}"
    if shown.question:
        page += (
            f"\n\n⏸ {one_line(shown.question)}\n"
            f"{command} approve {one_line(run.name)} goes on, refuse ends it."
        )
    return page


def _sentence(meaning: str) -> str:
    return meaning[0].upper() + meaning[1:]
