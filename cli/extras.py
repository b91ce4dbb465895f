"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from cli.settings import Settings
from cli.workflow_tasks import LateTasks
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel) -> Extras:
    """Return what the engine of this process gets beside the model. Raises SettingError."""
    return Extras(tasks=LateTasks(settings, store, model))
