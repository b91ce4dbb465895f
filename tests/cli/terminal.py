"""A terminal with a command line in it: what a person sees and types."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|\][^\x07]*\x07|[=>])")

_TAKE_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "cli", *sys.argv[1:]])
"""


class Terminal:
    """Types keys and waits for text."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self._descriptor = descriptor
        self._process = process
        self._unread = ""
        self.seen = ""
        self.written = b""
        """What was seen as it came, with all that steers the terminal."""

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def expect(self, text: str, seconds: float = 20) -> None:
        """Wait until the text appears after what was expected before."""
        end = time.monotonic() + seconds
        while text not in self._unread:
            if time.monotonic() > end or not self._read(0.2):
                raise AssertionError(f"{text!r} did not appear in {self._unread!r}")
        self._unread = self._unread.partition(text)[2]

    def kill(self) -> None:
        """End the process by SIGKILL."""
        self._process.kill()
        self._process.wait()

    def wait(self, seconds: float = 20) -> int:
        """Wait for the end of the process and return its exit code."""
        end = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < end:
            self._read(0.1)
        return self._process.wait(1)

    def _read(self, seconds: float) -> bool:
        """Take in what is written meanwhile; False at the end of the output."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:
            return False
        self.written += data
        text = _ESCAPES.sub("", data.decode("utf-8", "replace")).replace("\r", "")
        self._unread += text
        self.seen += text
        return bool(data)


@contextmanager
def terminal(folder: Path, environment: dict[str, str], *words: str) -> Iterator[Terminal]:
    """Start the command line in a terminal of its own; whatever runs of it at the end is killed."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**environment, "PROMPT_TOOLKIT_NO_CPR": "1"},
    )
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
