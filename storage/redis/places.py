"""Reads where words stand, leaf by leaf; a process remembers which leaves there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sessions.errors import StoreUnavailable
from sessions.model import WorkspaceId
from sessions.recent import Recent
from storage.redis.calls import Calls, blob, number, packed, row, text
from storage.redis.client import Reply
from storage.redis.passages import ENTRY, LEAF, row_of
from storage.redis.ranking import Places, Ranked, by_words

Rank = Callable[[int], Ranked]
"""Makes the best so many out of what was read."""

_LEAVES_AT_ONCE = 128
"""One script looks into so many: with many common words some milliseconds of the server."""
_ROOM = 8 * LEAF * ENTRY
"""Bytes about words that are read of a leaf on the average, rare words first: all about eight words."""
_TRIES = 8


class PlaceMemory:
    """Where words stand in a workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._leaves: Recent[WorkspaceId, _Leaves] = Recent()

    async def of(self, workspace: WorkspaceId, words: Sequence[str]) -> tuple[int, Rank]:
        """After how many changes it was read where these words stand, and what ranks the passages.

        One round trip for 32,768 passages, and one more if leaves came or went since the last time.
        """
        for _ in range(_TRIES):
            connections = self._calls.client.connections
            known = self._leaves.get(workspace, None)
            if known is None or known.connections != connections:
                # A failover may count up to the same version again, with other leaves.
                known = _Leaves(connections, "", ())
            read = _Read(words)
            for start in range(0, max(len(known.leaves), 1), _LEAVES_AT_ONCE):
                some = known.leaves[start : start + _LEAVES_AT_ONCE]
                found = await self._look(workspace, some, known.version, words)
                if text(found[0]) == "leaves":
                    there = tuple(sorted(map(number, row(found[2]))))
                    self._leaves.put(workspace, _Leaves(connections, text(found[1]), there))
                    break
                read.add(some, found)
            else:
                return read.changes, read.rank
        raise StoreUnavailable("documents come and go faster than they can be searched")

    async def _look(
        self, workspace: WorkspaceId, leaves: Sequence[int], version: str, words: Sequence[str]
    ) -> list[Reply]:
        keys = self._calls.keys.of(workspace).knowledge
        names = [keys.counters, keys.leaves, *map(keys.places, leaves)]
        args = packed(version, _ROOM * len(leaves), words, list(map(row_of, words)))
        return row(await self._calls.run("word_places", names, args, durable=False))


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The leaves there were at a version of them, as read after so many connections."""

    connections: int
    version: str
    leaves: tuple[int, ...]


@dataclass(slots=True)
class _Read:
    """What was read so far."""

    words: Sequence[str]
    changes: int = -1
    passages: int = 0
    length: int = 0
    leaves: list[list[int]] = field(default_factory=list)
    entries: list[list[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leaves = [[] for _ in self.words]
        self.entries = [[] for _ in self.words]

    def add(self, leaves: Sequence[int], found: Sequence[Reply]) -> None:
        """Add what a script found in these leaves."""
        passages, length, changes = (0 if one is None else number(one) for one in row(found[1]))
        if self.changes < 0:
            self.passages, self.length, self.changes = passages, length, changes
        for leaf, there in zip(leaves, map(row, row(found[3])), strict=True):
            for word, entries in zip(map(number, row(found[2])), there, strict=True):
                if entries is not None:
                    self.leaves[word].append(leaf)
                    self.entries[word].append(blob(entries))

    def rank(self, most: int) -> Ranked:
        """The best of them."""
        return by_words(list(map(Places, self.leaves, self.entries)), self.passages, self.length, most)
