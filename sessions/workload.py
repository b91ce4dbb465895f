"""How many turns this process runs beside its peers, and which sessions it had no lane for."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sessions.model import SessionKey
from sessions.ports.roles import Crew

LEAST_SHARE = 8
"""So many lanes are anybody's share: below that a fair distribution is worth no second round trip."""

COURTESY = 0.05
"""Seconds that a process with more than its share leaves a session to the others."""

_MOST_COURTEOUS = 4
_PASSED_OVER = 4096
_ROUNDS = 8
"""A backlog is swept for an eighth of the lanes at a time: not every lane that ends looks through it."""


class Workload:
    """Counts the lanes of this process, which ``lanes`` tells, and the claims under way for one each.

    Alone, a process takes what comes, up to ``most`` lanes. One of several takes at once what is within
    its share; what is beyond it, it takes when the others had the time to.
    """

    def __init__(self, most: int, lanes: Callable[[], int]) -> None:
        self._most = most
        self._lanes = lanes
        self._claiming = 0
        self._replicas = 1
        self._elsewhere = 0
        self._passed: dict[SessionKey, None] = {}
        self.unswept = False
        """Whether sessions may wait that only a sweep finds."""

    @property
    def has_share(self) -> bool:
        """Whether another lane is within this process's share."""
        return self._busy < self.share

    @property
    def is_full(self) -> bool:
        """Whether there is no lane left at all."""
        return self._busy >= self._most

    @property
    def share(self) -> int:
        """About as many lanes as each process has, if all that run and what comes were distributed."""
        if self._replicas == 1:
            return self._most
        fair = -(-(self._busy + self._elsewhere) // self._replicas) + 1
        return min(self._most, max(LEAST_SHARE, fair))

    @property
    def has_passed(self) -> bool:
        """Whether there are sessions that were passed over."""
        return bool(self._passed)

    @property
    def wants_sweep(self) -> bool:
        """Whether it is worth looking through the store for what waits."""
        enough = self._most - self._busy >= self._round or self._busy == 0
        return self.unswept and not self._passed and enough

    @property
    def sweeps(self) -> int:
        """How many sessions a sweep may take: the share, or beyond it a part of what is left."""
        return max(self.share - self._busy, min(self._round, self._most - self._busy), 0)

    def mustered(self, crew: Crew, own: int) -> None:
        """Take note of the others; ``own`` is what this process said."""
        self._replicas = crew.replicas
        self._elsewhere = max(crew.lanes - own, 0)

    @contextmanager
    def claiming(self, lanes: int) -> Iterator[None]:
        """Count so many lanes as taken while they are being asked for."""
        self._claiming += lanes
        try:
            yield
        finally:
            self._claiming -= lanes

    def courtesy(self) -> float:
        """Seconds to leave a session to the others: more where more is done, never twice the same."""
        pause = COURTESY * min(max(self._busy / self.share, 1), _MOST_COURTEOUS)
        return pause * random.uniform(1, 2)  # noqa: S311 - no secret

    def pass_over(self, session: SessionKey) -> None:
        """Remember that there was no lane for the session."""
        if len(self._passed) < _PASSED_OVER:
            self._passed.setdefault(session)
        else:
            self.unswept = True

    def next_passed(self) -> SessionKey | None:
        """The session that was passed over first; it is forgotten."""
        session = next(iter(self._passed), None)
        if session is not None:
            del self._passed[session]
        return session

    @property
    def _busy(self) -> int:
        return self._lanes() + self._claiming

    @property
    def _round(self) -> int:
        return max(self._most // _ROUNDS, 1)
