"""What lies under keys: a session's metadata and events under two of them, or a whole document."""

import re
from collections.abc import Callable, Generator, Iterator
from datetime import datetime

from sessions.moving import Found, Owner, Skipped
from storage.foreign.praisonai import documents, events
from storage.foreign.praisonai.documents import Source
from storage.foreign.praisonai.values import Json, UnreadableError, items, parse, table

Load = Callable[[str], bytes | None]
"""The bytes under a key, if it is there. Raises UnreadableError."""

_PART = re.compile(r"(?P<base>.*?(?:session:)+(?P<id>.+)):(?P<part>meta|events)", re.DOTALL)


def read_key(key: str, where: str, load: Load, written_at: datetime, owner: Owner) -> Iterator[Found]:
    """What lies under the key; of a session's two keys the events are read with the metadata."""
    try:
        part = _PART.fullmatch(key)
        if part is None:
            yield from documents.read(parse(_there(load, key)), Source(where, key, written_at), owner)
        elif part["part"] == "meta":
            beside = load(f"{part['base']}:events")
            metadata = yield from _metadata(_there(load, key), where, alone=beside is None)
            said = [] if beside is None else items(parse(beside))
            yield from events.read(metadata, said, where, part["id"], written_at, owner)
        elif load(f"{part['base']}:meta") is None:
            said = items(parse(_there(load, key)))
            yield from events.read({}, said, where, part["id"], written_at, owner)
    except UnreadableError as error:
        yield Skipped(where, str(error))


def _metadata(data: bytes, where: str, *, alone: bool) -> Generator[Found, None, Json]:
    """What describes events; where it is broken they are read all the same. Raises UnreadableError."""
    try:
        return table(parse(data))
    except UnreadableError as error:
        if alone:
            raise
        yield Skipped(where, str(error))
        return {}


def _there(load: Load, key: str) -> bytes:
    found = load(key)
    if found is None:
        raise UnreadableError("it went away while it was read")
    return found
