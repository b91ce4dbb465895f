"""Versioned records: a noun as bytes, and back.

A record is its format's version, one ASCII digit, followed by the noun's fields as JSON. A version that
this program does not know is refused rather than guessed at; fields that a later writer of the same
version added are ignored.
"""

from typing import TypeVar, cast

import msgspec

from sessions.errors import StoreDamaged

VERSION = b"1"

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def encode(noun: object) -> bytes:
    """Return the noun's record."""
    return VERSION + _encoder.encode(noun)


def decode(kind: type[T], record: bytes) -> T:
    """Return the noun of that kind. Raises StoreDamaged when the bytes are no such record."""
    if record[:1] != VERSION:
        raise StoreDamaged(f"a {kind.__name__} record of unknown version {record[:1]!r}")
    try:
        return _decoder(kind).decode(memoryview(record)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Not the error's own words: they may quote the record.
        raise StoreDamaged(f"an unreadable {kind.__name__} record ({type(error).__name__})") from None


_decoders: dict[type, msgspec.json.Decoder[object]] = {}


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    found = _decoders.get(kind)
    if found is None:
        found = _decoders[kind] = msgspec.json.Decoder(kind)
    return cast("msgspec.json.Decoder[T]", found)
