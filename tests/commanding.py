"""All rooms of commands over a store, and what turns do with them; a test fills the workflows' folder."""

from pathlib import Path

from bots.commands import Commands
from sessions.commands import SessionCommands
from sessions.facts.commands import FactCommands
from sessions.facts.ground import FactGround
from sessions.facts.remembering import Remembering
from sessions.facts.rules import MemoryRules
from sessions.knowledge.commands import KnowledgeCommands
from sessions.knowledge.ground import KnowledgeGround
from sessions.knowledge.searching import Searching
from sessions.model import Platform
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras
from sessions.workflows.commands import WorkflowCommands
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.tasks import WorkflowTasks

NOWHERE = Path("/nonexistent")


def commands_over(store: Store, workflows: Path = NOWHERE) -> Commands:
    return Commands(
        SessionCommands(store),
        FactCommands(store),
        KnowledgeCommands(store, Searching(store)),
        WorkflowCommands(store, WorkflowFolder(workflows), {}),
    )


def extras_over(store: Store, model: ChatModel, workflows: Path = NOWHERE) -> Extras:
    """Everything that a turn can do, on every platform: facts, documents, workflows and plans."""
    memory = MemoryRules(frozenset(Platform))
    return Extras(
        grounds=(KnowledgeGround(store, Searching(store), always=True), FactGround(store, memory)),
        tasks=WorkflowTasks(store, model, WorkflowFolder(workflows), {}),
        afterthought=Remembering(store, model, memory),
    )
