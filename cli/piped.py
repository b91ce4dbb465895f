"""Text that is piped into the command: the prompt, or what a prompt is about."""

import os
import select
import stat
import sys

from cli import output
from sessions.errors import UsageError

_MOST = 4 * 1024 * 1024
"""Bytes; no model's context holds more."""
_CHUNK = 65_536
_PATIENCE = 3.0
"""Seconds until somebody who waits for the command is told what it waits for."""


def is_piped() -> bool:
    """Whether standard input is a pipe or a file: a terminal and the null device bring no text."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def read() -> str:
    """Return all of standard input without its last line ends. Raises UsageError when it is too long."""
    descriptor, told, data = sys.stdin.fileno(), sys.stdin.isatty(), b""
    while len(data) <= _MOST:
        if not told and not select.select([descriptor], [], [], _PATIENCE)[0]:
            output.warn("Reading standard input to its end. To leave it out, add: < /dev/null")
            told = True
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return data.decode("utf-8", "replace").rstrip("\r\n")
        data += chunk
    raise UsageError(
        f"Standard input is too long: at most {_MOST // 1024 // 1024} MB can be asked about."
    )
