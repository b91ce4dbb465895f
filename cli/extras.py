"""Puts together what answers can draw on and do beside the model: facts, knowledge, files, workflows."""

from pathlib import Path

from cli.settings import Settings
from sessions.history import HistoryGround
from sessions.ports.grounds import Grounds
from sessions.ports.model import ChatModel
from sessions.ports.store import Store
from sessions.turn import Extras


def extras(settings: Settings, store: Store, model: ChatModel, folder: Path | None = None) -> Extras:
    """Return what the engine of this process gets beside the model.

    Answers draw on the files of ``folder`` where one is given. Raises UsageError when there is no such one.
    """
    return Extras(grounds=(HistoryGround(store), *_files(folder)))


def _files(folder: Path | None) -> tuple[Grounds, ...]:
    if folder is None:
        return ()
    from sessions.folder import FolderGround  # the folder is rarely given

    return (FolderGround(folder),)
