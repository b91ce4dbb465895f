"""Files: a home with a ``.praisonai`` folder, such a folder, a part of it, or one file."""

import re
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sessions.moving import Found, Owner, Remark, Skipped
from storage.foreign.praisonai import documents, events, tables
from storage.foreign.praisonai.documents import Source
from storage.foreign.praisonai.values import Json, UnreadableError, items, parse, table

FOLDERS = (".praisonai", ".praison")
"""What lies in a home or in a project."""

LARGEST = 256 * 1024 * 1024
"""Bytes of a file that is still read: it is in memory as a whole."""

_CORRUPT = re.compile(r"\.corrupt-\d+$")
_SQLITE = b"SQLite format 3\0"
_METADATA, _EVENTS = "metadata.json", "events.jsonl"
_PART = re.compile(r"(session_.+)_(meta|events)\.json")
"""How their file backend calls what others keep under ``session:<id>:meta`` and ``…:events``."""


def read_path(path: Path, owner: Owner) -> Iterator[Found]:
    """Everything at that path, in the order of names; what cannot be read is skipped."""
    if not path.is_dir():
        yield from _file(path, owner)
        return
    inside = [path / name for name in FOLDERS if (path / name).is_dir()]
    for folder in inside or [path]:
        yield from _folder(folder, owner)


def _folder(folder: Path, owner: Owner) -> Iterator[Found]:
    try:
        names = sorted(one.name for one in folder.iterdir())
    except OSError as error:
        yield Skipped(str(folder), f"it cannot be opened ({error.strerror})")
        return
    for name in names:
        path = folder / name
        if path.is_symlink():
            yield Skipped(str(path), "it is a link; name what it leads to if you want that")
        elif path.is_dir():
            yield from _folder(path, owner)
        elif name != _EVENTS or _METADATA not in names:
            yield from _file(path, owner)


def _file(path: Path, owner: Owner) -> Iterator[Found]:
    """What one file holds, with the one beside it where a session has two."""
    if path.name.endswith(".lock"):
        return
    try:
        yield from _reader(path)(path, owner)
    except UnreadableError as error:
        yield Skipped(str(path), str(error))
    except OSError as error:
        yield Skipped(str(path), f"it cannot be read ({error.strerror})")


def _reader(path: Path) -> Callable[[Path, Owner], Iterator[Found]]:
    if _CORRUPT.search(path.name):
        raise UnreadableError("their program put it aside because it was damaged")
    if not path.is_file():
        raise UnreadableError("it is no file")
    if path.name == _EVENTS:
        return _events
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) == _SQLITE:
            return tables.read_database
    if path.suffix != ".json":
        raise UnreadableError("it is none of their files with sessions, memories or checkpoints")
    return _document


def _document(path: Path, owner: Owner) -> Iterator[Found]:
    if path.name == _METADATA and path.with_name(_EVENTS).is_file():
        yield from _events(path.with_name(_EVENTS), owner)
        return
    part = _PART.fullmatch(path.name)
    if part is not None:
        meta, beside = (path.with_name(f"{part[1]}_{one}.json") for one in ("meta", "events"))
        if meta.is_file() and beside.is_file():
            yield from _pair(part[1], meta, beside, owner) if path == meta else ()
            return
    document, written_at = parse(_bytes(path)), _written_at(path)
    if part is not None and isinstance(document, list):
        yield from events.read({}, document, str(path), part[1], written_at, owner)
    elif events.is_metadata(document):
        yield from events.read(table(document), [], str(path), path.stem, written_at, owner)
    else:
        yield from documents.read(document, Source(str(path), path.stem, written_at), owner)


def _pair(name: str, meta: Path, beside: Path, owner: Owner) -> Iterator[Found]:
    metadata = yield from _metadata(meta)
    said = items(parse(_bytes(beside)))
    yield from events.read(metadata, said, str(meta), name, _written_at(meta), owner)


def _events(path: Path, owner: Owner) -> Iterator[Found]:
    metadata = yield from _metadata(path.with_name(_METADATA))
    yield from _with_events(path.parent, metadata, owner)


def _metadata(path: Path) -> Generator[Found, None, Json]:
    """What describes the events beside it; where it is broken they are read all the same."""
    try:
        return table(parse(_bytes(path))) if path.is_file() else {}
    except UnreadableError as error:
        yield Skipped(str(path), str(error))
        return {}


def _with_events(folder: Path, metadata: Json, owner: Owner) -> Iterator[Found]:
    path = folder / _EVENTS
    said: list[object] = []
    bad: list[int] = []
    lines = _bytes(path).splitlines() if path.is_file() else []
    for number, line in enumerate(lines, 1):
        try:
            said += [parse(line)] if line.strip() else []
        except UnreadableError:
            bad.append(number)
    if bad:
        which = ", ".join(map(str, bad[:5])) + (", …" if len(bad) > 5 else "")
        yield Remark(str(path), f"lines that are no JSON are left out: {which}")
    yield from events.read(metadata, said, str(folder), folder.name, _written_at(folder), owner)


def _bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST:
        raise UnreadableError(f"it has {size:,} bytes; at most {LARGEST:,} are read")
    return path.read_bytes()


def _written_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
