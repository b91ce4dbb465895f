r"""Lines of a journal: how a record is framed, and how records are found again around damage.

A line is ``1 <crc32 of the payload, 8 hex digits> <length of the payload> <payload>\n``. The payload is
JSON and holds no line break. Length and checksum let a reader find intact records behind damaged bytes,
also where the damage made or swallowed a line break.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

VERSION = b"1"

_HEADER = re.compile(rb"([0-9]{1,3}) ([0-9a-f]{8}) ([0-9]{1,10}) ")


@dataclass(frozen=True, slots=True)
class Record:
    """An intact record; ``end`` is the place behind its line break."""

    payload: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record."""

    start: int
    end: int


def frame(payload: bytes) -> bytes:
    """Return the line of a payload."""
    return b"%b %08x %d %b\n" % (VERSION, crc32(payload), len(payload), payload)


def read_at(data: bytes, start: int) -> Record | None:
    """The record at that place, whatever stands in the place of its line break."""
    header = _HEADER.match(data, start)
    if header is None or header[1] != VERSION:
        return None
    end = header.end() + int(header[3])
    payload = data[header.end() : end]
    if end > len(data) or crc32(payload) != int(header[2], 16):
        return None
    return Record(payload, start, end + 1)


def is_torn(tail: bytes) -> bool:
    """Whether these last bytes are what a crash leaves of a line: its beginning, or nothing but zeros."""
    return tail.startswith(VERSION + b" ") or not tail.strip(b"\0") or tail == VERSION


def scan(data: bytes) -> Iterator[Record | Damage]:
    """Records and damage in order; the data ends with a line break."""
    place = 0
    while place < len(data):
        found = read_at(data, place) or _next_record(data, place + 1)
        if found is None:
            yield Damage(place, len(data))
            return
        if found.start > place:
            yield Damage(place, found.start)
        yield found
        place = found.end


def _next_record(data: bytes, start: int) -> Record | None:
    candidates = (read_at(data, header.start()) for header in _HEADER.finditer(data, start))
    return next((found for found in candidates if found is not None), None)
