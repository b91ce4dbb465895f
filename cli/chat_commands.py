"""Puts together what can be said in chat."""

from bots.commands import Commands
from bots.searching import searching
from bots.settings import Settings
from bots.workflow_tasks import workflow_commands
from sessions.commands import SessionCommands
from sessions.facts.commands import FactCommands
from sessions.knowledge.commands import KnowledgeCommands
from sessions.ports.store import Store


def chat_commands(settings: Settings, store: Store) -> Commands:
    """Return the rooms of commands of the deployment. Raises SettingError."""
    return Commands(
        SessionCommands(store),
        FactCommands(store),
        KnowledgeCommands(store, searching(settings, store)),
        workflow_commands(settings, store),
    )
