"""A short listing of what a folder holds."""

from collections.abc import Sequence
from posixpath import dirname

from sessions.folder.excerpts import fenced, shown_path
from sessions.folder.walking import Seen
from sessions.window import estimate_tokens

_NAMES = 8
"""Files that are named of one folder."""


def listing(seen: Seen, budget: int) -> str:
    """List the folders and some of their files, in at most ``budget`` tokens; "" where nothing fits.

    Where there are too many, the deepest folders are counted with those above them.
    """
    deepest = max((file.path.count("/") for file in seen.files), default=0)
    for depth in range(deepest, -1, -1):
        text = fenced("\n".join(_lines(seen, depth)), "")
        if estimate_tokens(text) <= budget:
            return text
    return ""


def _lines(seen: Seen, depth: int) -> list[str]:
    folders: dict[str, list[str]] = {}
    for file in seen.files:
        above = dirname(file.path).split("/") if "/" in file.path else []
        folders.setdefault("/".join(above[:depth]), []).append(file.path)
    lines = [_line(folder, paths) for folder, paths in sorted(folders.items())]
    return lines if seen.whole else [*lines, "… and more, deeper down"]


def _line(folder: str, paths: Sequence[str]) -> str:
    names = [path.removeprefix(f"{folder}/") for path in paths]
    here = [shown_path(name) for name in names if "/" not in name][:_NAMES]
    more = len(paths) - len(here)
    rest = [f"{more} more"] if more and here else [f"{more} files"] if more else []
    return f"{shown_path(folder) or '.'}/: {', '.join([*here, *rest])}"
