"""Wakeups between processes: lines in a file that subscribers watch grow.

They are hints: the file is not synced, and emptied when it gets long.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sessions.ports.turns import Wakeup

LONGEST = 1_000_000
"""Bytes after which the file is emptied."""


class _Hint(msgspec.Struct):
    origin: str
    wakeup: Wakeup


class HintFile:
    """Writes hints of this process under its ``origin``. Blocks its thread for a moment."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, wakeups: Iterable[Wakeup]) -> None:
        """Tell the other processes."""
        lines = b"".join(msgspec.json.encode(_Hint(self._origin, wakeup)) + b"\n" for wakeup in wakeups)
        if not lines:
            return
        if os.fstat(self._descriptor).st_size > LONGEST:
            os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, lines)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


class HintReader:
    """Reads what other processes write from here on."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self._place = path.stat().st_size

    def news(self) -> list[Wakeup]:
        """The hints of others since the last time."""
        size = self._path.stat().st_size
        if size == self._place:
            return []
        with self._path.open("rb") as file:
            file.seek(self._place if size > self._place else 0)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._place = (self._place if size > self._place else 0) + len(whole)
        hints = map(_parse, whole.splitlines())
        return [one.wakeup for one in hints if one is not None and one.origin != self._origin]


def _parse(line: bytes) -> _Hint | None:
    try:
        return msgspec.json.decode(line, type=_Hint)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
