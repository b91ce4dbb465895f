"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from pathlib import Path

from cli.settings import Settings
from cli.workflow_tasks import LateTasks
from sessions.history import HistoryGround
from sessions.ports.grounds import Grounds
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel, folder: Path | None = None) -> Extras:
    """Return what the engine of this process gets beside the model. Raises SettingError.

    Answers draw on the files of ``folder`` where one is given.
    """
    grounds: list[Grounds] = [HistoryGround(store)]
    return Extras(grounds=tuple(grounds), tasks=LateTasks(settings, store, model))
