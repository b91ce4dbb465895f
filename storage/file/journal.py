"""An append-only file of records that several processes read and, one at a time, write."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from storage.file.locking import FolderLock
from storage.file.quarantine import Quarantine
from storage.file.records import Damage, Record, frame, is_torn, read_at, scan


@dataclass(frozen=True, slots=True)
class News:
    """What a reader has not seen. ``afresh``: the journal was replaced, forget what came before."""

    records: list[Record]
    afresh: bool


class Journal:
    """One process's place in a journal. Belongs to one thread.

    Reading needs no lock: a line that is not finished is left for the next time. Appending, mending and
    rewriting need :meth:`locked`. ``lines`` counts the records since the file's
    beginning; ``is_damaged`` says that some were put aside.
    """

    def __init__(self, folder: Path, quarantine: Quarantine) -> None:
        self.path = folder / "journal"
        self.lines = 0
        self.is_damaged = False
        self._folder = folder
        self._quarantine = quarantine
        self._lock = FolderLock(folder / "lock")
        self._descriptor = -1
        self._inode = -1
        self._end = 0
        self._synced = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other writers out. Raises StoreUnavailable."""
        with self._lock.held():
            yield

    def news(self) -> News:
        """Read what was written since the last time."""
        status = self.path.stat()
        afresh = status.st_ino != self._inode or status.st_size < self._end
        if afresh:
            self._reopen()
            status = os.fstat(self._descriptor)
        if status.st_size == self._end:
            return News([], afresh)
        return News(list(self._read(status.st_size)), afresh)

    def mend(self) -> list[Record]:
        """Cut an unfinished line at the end, and return it if only the line break was missing.

        Needs the lock, and :meth:`news` to be read.
        """
        size = os.fstat(self._descriptor).st_size
        if size == self._end:
            return []
        tail = os.pread(self._descriptor, size - self._end, self._end)
        record = read_at(tail, 0)
        if record is None:
            if not is_torn(tail):
                self.put_aside(self._end, tail, "it is no record")
            os.ftruncate(self._descriptor, self._end)
            return []
        os.ftruncate(self._descriptor, self._end + record.end - 1)
        self._write(b"\n")
        self._end += record.end
        self.lines += 1
        return [replace(record, start=self._end - record.end)]

    def append(self, payloads: list[bytes]) -> None:
        """Write records at the end; needs the lock and a mended end. After an OSError none is there."""
        data = b"".join(map(frame, payloads))
        try:
            self._write(data)
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(data)
        self.lines += len(payloads)

    def sync(self) -> None:
        """Make everything that was read or written survive a power loss. Raises OSError."""
        if self._synced < self._end:
            os.fdatasync(self._descriptor)
            self._synced = self._end

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace the journal by these records, in one step. Needs the lock. Raises OSError."""
        fresh = self.path.with_name("journal.new")
        with fresh.open("wb") as file:
            lines = 0
            for payload in payloads:
                file.write(frame(payload))
                lines += 1
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        sync_folder(self._folder)
        self._reopen()
        self._end = self._synced = os.fstat(self._descriptor).st_size
        self.lines = lines

    def put_aside(self, offset: int, data: bytes, why: str) -> None:
        """Keep a copy of bytes that cannot be read."""
        self.is_damaged = True
        self._quarantine.put(self.path, offset, data, why)

    def close(self) -> None:
        """Let go of the files."""
        self._lock.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _reopen(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self._inode = os.fstat(self._descriptor).st_ino
        self._end = self._synced = self.lines = 0
        self.is_damaged = False

    def _read(self, size: int) -> Iterator[Record]:
        data = _pread(self._descriptor, size - self._end, self._end)
        data = data[: data.rfind(b"\n") + 1]
        start, self._end = self._end, self._end + len(data)
        for found in scan(data):
            if isinstance(found, Damage):
                bad = data[found.start : found.end]
                self.put_aside(start + found.start, bad, "the checksum does not fit")
            else:
                self.lines += 1
                yield replace(found, start=start + found.start)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def make_journal(folder: Path) -> None:
    """Make the folder with an empty journal, durably; a no-op where it exists."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(folder / "journal", os.O_CREAT | os.O_RDWR, 0o600))
    sync_folder(folder)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pread(descriptor: int, length: int, offset: int) -> bytes:
    pieces: list[bytes] = []
    while length > 0:
        piece = os.pread(descriptor, length, offset)
        if not piece:
            break
        pieces.append(piece)
        length, offset = length - len(piece), offset + len(piece)
    return b"".join(pieces)
