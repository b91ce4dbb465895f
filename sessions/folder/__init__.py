"""The relevant code of a folder, as background of a prompt."""

from sessions.folder.ground import FolderGround

__all__ = ["FolderGround"]
