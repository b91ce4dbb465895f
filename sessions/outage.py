"""Knows whether the store is away, and says so in the log when it goes and when it is back."""

import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar, cast

import structlog

from sessions.errors import StoreUnavailable

T = TypeVar("T")
S = TypeVar("S")

SILENCE = 60.0
"""Seconds after a line that the store is away until the next one: it may come and go every moment."""

WRITING = frozenset(
    (
        "accept",
        "renew",
        "note_reply",
        "commit",
        "delivered",
        "bring",
        "admit",
        "hold_role",
        "muster",
        "save_checkpoint",
        "put_document",
        "check",
    )
)
"""Methods that surely have written when they return."""

log = structlog.get_logger()


class Outage:
    """What the calls of one process saw of the store; times are in seconds by the monotonic ``clock``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._told = False
        self._told_at = -SILENCE

    @property
    def seconds(self) -> float | None:
        """For how long the store has been away; None while it answers."""
        return None if self._since is None else self._clock() - self._since

    def away(self, error: StoreUnavailable) -> None:
        """A call failed. What stores say of that has no secrets: a reason, and where they are."""
        now = self._clock()
        self._since = now if self._since is None else self._since
        if not self._told and now - self._told_at >= SILENCE:
            self._told, self._told_at = True, now
            log.warning("store.away", why=str(error))

    def back(self) -> None:
        """A call that writes succeeded."""
        if self._since is None:
            return
        if self._told:
            log.info("store.back", seconds=round(self._clock() - self._since, 1))
        self._since, self._told = None, False

    async def watch(self, call: Awaitable[T], *, writes: bool = True) -> T:
        """Await a call of the store and note what came of it.

        A store that can be read only is still away: so only one that ``writes`` shows that it is back.
        """
        try:
            result = await call
        except StoreUnavailable as error:
            self.away(error)
            raise
        if writes:
            self.back()
        return result


def watched(store: S, outage: Outage | None = None) -> S:
    """The same store, with an outage that sees every call. One that is watched stays as it is."""
    if isinstance(store, _Watched):
        return store
    return cast("S", _Watched(store, outage or Outage()))


class _Watched:
    """Stands for a store of whatever ports; methods are looked up at each call."""

    def __init__(self, store: object, outage: Outage) -> None:
        self._store = store
        self._outage = outage

    def __getattr__(self, name: str) -> object:
        method = getattr(self._store, name)
        if not callable(method):
            return method

        def call(*args: object, **kwargs: object) -> object:
            result = method(*args, **kwargs)
            if not isawaitable(result):
                return result
            return self._outage.watch(result, writes=name in WRITING)

        return call
