"""What ``.gitignore`` files say about a path, as git reads them: https://git-scm.com/docs/gitignore."""

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.folder.reading import read_head

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".gitignore"
_LONGEST = 1_000_000
"""Bytes that are read of one such file."""

_PLAIN_NAME = re.compile(r"[\w.*?~+#$@%=, -]+")
"""Patterns that mean the same to fnmatch and to git, and look at the last name of a path alone."""


class Rules:
    """The patterns of one file."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._all = _spec(lines)
        plain = [found for line in lines if (found := _plain_name(line))]
        self._maybe = re.compile("|".join(map(fnmatch.translate, plain)) or r"\Z.")
        other = [line for line in lines if line.strip() and line[0] != "#" and not _plain_name(line)]
        self._other = _spec(other) if other else None

    def verdict(self, path: str, name: str) -> bool | None:
        """Whether the path is ignored; None when nothing here is about it. A folder's ends with ``/``.

        Nearly every path is about nothing: that is found by one look at its last name.
        """
        if not self._maybe.match(name) and (
            self._other is None or self._other.check_file(path).include is None
        ):
            return None
        return self._all.check_file(path).include


@dataclass(frozen=True, slots=True)
class Chain:
    """The rules that hold in a folder: pairs of how much of a path to leave out, and what then decides.

    ``lead`` is the path from the repository's top to the folder that is looked at. The deepest rules
    come first, and the first that say something are heeded.
    """

    lead: str = ""
    rules: tuple[tuple[int, Rules], ...] = field(default=())

    def ignores(self, path: str, name: str, *, folder: bool) -> bool:
        """Whether git would ignore this path below the folder; those above it are not ignored."""
        full = f"{self.lead}{path}/" if folder else self.lead + path
        for skipped, rules in self.rules:
            verdict = rules.verdict(full[skipped:], name)
            if verdict is not None:
                return verdict
        return False

    def below(self, path: str, file: str) -> "Chain":
        """The chain in that folder, which has a file of rules of its own."""
        skipped = len(self.lead) + (len(path) + 1 if path else 0)
        return Chain(self.lead, ((skipped, Rules(_lines(file))), *self.rules))


def chain_above(folder: Path) -> Chain:
    """The rules that a repository around the folder has for it, but for the folder's own file.

    A folder that is ignored as a whole and asked for all the same is free of them.
    """
    top = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
    between = folder.relative_to(top).parts
    chain = Chain(rules=((0, Rules(_lines(str(top / ".git" / "info" / "exclude")))),))
    for depth, name in enumerate(between):
        here = "/".join(between[:depth])
        chain = chain.below(here, str(top.joinpath(*between[:depth], NAME)))
        if chain.ignores(f"{here}/{name}".lstrip("/"), name, folder=True):
            return Chain()
    return Chain("".join(f"{name}/" for name in between), chain.rules)


def _lines(file: str) -> list[str]:
    head = read_head(file, _LONGEST)
    if head is None:
        return []
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return list(_valid(line.removesuffix("\r") for line in text.split("\n")))


def _valid(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        try:
            _spec([line])
        except ValueError:
            continue  # as git does
        yield line


def _plain_name(line: str) -> str:
    name = line.removeprefix("!").rstrip().removesuffix("/")
    return name if line[:1] != "#" and _PLAIN_NAME.fullmatch(name) else ""


def _spec(lines: Sequence[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec  # only where a folder is looked at

    return GitIgnoreSpec.from_lines(lines)
