"""Takes of a file what is relevant: all of it where it is short, else the lines around finds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sessions.folder.ranking import Wanted, definitions
from sessions.folder.withholding import without_tokens
from sessions.window import estimate_tokens

_BEFORE, _AFTER = 4, 16
"""Lines around one that was found."""

_UP_TO_DEFINITION = 24
"""So many lines above one that was found, the definition around it is looked for."""

_GAP = 3
"""Lines between two parts that are given rather than left out."""

_LONGEST_LINE = 400
_FRAME = 12
"""Tokens of the fences and the line break around a part, more or less."""

_BYTES_A_TOKEN = 8
"""No text has more: what is longer need not be counted."""

_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_DEFINED = 1.5
"""A line that defines what was looked for counts so much more."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Parts of a file as Markdown, and the estimated tokens of that."""

    text: str
    tokens: int


def excerpt(path: str, content: bytes, wanted: Wanted, budget: int) -> Excerpt | None:
    """Give the file, or the best of it, in at most ``budget`` tokens; None where nothing fits."""
    lines = _lines(content)
    if len(content) <= _BYTES_A_TOKEN * budget:
        whole = _part(path, lines, range(len(lines)))
        if whole.tokens <= budget:
            return whole
    chosen: list[range] = []
    best: Excerpt | None = None
    defining = definitions(path)
    for at in _found(lines, wanted, defining):
        if any(at in part for part in chosen):
            continue
        wider = _joined([*chosen, _around(lines, at, defining)])
        together = _parts(path, lines, wider)
        if together.tokens <= budget:
            chosen, best = wider, together
        elif best is not None:
            break
    return best or _beginning(path, lines, budget)


def fenced(text: str, kind: str) -> str:
    """Put the text into a code fence that it cannot end: one longer than any that is in it."""
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{kind}\n{text}\n{fence}"


def shown_path(path: str) -> str:
    """Return the path as it may stand in Markdown between backticks."""
    return (
        _INVISIBLE.sub("?", path.encode("utf-8", "replace").decode()).replace("`", "'").replace("\n", "?")
    )


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return [_cut(line) for line in without_tokens(_INVISIBLE.sub("", text)).rstrip("\n").split("\n")]


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def _found(lines: Sequence[str], wanted: Wanted, defining: re.Pattern[str]) -> list[int]:
    """Where the words are, the best line first."""
    weights = (
        (wanted.worth_of(line) * (_DEFINED if defining.match(line) else 1.0), at)
        for at, line in enumerate(lines)
    )
    return [at for weight, at in sorted((-weight, at) for weight, at in weights if weight)]


def _around(lines: Sequence[str], at: int, defining: re.Pattern[str]) -> range:
    first = max(0, at - _BEFORE)
    if not defining.match(lines[at]):
        above = range(at, max(0, at - _UP_TO_DEFINITION) - 1, -1)
        first = next((line for line in above if defining.match(lines[line])), first)
    last = min(len(lines) - 1, at + _AFTER)
    while first < at and not lines[first].strip():
        first += 1
    while last > at and not lines[last].strip():
        last -= 1
    return range(first, last + 1)


def _joined(parts: Iterable[range]) -> list[range]:
    joined: list[range] = []
    for part in sorted(parts, key=lambda one: one.start):
        if joined and part.start <= joined[-1].stop + _GAP:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, part.stop))
        else:
            joined.append(part)
    return joined


def _parts(path: str, lines: Sequence[str], parts: Iterable[range]) -> Excerpt:
    each = [_part(path, lines, part) for part in parts]
    return Excerpt("\n\n".join(one.text for one in each), sum(one.tokens for one in each))


def _part(path: str, lines: Sequence[str], part: range) -> Excerpt:
    name = shown_path(path)
    kind = name.rpartition(".")[2] if re.search(r"\.[A-Za-z0-9]{1,10}\Z", name) else ""
    body = fenced("\n".join(lines[part.start : part.stop]), kind)
    text = f"`{name}:{part.start + 1}-{part.stop}`\n\n{body}"
    return Excerpt(text, estimate_tokens(text) + _FRAME // 4)


def _beginning(path: str, lines: Sequence[str], budget: int) -> Excerpt | None:
    """As many of the first lines as fit."""
    fitting, best = len(lines), None
    while fitting > 1 and best is None:
        fitting //= 2
        one = _part(path, lines, range(fitting))
        best = one if one.tokens <= budget else None
    return best
