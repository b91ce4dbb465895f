"""Reads files of which nothing is known: only plain ones, never through a link, and only so much."""

import os
import stat

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""A pipe in the place of a file may not keep the reader waiting."""


def read_head(path: str, most: int) -> bytes | None:
    """Return at most ``most`` bytes of the file; None where there is no plain file that can be read."""
    try:
        file = os.open(path, _FLAGS)
    except OSError:
        return None
    try:
        return os.read(file, most) if stat.S_ISREG(os.fstat(file).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(file)
