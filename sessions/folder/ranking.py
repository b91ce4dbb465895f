"""Which files of a folder a question is about, most likely first."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sessions.folder.reading import read_head
from sessions.folder.walking import SeenFile
from sessions.folder.withholding import is_content_left_out

HEAD = 65_536
"""Bytes that are read of each file to rank it."""

MOST_READ = 48_000_000
"""Bytes that are read of all files to rank them, the likeliest by their paths first."""

_EXAMINED = 200
"""So many of the likeliest files are searched for what they define."""

_SATURATION, _LENGTH_COUNTS = 1.5, 0.5
"""The parameters k1 and b of BM25: https://en.wikipedia.org/wiki/Okapi_BM25"""

_IN_NAME, _IN_FOLDER, _DEFINED = 2.5, 1.0, 2.0
"""How much a word counts beside one in the text."""

_CODE_KINDS = """
    astro bash c cc clj cljs cmake cpp cs cxx dart ex exs elm erl f90 fs go graphql groovy h hcl hpp
    hs java jl js jsx kt kts lua m ml mjs mm nim nix php pl pm proto ps1 py pyi pyx r rb rs scala sh
    sol sql svelte swift tcl tf thrift ts tsx v vb vue zig zsh
"""
_CODE = frozenset(_CODE_KINDS.split())
_PROSE = frozenset(("adoc", "md", "mdx", "org", "rst", "tex"))
_CENTRAL = re.compile(
    r"readme|main|app|application|index|__main__|__init__|lib|mod|core|cli|server|engine|api|model|models"
    r"|routes|schema|setup|pyproject|package|cargo|go|makefile|dockerfile|build"
)
_A_TEST = re.compile(
    r"(?:^|[/_.-])(?:tests?|specs?|fixtures?|mocks?|testdata|examples?|vendor|third_party)[/_.-]"
)
_DEFINITION = re.compile(
    r"^[ \t]*(?:(?:export|default|public|private|protected|internal|static|async|abstract|final"
    r"|pub(?:\([a-z]+\))?|override|virtual|inline|extern|unsafe|const|sealed|open|data)[ \t]+)*"
    r"(?:def|class|function\*?|func|fn|struct|interface|trait|enum|type|impl|module|namespace|record|object"
    r"|protocol|sub|const|let|var|val|CREATE TABLE)[ \t]+"
    r"(?:\([^)\n]{0,80}\)[ \t]*)?([^\W\d][\w$.]{0,99})",
    re.MULTILINE,
)
"""A line that begins a definition in some usual language."""

_HEADING = re.compile(r"^#{1,6} (.{1,100})", re.MULTILINE)

Counts = tuple[int, ...]
"""How often each of the wanted words was found."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file and how likely it is wanted: comparable within one ranking, 0 for not at all."""

    file: SeenFile
    score: float


class Wanted:
    """The words that are looked for, and how rare they turned out to be."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.weights = (1.0,) * len(self.words)
        # A short word is in too many others: only where it stands alone it counts.
        self._sought = [
            (word, re.compile(rb"(?<![a-z])%b(?![a-z])" % re.escape(word)) if len(word) < 4 else None)
            for word in (word.encode() for word in self.words)
        ]

    def counts(self, low: bytes) -> Counts | None:
        """How often each word is in a text in small letters; None where none is."""
        counts = [
            low.count(word) if alone is None else len(alone.findall(low)) for word, alone in self._sought
        ]
        return tuple(counts) if any(counts) else None

    def find(self, low: str) -> Counts | None:
        """The same for a text that is not encoded."""
        return self.counts(low.encode("utf-8", "replace"))

    def worth(self, counts: Counts | None) -> float:
        """What the words are worth, each counted once."""
        if counts is None:
            return 0.0
        return sum(weight for weight, count in zip(self.weights, counts, strict=True) if count)

    def worth_of(self, text: str) -> float:
        """What the words in that text are worth."""
        return self.worth(self.find(text.lower()))

    def weigh(self, found: Iterable[Counts], among: int) -> None:
        """Learn how rare the words are: in how many texts each was found."""
        texts = [0] * len(self.words)
        for counts in found:
            for at, count in enumerate(counts):
                texts[at] += bool(count)
        self.weights = tuple(math.log(1 + (among - one + 0.5) / (one + 0.5)) for one in texts)


@dataclass(slots=True)
class _Candidate:
    """A file, and how often each word is in its name, in the folders above it and in its text."""

    file: SeenFile
    kind: float
    name: Counts | None
    above: Counts | None
    text: Counts | None = None
    length: int = 0

    def in_path(self, wanted: Wanted) -> float:
        return _IN_NAME * wanted.worth(self.name) + _IN_FOLDER * wanted.worth(self.above)


def rank(folder: Path, files: Sequence[SeenFile], wanted: Wanted) -> list[Ranked]:
    """Order the files by how likely the words are about them, those without a score last. Blocks."""
    all_of_them = [_candidate(file, wanted) for file in files]
    likely = sorted(all_of_them, key=lambda one: (-one.in_path(wanted), -one.kind))
    read = _read(folder, likely, wanted)
    wanted.weigh((one.text for one in likely if one.text), read)
    average = sum(one.length for one in likely) / max(1, read)
    first = _ordered(Ranked(one.file, _score(one, average, wanted)) for one in likely)
    better = [_with_definitions(folder, one, wanted) for one in first[:_EXAMINED] if one.score]
    return _ordered([*better, *first[len(better) :]])


def rank_unasked(files: Sequence[SeenFile]) -> list[Ranked]:
    """Order the files for a question that names nothing: what was changed last, and what is central."""
    newest = max((file.changed for file in files), default=0.0)
    recent = {file.path: 2 ** -((newest - file.changed) / 86_400) for file in files}
    # Where nearly everything was written at once, the times only tell when it was copied here.
    told = sum(one > 0.5 for one in recent.values()) <= len(files) / 2
    return _ordered(
        Ranked(file, (0.1 + _centrality(file.path) + 3 * told * recent[file.path]) * _kind(file.path))
        for file in files
    )


def definitions(path: str) -> re.Pattern[str]:
    """What begins a definition in a file of that name: a heading, where it is prose."""
    return _HEADING if path.rpartition(".")[2].lower() in _PROSE else _DEFINITION


def _ordered(ranked: Iterable[Ranked]) -> list[Ranked]:
    return sorted(ranked, key=lambda one: (-one.score, one.file.path))


def _candidate(file: SeenFile, wanted: Wanted) -> _Candidate:
    path, kind = file.path.lower(), _kind(file.path, wanted)
    if wanted.find(path) is None:
        return _Candidate(file, kind, None, None)
    above, _, name = path.rpartition("/")
    return _Candidate(file, kind, wanted.find(name), wanted.find(above))


def _read(folder: Path, likely: Iterable[_Candidate], wanted: Wanted) -> int:
    """Read how the files begin and count the words; returns how many were read."""
    read, files, start = 0, 0, f"{folder}/"
    for one in likely:
        if read > MOST_READ:
            break
        head = read_head(start + one.file.path, HEAD)
        if head is None or is_content_left_out(head):
            one.name = one.above = None
            continue
        files, read, one.length = files + 1, read + len(head), len(head)
        one.text = wanted.counts(head.lower())
    return files


def _score(one: _Candidate, average: float, wanted: Wanted) -> float:
    score = one.in_path(wanted)
    if one.text is not None:
        longer = 1 - _LENGTH_COUNTS + _LENGTH_COUNTS * one.length / max(1.0, average)
        score += sum(
            weight * count * (_SATURATION + 1) / (count + _SATURATION * longer)
            for weight, count in zip(wanted.weights, one.text, strict=True)
            if count
        )
    return score * one.kind


def _with_definitions(folder: Path, one: Ranked, wanted: Wanted) -> Ranked:
    head = read_head(f"{folder}/{one.file.path}", HEAD) or b""
    names = set(definitions(one.file.path).findall(head.decode("utf-8", "replace")))
    best = sorted((wanted.worth_of(name) for name in names), reverse=True)[:3]
    return Ranked(one.file, one.score + _DEFINED * sum(best) * _kind(one.file.path, wanted))


def _kind(path: str, wanted: Wanted | None = None) -> float:
    """How likely somebody who asks about code means a file of that kind."""
    name = path.rpartition("/")[2].lower()
    kind = name.rpartition(".")[2]
    factor = 1.0 if kind in _CODE else 0.8 if kind in _PROSE else 0.5
    if _A_TEST.search(path.lower()) and not (wanted and "test" in wanted.words):
        factor *= 0.6
    return factor


def _centrality(path: str) -> float:
    above, _, name = path.lower().rpartition("/")
    depth = above.count("/") + bool(above)
    return (2.0 if _CENTRAL.fullmatch(name.partition(".")[0]) else 0.5) / (1 + depth)
