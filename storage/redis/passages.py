"""Documents and passages as the scripts keep them: records, and parts of a stretch.

Passages are numbered through a workspace. A document has a *stretch* of numbers, which are given once;
256 numbers are a *leaf*. Where a word stands in a leaf is an *entry* of three bytes a passage: its number
in the leaf, how often the word stands there, and its length in words on a scale of powers of two. A *row*
has the entries of some words, each behind a mark; lua/marks.lua reads it.
"""

import hashlib
import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import msgspec

from sessions.errors import StoreDamaged
from sessions.knowledge.words import words
from sessions.ports.knowledge import Document, DocumentId, Found, Passage
from storage.redis.records import instant, moment

LEAF = 256
"""Passages of a leaf."""
ENTRY = 3
"""Bytes."""
LENGTH_STEPS = 16
"""Steps of the scale of lengths between a length and its double: 4 % each."""

ROWS = 512
"""Rows of a leaf: fewer take less memory, more write less for a small document."""

_VERSION = 1
_HIGHEST = 250
"""No number of an entry but the first is higher: so that 255 and 255 stand in marks only."""
_FORMAT = b"1"
"""What a part of a stretch looks like. Another one is not filled up by this program."""
_MOST_PASSAGES = 64
_MOST_WORDS = 1_500
"""One script adds this much: about three milliseconds of a busy server."""
_MOST_WORDS_OF_ONE = 3_000
"""Different words of a passage that count: Lua's stack bounds what a script hands to a command."""

_pack = msgspec.msgpack.Encoder().encode


class DocumentRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A document as lua/shelf.lua knows it; ``words`` and ``change`` are filled in by the script."""

    version: int
    token: str
    first: int
    count: int
    words: int
    change: int
    has_vectors: bool
    id: DocumentId
    title: str
    digest: str
    size: int
    added_at: int

    def document(self, source: str) -> Document:
        """The noun."""
        added_at = moment(self.added_at)
        return Document(self.id, source, self.title, self.digest, self.size, self.count, added_at)


class _Text(msgspec.Struct, array_like=True, frozen=True, gc=False):
    number: int
    place: str
    text: str


class UnreadableRecord(StoreDamaged):
    """Bytes that no version of this program wrote."""


class Part(NamedTuple):
    """What stands between two numbers of a leaf, these included."""

    leaf: int
    low: int
    high: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addition:
    """What one script adds to a stretch. ``length`` counts the words of all its passages."""

    part: Part
    texts: list[int | bytes]
    vectors: list[int | bytes]
    rows: dict[int, bytes]
    length: int


def row_of(word: str) -> int:
    """Where in a leaf the word is."""
    return crc32(word.encode()) % ROWS


_decode_document = msgspec.msgpack.Decoder(DocumentRecord).decode
_decode_text = msgspec.msgpack.Decoder(_Text).decode


def token_of(document: Document, passages: Sequence[Passage]) -> str:
    """What this content is known by: a repeat goes on where it was broken off."""
    digest = hashlib.sha256(_FORMAT)
    digest.update(_pack(document))
    for passage in passages:
        digest.update(_pack((passage.number, passage.place, passage.text, passage.vector)))
    return digest.hexdigest()[:32]


def record_of(document: Document, passages: Sequence[Passage], token: str, first: int) -> DocumentRecord:
    """The record of a document whose passages' numbers begin there."""
    return DocumentRecord(
        _VERSION,
        token,
        first,
        len(passages),
        0,
        0,
        any(passage.vector for passage in passages),
        document.id,
        document.title,
        document.digest,
        document.size,
        instant(document.added_at),
    )


def document_record(record: bytes) -> DocumentRecord:
    """Read a record. Raises UnreadableRecord, and StoreDamaged for one of a later version."""
    try:
        found = _decode_document(record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRecord(f"an unreadable document record ({type(error).__name__})") from None
    if found.version != _VERSION:
        raise StoreDamaged(f"a document record of unknown version {found.version}")
    return found


def found_passage(record: DocumentRecord, source: str, text: bytes, vector: bytes, score: float) -> Found:
    """What a search found. Raises UnreadableRecord for a passage that cannot be read."""
    try:
        said = _decode_text(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRecord(f"an unreadable passage ({type(error).__name__})") from None
    return Found(record.id, source, Passage(said.number, said.place, said.text, vector), score)


def additions(first: int, passages: Sequence[Passage]) -> Iterator[Addition]:
    """Divide the passages whose numbers begin there; the same ones always in the same way."""
    start = 0
    while start < len(passages):
        leaf, low = divmod(first + start, LEAF)
        most = min(_MOST_PASSAGES, LEAF - low)
        adding = _Adding(leaf, low)
        for passage in passages[start : start + most]:
            if not adding.take(passage):
                break
        start += adding.count
        yield adding.addition()


def laid(part: Part) -> bytes:
    """What is to be cleared when the part is no document's any more."""
    return zlib.compress(_pack(part), 1)


def laid_part(kept: bytes) -> Part:
    """Read it. Raises StoreDamaged."""
    try:
        return msgspec.msgpack.decode(zlib.decompress(kept), type=Part)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreDamaged(f"an unreadable part of a stretch ({type(error).__name__})") from None


class _Adding:
    """An addition in the making."""

    def __init__(self, leaf: int, low: int) -> None:
        self.count = 0
        self._leaf, self._low, self._length = leaf, low, 0
        self._texts: list[int | bytes] = []
        self._vectors: list[int | bytes] = []
        self._places: dict[str, bytearray] = {}

    def take(self, passage: Passage) -> bool:
        """Add the passage, unless with its words it would be too much."""
        counts = Counter(words(passage.text))
        length = counts.total()
        if len(counts) > _MOST_WORDS_OF_ONE:
            counts = Counter(dict(counts.most_common(_MOST_WORDS_OF_ONE)))
        fresh = counts.keys() - self._places.keys()
        if self.count and len(self._places) + len(fresh) > _MOST_WORDS:
            return False
        number = self._low + self.count
        measure = min(_HIGHEST, round(LENGTH_STEPS * math.log2(1 + length)))
        for word, often in counts.items():
            self._places.setdefault(word, bytearray()).extend((number, min(_HIGHEST, often), measure))
        self._texts += (number, _pack((passage.number, passage.place, passage.text)))
        if passage.vector:
            self._vectors += (number, passage.vector)
        self.count += 1
        self._length += length
        return True

    def addition(self) -> Addition:
        """What was taken."""
        part = Part(self._leaf, self._low, self._low + self.count - 1, tuple(self._places))
        rows = defaultdict[int, bytearray](bytearray)
        for word, entries in self._places.items():
            count = len(entries) // ENTRY
            rows[row_of(word)] += b"\xff\xff%b\xff%c%b" % (word.encode(), count, bytes(entries))
        made = {row: bytes(said) for row, said in rows.items()}
        return Addition(part, self._texts, self._vectors, made, self._length)
