"""Where damaged bytes are kept: one file each, its first line says where they were and why."""

import os
from pathlib import Path
from zlib import crc32

import msgspec
import structlog

from sessions.ports.catalog import Quarantined

log = structlog.get_logger()


class Quarantine:
    """The folder of damaged records. Putting the same ones in again changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, where: Path, offset: int, data: bytes, why: str) -> None:
        """Keep a copy and log it once; the journal itself is left as it is."""
        name = f"{where.parent.name}-{offset}-{crc32(data):08x}"
        kept = self._folder / name
        try:
            descriptor = os.open(kept, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return
        place = f"{where}, {len(data)} bytes from byte {offset}"
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode({"where": place, "why": why}) + b"\n" + data)
        log.error("journal.quarantined", where=place, why=why, kept=str(kept))

    def entries(self) -> tuple[Quarantined, ...]:
        """Everything that was put aside, in the order of the file names."""
        return tuple(_entry(kept) for kept in sorted(self._folder.iterdir()))


class _Note(msgspec.Struct):
    where: str
    why: str


def _entry(kept: Path) -> Quarantined:
    with kept.open("rb") as file:
        first = file.readline()
    try:
        note = msgspec.json.decode(first, type=_Note)
    except (msgspec.DecodeError, UnicodeDecodeError):
        note = _Note(where="unknown", why="the note on it was not finished")
    return Quarantined(note.where, note.why, str(kept))
