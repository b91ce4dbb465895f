"""What commands about facts, knowledge and workflows come to in a terminal chat."""

from typing import assert_never

from bots.terminal import knowledge as knowledge_pages
from bots.terminal import memory, workflow_pages
from bots.terminal.knowledge import ADD_DOCUMENTS
from bots.terminal.workflow_pages import CHAT
from sessions.facts.outcomes import FactAdded, FactForgotten, FactOutcome, FactsShown
from sessions.knowledge.commands import (
    DocumentRemoved,
    DocumentsListed,
    KnowledgeOutcome,
    PassagesFound,
)
from sessions.workflows.outcomes import (
    ConfirmDeleteRun,
    RunDeleted,
    RunKept,
    RunShown,
    WorkflowOutcome,
    WorkflowShown,
    WorkflowsListed,
)

_FOLDER = "workflows in PARLEY_HOME"


def facts(outcome: FactOutcome) -> str:
    """What is remembered."""
    match outcome:
        case FactsShown():
            return memory.shown(outcome, "/memory")
        case FactAdded():
            return memory.added(outcome)
        case FactForgotten():
            return memory.forgotten(outcome)
        case other:
            assert_never(other)


def knowledge(outcome: KnowledgeOutcome) -> str:
    """The documents, and what was found in them."""
    match outcome:
        case DocumentsListed():
            following = f"/knowledge list {outcome.page + 1}"
            return knowledge_pages.listed(outcome, add=ADD_DOCUMENTS, following=following)
        case PassagesFound():
            return knowledge_pages.found(outcome, add=ADD_DOCUMENTS)
        case DocumentRemoved(document):
            return knowledge_pages.removed(document)
        case other:
            assert_never(other)


def workflows(outcome: WorkflowOutcome) -> str:
    """Workflows and their runs."""
    match outcome:
        case WorkflowsListed():
            page = workflow_pages.workflows(outcome.workflows, outcome.broken, _FOLDER)
            return f"{page}\n\n{workflow_pages.runs(outcome.runs, CHAT)}" if outcome.runs else page
        case WorkflowShown(workflow, runs):
            return workflow_pages.workflow(workflow, runs, CHAT)
        case RunShown(run, workflow, question):
            return workflow_pages.run(run, question, CHAT, known=workflow is not None)
        case ConfirmDeleteRun(run):
            return workflow_pages.confirm_delete(run, CHAT)
        case RunDeleted(run):
            return workflow_pages.deleted(run, CHAT)
        case RunKept():
            return "Cancelled: nothing was deleted."
        case other:
            assert_never(other)
