"""Finds the files to add: those that are named, and in folders those that are no secret and no waste."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_IGNORE = ".gitignore"
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_SECRET_SUFFIXES = frozenset(
    {".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".asc", ".gpg"}
)
_SECRET_NAMES = frozenset({"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "credentials"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to add. ``named``: somebody asked for this very one."""

    path: Path
    named: bool


def find(paths: Sequence[str]) -> Iterator[Candidate]:
    """Yield files once each, those of a folder in the order of their paths.

    In folders, what ``.gitignore`` files exclude is left out, and so are links, hidden files and folders,
    and what keeps keys. Raises UsageError for a path that is not there.
    """
    seen: set[Path] = set()
    for path in [located(path) for path in paths]:
        found = _walk(path) if path.is_dir() else iter([path])
        for one in found:
            if one not in seen:
                seen.add(one)
                yield Candidate(one, named=one == path)


def located(path: str) -> Path:
    """Return where the path leads, absolute. Raises UsageError when nothing is there."""
    try:
        found = Path(path).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"There is no file or folder “{path[:200]}”. Check the path.") from error
    if not (found.is_dir() or found.is_file()):
        raise UsageError(f"“{path[:200]}” is neither a file nor a folder. Name another path.")
    return found


def source_of(path: Path) -> str:
    """The name that people know a file by: its path, from the home folder on where it is in there.

    The same wherever the command is given, and unlike that of any other file.
    """
    try:
        name = f"~/{path.relative_to(Path.home().resolve()).as_posix()}"
    except (ValueError, RuntimeError):
        name = path.as_posix()
    return os.fsencode(name).decode(errors="replace")  # a name may be any bytes


def _walk(root: Path) -> Iterator[Path]:
    rules = _Rules(root)
    for folder, folders, files in os.walk(root, followlinks=False):
        here = Path(folder)
        rules.enter(here)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _SKIPPED_FOLDERS
            and not (here / name).is_symlink()
            and not rules.ignores(here / name, is_folder=True)
        )
        for name in sorted(files):
            path = here / name
            if not (_is_private(name) or path.is_symlink() or rules.ignores(path)) and path.is_file():
                yield path


def _is_private(name: str) -> bool:
    stem, suffix = os.path.splitext(name.casefold())  # noqa: PTH122 - called for every file
    return name.startswith(".") or suffix in _SECRET_SUFFIXES or stem in _SECRET_NAMES


class _Rules:
    """The ``.gitignore`` files from the repository's root down to each folder that was entered."""

    def __init__(self, root: Path) -> None:
        self._specs: dict[Path, GitIgnoreSpec] = {}
        self._top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
        above = [folder for folder in root.parents if folder.is_relative_to(self._top)]
        for folder in above:
            self.enter(folder)
        if any(self.ignores(one, is_folder=True) for one in (root, *above[:-1])):
            # Who names a folder that is ignored means it all the same.
            self._specs.clear()
            self._top = root

    def enter(self, folder: Path) -> None:
        path = folder / _IGNORE
        if not path.is_file() or path.is_symlink():
            return
        from pathspec import GitIgnoreSpec  # only where there is such a file

        lines = path.read_text("utf-8", errors="replace").splitlines()
        self._specs[folder] = GitIgnoreSpec.from_lines(lines)

    def ignores(self, path: Path, *, is_folder: bool = False) -> bool:
        """What the nearest file says that says anything; folders above were not ignored."""
        for folder in path.parents:
            spec = self._specs.get(folder)
            if spec is not None:
                name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
                verdict = spec.check_file(name).include
                if verdict is not None:
                    return verdict
            if folder == self._top:
                break
        return False
