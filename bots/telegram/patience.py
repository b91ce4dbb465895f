"""Waiting times that grow while something stays broken."""

import random
from collections.abc import Iterator

FIRST = 0.2
MOST = 30.0


def waits(first: float = FIRST, most: float = MOST) -> Iterator[float]:
    """Yield seconds: each about twice the one before, up to ``most``, scattered so that crowds part."""
    pause = first
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
        pause = min(2 * pause, most)
