"""A sorted set of ids that costs nothing until somebody reads it in order."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator

from sessions.model import SessionId

Rank = tuple[int | str, SessionId]


class Ordered:
    """Session ids by rank. It is built from ``source`` at the first read and maintained from then on."""

    def __init__(self, source: Callable[[], Iterable[Rank]]) -> None:
        self._source = source
        self._ranks: list[Rank] | None = None

    def add(self, rank: Rank) -> None:
        """Put in a rank that is not there."""
        if self._ranks is not None:
            insort(self._ranks, rank)

    def discard(self, rank: Rank) -> None:
        """Take a rank out, if it is there."""
        if self._ranks is None:
            return
        place = bisect_left(self._ranks, rank)
        if place < len(self._ranks) and self._ranks[place] == rank:
            del self._ranks[place]

    def after(self, rank: Rank | None) -> Iterator[Rank]:
        """Ranks beyond the given one, in order."""
        ranks = self._built()
        start = 0 if rank is None else bisect_right(ranks, rank)
        return (ranks[place] for place in range(start, len(ranks)))

    def __len__(self) -> int:
        return len(self._built())

    def _built(self) -> list[Rank]:
        if self._ranks is None:
            self._ranks = sorted(self._source())
        return self._ranks
