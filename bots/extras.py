"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from pathlib import Path

from bots.settings import Settings
from bots.workflow_tasks import LateTasks
from sessions.facts.ground import FactGround
from sessions.facts.remembering import Remembering
from sessions.facts.rules import MemoryRules
from sessions.history import HistoryGround
from sessions.model import Platform
from sessions.ports.grounds import Grounds
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel, folder: Path | None = None) -> Extras:
    """Return what the engine of this process gets beside the model.

    Answers draw on the files of ``folder`` where one is given. Raises UsageError when there is no such
    one, and SettingError.
    """
    memory = memory_rules(settings)
    return Extras(
        grounds=(FactGround(store, memory), HistoryGround(store), *_files(folder)),
        tasks=LateTasks(settings, store, model),
        afterthought=Remembering(store, model, memory),
    )


def memory_rules(settings: Settings) -> MemoryRules:
    """Return when facts are used: without a setting by the bots only, and wherever a person wishes it."""
    match settings.memory:
        case "off":
            return MemoryRules()
        case "":
            return MemoryRules(frozenset(Platform) - {Platform.TERMINAL})
        case said:
            return MemoryRules(frozenset(Platform), extracts=said == "extract")


def _files(folder: Path | None) -> tuple[Grounds, ...]:
    if folder is None:
        return ()
    from sessions.folder import FolderGround  # the folder is rarely given

    return (FolderGround(folder),)
