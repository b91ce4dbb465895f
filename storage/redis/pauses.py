"""How long to wait before the next try."""

import random

FIRST = 0.02
LONGEST = 1.0


class Pauses:
    """Growing pauses in seconds, spread so that many processes do not come back in step."""

    def __init__(self) -> None:
        self._next = FIRST

    def next(self) -> float:
        """Return the next pause."""
        pause = self._next * random.uniform(0.5, 1.0)  # noqa: S311 -- spreads load, guards nothing
        self._next = min(self._next * 2, LONGEST)
        return pause

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._next = FIRST
