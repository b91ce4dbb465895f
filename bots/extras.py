"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from pathlib import Path

from bots.searching import searching
from bots.settings import Settings
from bots.workflow_tasks import LateTasks
from sessions.facts.ground import FactGround
from sessions.facts.remembering import Remembering
from sessions.facts.rules import MemoryRules
from sessions.history import HistoryGround
from sessions.knowledge.ground import KnowledgeGround
from sessions.model import Platform
from sessions.ports.grounds import Grounds
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel, folder: Path | None = None) -> Extras:
    """Return what the engine of this process gets beside the model.

    Answers draw on the files of ``folder`` where one is given. Raises UsageError when it is not there.
    """
    memory = memory_rules(settings)
    grounds: list[Grounds] = []
    if folder is not None:
        from sessions.folder import FolderGround  # only where it is wanted

        grounds.append(FolderGround(folder))
    grounds += [
        KnowledgeGround(store, searching(settings, store), always=settings.knowledge == "on"),
        FactGround(store, memory),
        HistoryGround(store),
    ]
    return Extras(
        grounds=tuple(grounds),
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
