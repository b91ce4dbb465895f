"""Cuts Markdown into messages of a platform's length, each of them valid by itself."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from bots.fences import Kind, Line, Outline

Measure = Callable[[str], int]

SHORTEST_LIMIT = 96
_SENTENCE = re.compile(r"[.!?\u2026]{1,3}[\"'\u201d\u2019)\]*_]{0,4}\s+|[\u3002\uff01\uff1f]+\s*")
_TRIES = 24
"""Places looked at for one that tears no formatting: what is open over more words stays torn."""
_WORD = re.compile(r"\s+")
_PAIRED = re.compile(r"\\.|`+|\*\*|__|~~|\|\|", re.DOTALL)


def split(text: str, limit: int, measure: Measure = len) -> tuple[str, ...]:
    """Cut Markdown into parts of at most ``limit`` by ``measure``, none of them blank.

    ``measure`` counts at least 1 for each code point; ``limit`` is at least :data:`SHORTEST_LIMIT`. A
    code fence is closed at the end of a part and opened again in the next one; a table's head is
    repeated. Cuts are made between paragraphs if possible, else lines, sentences, words, graphemes.
    Text that grows at its end keeps its parts except for the last two.
    """
    if limit < SHORTEST_LIMIT:
        raise ValueError(f"a limit of {limit} is shorter than {SHORTEST_LIMIT}")
    return tuple(_Cutter(text.replace("\r\n", "\n"), limit, measure).parts())


class _Cutter:
    def __init__(self, text: str, limit: int, measure: Measure) -> None:
        self._text = text
        self._limit = limit
        self._measure = measure
        self._outline = Outline(text)

    def parts(self) -> Iterator[str]:
        start = self._skip(0)
        while start < len(self._text):
            stop = self._cut(start)
            yield self._part(start, stop)
            start = self._skip(stop)

    def _cut(self, start: int) -> int:
        """Return where the part that begins at ``start`` ends."""
        size = len(self._text)
        if size - start <= self._limit and self._fits(start, size):
            return size
        furthest = self._furthest(start, min(size, start + self._limit))
        for stop in self._candidates(start, furthest):
            if self._fits(start, stop) and self._says_something(start, stop):
                return stop
        return start + 1

    def _furthest(self, start: int, high: int) -> int:
        low = start + 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._fits(start, middle) else (low, middle - 1)
        return low

    def _candidates(self, start: int, furthest: int) -> Iterator[int]:
        """Yield places to cut, the best first."""
        window = furthest - start
        ranked: tuple[list[int], ...] = ([], [], [])
        for index in range(self._outline.index(start) + 1, self._outline.index(furthest) + 1):
            rank = _rank(self._outline.lines, index)
            if rank is not None:
                ranked[rank].append(self._outline.lines[index].start)
        for places in ranked:
            yield from (place for place in reversed(places) if place - start >= window * 2 // 5)
        yield from self._within_line(start, furthest)
        yield from sorted(chain(*ranked), reverse=True)
        yield from (stop for stop in range(furthest, start, -1) if self._between_graphemes(stop))
        yield from range(furthest, start, -1)

    def _within_line(self, start: int, furthest: int) -> Iterator[int]:
        begin = max(start, self._outline.at(furthest).start)
        for border in (_SENTENCE, _WORD):
            found = (place.end() for place in border.finditer(self._text, begin, furthest))
            places = [place for place in found if place - start >= (furthest - start) // 2]
            places.reverse()
            yield from (place for place in places[:_TRIES] if _balanced(self._text[begin:place]))
            if border is _WORD:
                yield from places

    def _between_graphemes(self, place: int) -> bool:
        before, after = self._text[place - 1], self._text[place : place + 1]
        return before != "\\" and not (after and _joined(self._text, place, before, after))

    def _fits(self, start: int, stop: int) -> bool:
        return self._measure(self._part(start, stop)) <= self._limit

    def _says_something(self, start: int, stop: int) -> bool:
        return bool(self._text[start:stop].strip())

    def _part(self, start: int, stop: int) -> str:
        """Return the text between as a message of its own."""
        body = self._text[start:stop].rstrip()
        return f"{self._opening(start)}{body}{self._closing(stop)}"

    def _opening(self, start: int) -> str:
        line = self._outline.at(start)
        within = start > line.start
        if line.fence is not None and (within or line.kind is Kind.CODE):
            info = line.fence.info if line.kind is Kind.CODE else ""
            info = info if self._measure(info) <= self._limit // 8 else ""
            return f"{self._indent(line)}{line.fence.marker}{info}\n"
        if within:
            return line.quote if len(line.quote) <= self._limit // 8 else ""
        head = line.head if line.kind is Kind.TABLE_ROW else ""
        is_delimiter = head.endswith(f"\n{self._text[line.start : line.end]}\n")
        return head if self._measure(head) <= self._limit // 4 and not is_delimiter else ""

    def _closing(self, stop: int) -> str:
        line = self._outline.at(stop)
        if line.fence is None or (stop == line.start and line.kind is Kind.OPENER):
            return ""
        if line.kind is Kind.CLOSER and stop > line.start:
            return ""
        return f"\n{self._indent(line)}{line.fence.marker}"

    def _indent(self, line: Line) -> str:
        indent = line.fence.indent if line.fence is not None else ""
        return indent if len(indent) <= self._limit // 8 else ""

    def _skip(self, place: int) -> int:
        """Pass over what is not seen: blank lines, space at a cut, and the closer of a closed fence."""
        while place < len(self._text):
            line = self._outline.at(place)
            rest = self._text[place : line.end]
            closed = line.kind is Kind.CLOSER and place > 0
            if rest.strip() and not closed:
                spaces = len(rest) - len(rest.lstrip())
                return place + spaces if place > line.start and line.kind is not Kind.CODE else place
            place = line.end + 1
        return place


def _rank(lines: Sequence[Line], index: int) -> int | None:
    """How good it is to cut before a line, from 0; None: not here."""
    line, above = lines[index], lines[index - 1]
    if above.kind in {Kind.OPENER, Kind.TABLE_HEAD}:
        return None
    if line.kind in {Kind.CODE, Kind.CLOSER, Kind.TABLE_ROW} or line.indented:
        return 2
    between = Kind.BLANK in {line.kind, above.kind}
    while above.kind is Kind.BLANK and index > 1:
        index -= 1
        above = lines[index - 1]
    if above.kind is Kind.HEADING:
        return 2
    return 0 if between or above.kind is Kind.CLOSER else 1


def _balanced(line: str) -> bool:
    """Whether no inline code, emphasis or link is open at the end of the piece."""
    open_marks: set[str] = set()
    for found in _PAIRED.finditer(line):
        if not found[0].startswith("\\"):
            open_marks ^= {found[0]}
    bare = line.rpartition("[")[2] if "[" in line else ""
    return not open_marks and ("[" not in line or "]" in bare) and not re.search(r"\]\([^)]*$", line)


def _joined(text: str, place: int, before: str, after: str) -> bool:
    """Whether a cut would tear what is seen as one character (https://unicode.org/reports/tr29/)."""
    if unicodedata.category(after) in {"Mn", "Me", "Mc"} or "\u200d" in {before, after}:
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if _is_regional(before) and _is_regional(after):
        flags = 0
        while place - flags > 0 and _is_regional(text[place - flags - 1]):
            flags += 1
        return flags % 2 == 1
    return "\u1100" <= before <= "\u11ff" and "\u1160" <= after <= "\u11ff"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
