"""All rooms of commands over a store, with workflows from a folder that a test fills."""

from pathlib import Path

from bots.commands import Commands
from sessions.commands import SessionCommands
from sessions.facts.commands import FactCommands
from sessions.knowledge.commands import KnowledgeCommands
from sessions.knowledge.searching import Searching
from sessions.ports.store import Store
from sessions.workflows.commands import WorkflowCommands
from sessions.workflows.folder import WorkflowFolder

NOWHERE = Path("/nonexistent")


def commands_over(store: Store, workflows: Path = NOWHERE) -> Commands:
    return Commands(
        SessionCommands(store),
        FactCommands(store),
        KnowledgeCommands(store, Searching(store)),
        WorkflowCommands(store, WorkflowFolder(workflows), {}),
    )
