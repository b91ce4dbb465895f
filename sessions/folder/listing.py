"""A short listing of what a folder holds."""

from collections.abc import Mapping, Sequence

from sessions.folder.excerpts import fenced, shown_path
from sessions.folder.walking import Seen
from sessions.window import estimate_tokens

_NAMES = 8
"""Files that are named of one folder."""

_FEWEST = 4
"""Tokens that a line has at least."""


def listing(seen: Seen, budget: int) -> str:
    """List the folders and some of their files, in at most ``budget`` tokens; "" where nothing fits.

    Where there are too many, the deepest folders are counted with those above them.
    """
    names: dict[str, list[str]] = {}
    for file in seen.files:
        folder, _, name = file.path.rpartition("/")
        names.setdefault(folder, []).append(name)
    deepest = max((_depth(folder) for folder in names), default=0)
    for depth in range(deepest, -1, -1):
        gathered = _gathered(names, depth)
        if len(gathered) * _FEWEST > budget:
            continue
        lines = [_line(folder, names.get(folder, ()), gathered[folder]) for folder in sorted(gathered)]
        text = fenced("\n".join(lines if seen.whole else [*lines, "… and more, deeper down"]), "")
        if estimate_tokens(text) <= budget:
            return text
    return ""


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _gathered(names: Mapping[str, Sequence[str]], depth: int) -> dict[str, int]:
    """How many files there are in each folder of at most that depth, with those too deep below it."""
    counts: dict[str, int] = {}
    for folder, files in names.items():
        upper = folder if _depth(folder) <= depth else "/".join(folder.split("/")[:depth])
        counts[upper] = counts.get(upper, 0) + len(files)
    return counts


def _line(folder: str, names: Sequence[str], count: int) -> str:
    here = [shown_path(name) for name in names[:_NAMES]]
    more = count - len(here)
    rest = [f"{more} more"] if more and here else [f"{more} files"] if more else []
    return f"{shown_path(folder) or '.'}/: {', '.join([*here, *rest])}"
