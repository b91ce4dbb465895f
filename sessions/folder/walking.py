"""Walks through a folder: which files there are to be read, without reading them."""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sessions.folder.ignoring import NAME, chain_above
from sessions.folder.withholding import LARGEST, is_folder_left_out, is_name_left_out

MOST_ENTRIES = 100_000
"""Names that are looked at; of a larger folder those that lie deepest are left out."""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file by its path below the folder, with ``/``; its size in bytes, and when it was changed."""

    path: str
    size: int
    changed: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is, in the order of paths. ``whole`` is false where the folder is too large."""

    files: tuple[SeenFile, ...]
    whole: bool


def walk(folder: Path) -> Seen:
    """See what there is in the folder and below it; links are not followed. Blocks.

    Raises OSError when the folder itself cannot be listed; one below it that cannot is left out.
    """
    os.scandir(folder).close()
    found: list[SeenFile] = []
    ahead = deque([("", chain_above(folder))])
    left = MOST_ENTRIES
    while ahead and left > 0:
        path, chain = ahead.popleft()
        entries = _entries(folder / path)
        left -= len(entries)
        if any(entry.name == NAME for entry in entries):
            chain = chain.below(path, str(folder / path / NAME))
        for entry in entries:
            here = f"{path}/{entry.name}" if path else entry.name
            if not _is_wanted(entry):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not chain.ignores(here, entry.name, folder=True):
                    ahead.append((here, chain))
            elif not chain.ignores(here, entry.name, folder=False):
                found.extend(_seen(entry, here))
    return Seen(tuple(sorted(found, key=lambda file: file.path)), whole=not ahead)


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
    # Whatever such a folder holds was installed.
    return [] if any(entry.name == "pyvenv.cfg" for entry in found) else found


def _is_wanted(entry: "os.DirEntry[str]") -> bool:
    """Whether it is a folder or a file, not a link or a pipe, and not left out for its name."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return not is_folder_left_out(entry.name)
        return entry.is_file(follow_symlinks=False) and not is_name_left_out(entry.name)
    except OSError:
        return False


def _seen(entry: "os.DirEntry[str]", path: str) -> Iterator[SeenFile]:
    try:
        known = entry.stat(follow_symlinks=False)
    except OSError:
        return
    if 0 < known.st_size <= LARGEST:
        yield SeenFile(path, known.st_size, known.st_mtime)
