"""What Markdown is open at a place in a text: a code fence, a table, a quotation."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_OPENER = re.compile(r"^((?:[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t])*)(`{3,16}(?!`)|~{3,16}(?!~))(.*)$")
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+")
_DELIMITER_ROW = re.compile(r"^(?=.*\|)[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


class Kind(Enum):
    """What a line is."""

    TEXT = "text"
    BLANK = "blank"
    HEADING = "heading"
    TABLE_HEAD = "table head"
    TABLE_ROW = "table row"
    OPENER = "opener"
    CODE = "code"
    CLOSER = "closer"


@dataclass(frozen=True, slots=True)
class Fence:
    """An open code fence: what stands before it in its lines, its marker, its language."""

    indent: str
    marker: str
    info: str

    def closes(self, line: str) -> bool:
        """Whether the line ends the code (https://spec.commonmark.org/0.31.2/#fenced-code-blocks)."""
        rest = line.lstrip(" \t>").rstrip()
        return rest.startswith(self.marker) and not rest.strip(self.marker[0])

    def leaves(self, line: str) -> bool:
        """Whether the line is outside of the quotation that the fence is in."""
        return ">" in self.indent and not line.lstrip(" \t").startswith(">")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text from ``start`` to ``end``, without its break.

    ``fence`` is the one it opens, is in or closes; ``head`` the head of the table it is a row of.
    """

    start: int
    end: int
    kind: Kind
    fence: Fence | None = None
    head: str = ""
    quote: str = ""
    indented: bool = False


class Outline:
    """The lines of a Markdown text."""

    def __init__(self, text: str) -> None:
        self.lines = tuple(_lines(text))
        self._starts = [line.start for line in self.lines]

    def at(self, position: int) -> Line:
        """Return the line that the position is in or ends."""
        return self.lines[self.index(position)]

    def index(self, position: int) -> int:
        """Return the number of the line that the position is in, from 0."""
        return max(0, bisect_right(self._starts, position) - 1)


def _lines(text: str) -> Iterator[Line]:
    fence: Fence | None = None
    head = ""
    start = 0
    rows = text.split("\n")
    for number, row in enumerate(rows):
        end = start + len(row)
        if fence is not None and fence.leaves(row):
            fence = None
        if fence is not None:
            closes = fence.closes(row)
            yield Line(start, end, Kind.CLOSER if closes else Kind.CODE, fence)
            fence = None if closes else fence
        elif (fence := _opened(row)) is not None:
            yield Line(start, end, Kind.OPENER, fence, indented=row[:1].isspace())
        else:
            below = rows[number + 1] if number + 1 < len(rows) else ""
            line = _plain_line(row, start, head, below)
            head = line.head
            yield line
        start = end + 1


def _opened(row: str) -> Fence | None:
    found = _OPENER.match(row)
    if found is None or (found[2][0] == "`" and "`" in found[3]):
        return None
    indent = re.sub(r"[^ \t>]", " ", found[1])
    return Fence(indent, found[2], found[3].strip())


def _plain_line(row: str, start: int, head: str, below: str) -> Line:
    end = start + len(row)
    if not row.strip():
        return Line(start, end, Kind.BLANK)
    if head and "|" in row:
        return Line(start, end, Kind.TABLE_ROW, head=head)
    if "|" in row and _DELIMITER_ROW.match(below):
        return Line(start, end, Kind.TABLE_HEAD, head=f"{row}\n{below}\n")
    quote = _QUOTE.match(row)
    kind = Kind.HEADING if re.match(r" {0,3}#{1,6}\s", row) else Kind.TEXT
    return Line(start, end, kind, quote=quote[0] if quote else "", indented=row[0].isspace())
