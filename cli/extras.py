"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from pathlib import Path

from cli.settings import Settings
from sessions.ports.grounds import Grounds
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel, folder: Path | None = None) -> Extras:
    """Return what the engine of this process gets beside the model; ``folder`` is of code to draw on.

    Raises UsageError when there is no such folder.
    """
    grounds: tuple[Grounds, ...] = ()
    if folder is not None:
        from sessions.folder import FolderGround

        grounds += (FolderGround(folder),)
    return Extras(grounds=grounds)
