"""The tables of a workspace's facts and checkpoints."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice, takewhile
from typing import assert_never

from sessions.ports.checkpoints import Checkpoint
from sessions.ports.facts import Fact
from storage.shelf import Kind, N, Slot, checkpoint_slot, fact_slot
from storage.state.changes import (
    Change,
    DropShelved,
    ForgetShelved,
    PutCheckpoint,
    PutFact,
    ShelfChange,
)


class Shelf:
    """What stands where. Only :meth:`apply` writes; it takes any change, also where others were lost.

    ``dropped`` is since when keys are taken whose noun was erased, in the order of time.
    """

    def __init__(self) -> None:
        self.dropped: dict[tuple[str, str], datetime] = {}
        self._slots: dict[tuple[str, str], Slot[Fact] | Slot[Checkpoint]] = {}
        self._marks: dict[tuple[str, str], str] = {}

    def apply(self, change: ShelfChange) -> None:
        """Make the change."""
        match change:
            case PutFact():
                self._put(fact_slot(change.fact))
            case PutCheckpoint():
                self._put(checkpoint_slot(change.checkpoint))
            case DropShelved():
                self._take_away(change.kind, change.key)
                self.dropped.pop((change.kind, change.key), None)
                if change.at is not None:
                    self.dropped[change.kind, change.key] = change.at
            case ForgetShelved():
                for place in change.places:
                    self.dropped.pop(place, None)
            case _:
                assert_never(change)

    def of(self, kind: Kind[N], key: str | None = None) -> tuple[N, ...]:
        """What stands on the shelf, or at that key of it."""
        if key is None:
            found = [one for (name, _), one in self._slots.items() if name == kind.name]
        else:
            found = [one for one in [self.slot(kind.name, key)] if one is not None]
        return tuple(one.noun for one in found if isinstance(one.noun, kind.noun))

    def slot(self, kind: str, key: str) -> Slot[Fact] | Slot[Checkpoint] | None:
        """What stands at the key, and how."""
        return self._slots.get((kind, key))

    def has_mark(self, kind: str, mark: str) -> bool:
        """Whether something on the shelf has that mark."""
        return (kind, mark) in self._marks

    def old(self, before: datetime, limit: int) -> ForgetShelved | None:
        """What forgets at most ``limit`` keys that were dropped until then; None if there are none."""
        due = takewhile(lambda one: one[1] <= before, self.dropped.items())
        places = tuple(place for place, _ in islice(due, limit))
        return ForgetShelved(places) if places else None

    def changes(self) -> Iterator[Change]:
        """The shortest list that makes the same tables again."""
        for (kind, key), at in self.dropped.items():
            yield DropShelved(kind, key, at)
        for slot in self._slots.values():
            match slot.noun:
                case Fact():
                    yield PutFact(slot.noun)
                case Checkpoint():
                    yield PutCheckpoint(slot.noun)

    def __len__(self) -> int:
        """How many changes :meth:`changes` has."""
        return len(self.dropped) + len(self._slots)

    def _put(self, slot: Slot[Fact] | Slot[Checkpoint]) -> None:
        self._take_away(slot.kind.name, slot.key)
        self._slots[slot.kind.name, slot.key] = slot
        if slot.mark:
            self._marks[slot.kind.name, slot.mark] = slot.key

    def _take_away(self, kind: str, key: str) -> None:
        former = self._slots.pop((kind, key), None)
        if former is not None:
            self._marks.pop((kind, former.mark), None)
