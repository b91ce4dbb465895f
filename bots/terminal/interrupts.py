"""Ctrl-C as a wish about the answer instead of the end of the program."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupts:
    """The first and the second Ctrl-C."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.first: asyncio.Future[None] = loop.create_future()
        self.second: asyncio.Future[None] = loop.create_future()
        self._heeded = loop.create_future()
        self._pending = self.first

    def heed(self) -> None:
        """The first one is being acted upon: wait for the second one alone."""
        self.first = self._heeded

    def arrive(self) -> None:
        """Take one in."""
        if not self._pending.done():
            self._pending.set_result(None)
        elif not self.second.done():
            self.second.set_result(None)


@contextmanager
def interrupting(act: Callable[[], object]) -> Iterator[None]:
    """Call ``act`` on the event loop at every Ctrl-C meanwhile."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    loop.add_signal_handler(signal.SIGINT, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
