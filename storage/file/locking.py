"""An advisory lock between processes, waited for with a limit."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessions.errors import StoreUnavailable

PATIENCE = 10.0
"""Seconds after which a lock that another process keeps is given up."""

_PAUSE = 0.002


class FolderLock:
    """The lock file of a folder. Blocks its thread; not for the event loop's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock. Raises StoreUnavailable when it cannot be had in time."""
        give_up = time.monotonic() + PATIENCE
        while not self._try():
            if time.monotonic() > give_up:
                raise StoreUnavailable(f"another process keeps {self._path} locked")
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
