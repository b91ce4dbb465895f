"""The directory of a file store: whether it is ours, and what lies where."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import msgspec

from sessions.errors import SettingError
from sessions.model import Workspace, WorkspaceId
from storage.file.journal import make_journal, sync_folder

MARKER = "parley.json"
FORMAT = "parley file store"
VERSION = 1

_UNFINISHED = ".parley-"
_NOTE = "workspace.json"


class _Marker(msgspec.Struct):
    format: str
    version: int


class Folder:
    """Paths inside a store's directory; the names of files are ids."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.quarantine = root / "quarantine"
        self.hints = root / "wakeups"
        self._workspaces = root / "workspaces"

    def prepare(self) -> None:
        """Make the directory or check that it is ours. Raises SettingError, which says what to do."""
        try:
            self._claim()
        except NotADirectoryError as error:
            raise SettingError(f"{self.root} is not a directory. Name another path.") from error
        except FileExistsError as error:
            raise SettingError(f"{self.root} is a file, not a directory. Name another path.") from error
        except OSError as error:
            raise SettingError(
                f"{self.root} cannot be used ({error.strerror}). "
                "Name a directory that you may write to, or give yourself the right to."
            ) from error

    def workspace(self, workspace: WorkspaceId) -> Path:
        """Where the workspace's files are."""
        return self._workspaces / workspace

    def note(self, workspace: Workspace) -> None:
        """Write beside the workspace's journal whose it is, in case the root's record is lost."""
        note = self.workspace(workspace.id) / _NOTE
        unfinished = note.with_name(f"{_NOTE}.new")
        with unfinished.open("wb") as file:
            file.write(msgspec.json.encode(workspace) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(note)

    def try_writing(self) -> None:
        """Make a file and take it away. Raises OSError when nothing can be written."""
        trial = self.root / f"{_UNFINISHED}{token_hex(8)}"
        try:
            with trial.open("wb") as file:
                file.write(b"\n")
                file.flush()
                os.fsync(file.fileno())
        finally:
            trial.unlink(missing_ok=True)

    def used_workspaces(self) -> Iterator[Workspace]:
        """The workspaces that have a note and something in their journal."""
        for folder in self._workspaces.iterdir():
            note, journal = folder / _NOTE, folder / "journal"
            if note.is_file() and journal.is_file() and journal.stat().st_size:
                with suppress(msgspec.DecodeError, UnicodeDecodeError):
                    yield msgspec.json.decode(note.read_bytes(), type=Workspace)

    def _claim(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        marker = self.root / MARKER
        if not marker.exists():
            self._check_empty()
            _write_marker(marker)
        _check(marker)
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise PermissionError(13, "it is not writable", str(self.root))
        for part in (self.quarantine, self._workspaces):
            part.mkdir(mode=0o700, exist_ok=True)
        make_journal(self.root)
        os.close(os.open(self.hints, os.O_CREAT | os.O_RDWR, 0o600))

    def _check_empty(self) -> None:
        foreign = [entry.name for entry in self.root.iterdir() if not entry.name.startswith(_UNFINISHED)]
        if foreign and MARKER not in foreign:
            raise SettingError(
                f"{self.root} has other files in it and is not a Parley store. "
                "Name an empty or a new directory."
            )


def _write_marker(marker: Path) -> None:
    unfinished = marker.with_name(f"{_UNFINISHED}{token_hex(8)}")
    with unfinished.open("wb") as file:
        file.write(msgspec.json.encode(_Marker(FORMAT, VERSION)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(marker)
    sync_folder(marker.parent)


def _check(marker: Path) -> None:
    try:
        found = msgspec.json.decode(marker.read_bytes(), type=_Marker)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{marker} cannot be read. If the directory is a Parley store, write "
            f'{{"format":"{FORMAT}","version":{VERSION}}} into that file; else name another directory.'
        ) from error
    if found.format != FORMAT:
        raise SettingError(f"{marker.parent} is not a Parley store. Name an empty or a new directory.")
    if found.version > VERSION:
        raise SettingError(
            f"{marker.parent} was written by a newer Parley (format {found.version}; this one knows "
            f"{VERSION}). Install the newer one, or name another directory."
        )
