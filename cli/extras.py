"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from cli.searching import searching
from cli.settings import Settings
from sessions.knowledge.ground import KnowledgeGround
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel) -> Extras:
    """Return what the engine of this process gets beside the model."""
    always = settings.knowledge == "on"
    return Extras(grounds=(KnowledgeGround(store, searching(settings, store), always=always),))
