"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from cli.settings import Settings
from sessions.facts.ground import FactGround
from sessions.facts.remembering import Remembering
from sessions.facts.rules import MemoryRules
from sessions.model import Platform
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel) -> Extras:
    """Return what the engine of this process gets beside the model."""
    memory = memory_rules(settings)
    return Extras(
        grounds=(FactGround(store, memory),),
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
