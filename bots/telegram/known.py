"""What is remembered of threads, to spare the store a question and to name new sessions."""

import time

from sessions.model import ThreadRef
from sessions.recent import Recent

BOUND_MEMORY = 10.0
"""Seconds."""


class KnownThreads:
    """Which threads were bound a moment ago, and what threads are called."""

    def __init__(self) -> None:
        self._bound: Recent[ThreadRef, float] = Recent()
        self._titles: Recent[ThreadRef, str] = Recent()

    def bound(self, thread: ThreadRef) -> None:
        """Remember for a few seconds that the thread is bound; that it is not is never remembered."""
        self._bound.put(thread, time.monotonic())

    def is_bound(self, thread: ThreadRef) -> bool:
        """Whether it surely was bound a few seconds ago."""
        return time.monotonic() - self._bound.get(thread, -BOUND_MEMORY) < BOUND_MEMORY

    def changed(self, thread: ThreadRef) -> None:
        """Forget whether the thread is bound."""
        self._bound.drop(thread)

    def named(self, thread: ThreadRef, title: str) -> None:
        """Remember what the thread is called."""
        self._titles.put(thread, title)

    def title(self, thread: ThreadRef) -> str:
        """What the thread is called, as far as it is known."""
        return self._titles.get(thread, "")
