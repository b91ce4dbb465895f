"""Divides a document into passages: along headings, definitions and paragraphs, within a budget."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sessions.knowledge.reading import Kind, Reading
from sessions.ports.knowledge import Passage
from sessions.window import estimate_tokens

PASSAGE_TOKENS = 320
"""A passage is at most so long, by estimate; a repeated heading comes on top."""

_ENOUGH = 0.4
"""The part of a budget from which on a heading or a definition begins another passage."""

_OVERLAP = 0.12
"""The part of a budget that is repeated where a cut divides what belongs together."""

_CUT = PASSAGE_TOKENS // 2
"""Characters of the pieces into which a line without end is cut, where words end if they do."""

_HEADING = re.compile(r" {0,3}(#{1,6})\s+(\S.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_DEFINITION = re.compile(
    r"(?:@|(?:export|public|private|protected|internal|static|async|abstract|final|pub(?:\([a-z]+\))?|default"
    r"|unsafe|extern|inline|virtual|sealed|open|data)\s+)*"
    r"(?:def|class|func|fun|function|fn|impl|struct|enum|interface|trait|type|module|namespace|macro_rules!"
    r"|CREATE|create)\b"
)


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that belong together, ``first`` counted from 1. ``opens``: a passage may begin here."""

    first: int
    last: int
    text: str
    tokens: int
    opens: bool = False
    heading: str = ""
    """The heading that it stands below; its own if it is one."""


def divide(reading: Reading) -> tuple[Passage, ...]:
    """Return the passages in order, numbered from 0; none without text."""
    found: list[tuple[str, str]] = []
    for number, page in enumerate(reading.pages, 1):
        packed = _packed(_within(_blocks(page.split("\n"), reading.kind)))
        found += ((_place(reading.kind, number, blocks), _text(blocks)) for blocks in packed)
    return tuple(Passage(number, place, text) for number, (place, text) in enumerate(found))


def _blocks(lines: Sequence[str], kind: Kind) -> Iterator[_Block]:
    match kind:
        case Kind.MARKDOWN | Kind.HTML:
            return _sections(lines)
        case Kind.CODE:
            return _definitions(lines)
        case _:
            return _paragraphs(lines, 1)


def _sections(lines: Sequence[str]) -> Iterator[_Block]:
    """Paragraphs, headings and fenced code, each with the heading in force."""
    start, fence, heading = 0, "", ""
    for at, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                yield from _block(lines, start, at + 1, heading)
                start, fence = at + 1, ""
        elif mark:
            yield from _block(lines, start, at, heading)
            start, fence = at, mark[1]
        elif _HEADING.match(line):
            yield from _block(lines, start, at, heading)
            heading = line.strip()
            yield from _block(lines, at, at + 1, heading, opens=True)
            start = at + 1
        elif not line.strip():
            yield from _block(lines, start, at, heading)
            start = at + 1
    yield from _block(lines, start, len(lines), heading)


def _definitions(lines: Sequence[str]) -> Iterator[_Block]:
    """What stands between blank lines before something that is not indented."""
    start, after_blank = 0, False
    for at, line in enumerate(lines):
        if not line.strip():
            after_blank = True
            continue
        if after_blank and at > start and line[0] not in " \t})]":
            yield from _definition(lines, start, at)
            start = at
        after_blank = False
    yield from _definition(lines, start, len(lines))


def _definition(lines: Sequence[str], start: int, end: int) -> Iterator[_Block]:
    opens = any(_DEFINITION.match(line) for line in lines[start:end])
    yield from _block(lines, start, end, "", opens=opens)


def _paragraphs(lines: Sequence[str], first: int) -> Iterator[_Block]:
    start = 0
    for at, line in enumerate(lines):
        if not line.strip():
            yield from _block(lines, start, at, "", shift=first - 1)
            start = at + 1
    yield from _block(lines, start, len(lines), "", shift=first - 1)


def _block(
    lines: Sequence[str], start: int, end: int, heading: str, *, opens: bool = False, shift: int = 0
) -> Iterator[_Block]:
    """The block of these lines, unless all of them are blank."""
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    if start < end:
        text = "\n".join(lines[start:end])
        yield _Block(start + 1 + shift, end + shift, text, estimate_tokens(text), opens, heading)


def _within(blocks: Iterator[_Block]) -> Iterator[_Block]:
    """The same, with what is too long for a passage divided: at blank lines, lines, or anywhere."""
    for block in blocks:
        if block.tokens <= PASSAGE_TOKENS:
            yield block
            continue
        inner = list(_paragraphs(block.text.split("\n"), block.first))
        inner = list(_cut(block)) if len(inner) == 1 else list(_within(iter(inner)))
        for number, one in enumerate(inner):
            yield replace(one, heading=block.heading, opens=block.opens and not number)


def _cut(block: _Block) -> Iterator[_Block]:
    """Cut where lines end; each piece repeats the last lines of the one before, if they are short."""
    pieces = list(_short_lines(block))
    start = 0
    while start < len(pieces):
        end, spent = start, 0
        while end < len(pieces) and (end == start or spent + pieces[end].tokens <= PASSAGE_TOKENS):
            spent += pieces[end].tokens
            end += 1
        yield _Block(pieces[start].first, pieces[end - 1].last, _joined(pieces[start:end]), spent)
        if end == len(pieces):
            return
        back, repeated = end, 0
        while back - 1 > start and repeated + pieces[back - 1].tokens <= PASSAGE_TOKENS * _OVERLAP:
            back -= 1
            repeated += pieces[back].tokens
        start = back


def _short_lines(block: _Block) -> Iterator[_Block]:
    for number, line in enumerate(block.text.split("\n"), block.first):
        start = 0
        while len(line) - start > _CUT:
            end = line.rfind(" ", start + _CUT // 2, start + _CUT) + 1 or start + _CUT
            yield _Block(number, number, line[start:end], estimate_tokens(line[start:end]))
            start = end
        yield _Block(number, number, line[start:], estimate_tokens(line[start:]) + 1)


def _joined(pieces: Sequence[_Block]) -> str:
    text = pieces[0].text
    for before, piece in pairwise(pieces):
        text += piece.text if piece.first == before.last else f"\n{piece.text}"
    return text


def _packed(blocks: Iterator[_Block]) -> Iterator[list[_Block]]:
    """Put neighbours together as long as they fit and nothing new begins."""
    held: list[_Block] = []
    spent = 0
    for block in blocks:
        begins = block.opens and spent >= PASSAGE_TOKENS * _ENOUGH
        if held and (begins or spent + block.tokens > PASSAGE_TOKENS):
            # A heading stays with what follows it.
            tail = [held.pop()] if len(held) > 1 and _is_heading(held[-1]) and not begins else []
            yield held
            held = tail
            spent = sum(one.tokens for one in held)
        held.append(block)
        spent += block.tokens
    if held:
        yield held


def _is_heading(block: _Block) -> bool:
    return bool(block.heading) and block.text.strip() == block.heading


def _text(blocks: Sequence[_Block]) -> str:
    text = blocks[0].text
    for before, block in pairwise(blocks):
        text += ("\n" if block.first <= before.last + 1 else "\n\n") + block.text
    heading = blocks[0].heading
    if heading and not blocks[0].text.startswith(heading):
        return f"{heading} (continued)\n\n{text}"
    return text


def _place(kind: Kind, page: int, blocks: Sequence[_Block]) -> str:
    if kind is Kind.PDF:
        return f"page {page}"
    if kind is Kind.HTML:
        heading = next((one.heading for one in blocks if one.heading), "")
        return heading.lstrip("# ") or "beginning"
    first, last = blocks[0].first, blocks[-1].last
    return f"line {first}" if first == last else f"lines {first}-{last}"
