"""The rules of putting facts and checkpoints on their shelves and taking them down."""

from typing import assert_never

from sessions.ports.checkpoints import Checkpoint
from sessions.ports.facts import Fact
from sessions.ports.turns import EVENT_MEMORY
from storage.shelf import Kind, N, Put, Slot, outcome
from storage.state.changes import DropShelved, PutCheckpoint, PutFact
from storage.state.step import Step


def shelve(step: Step, slot: Slot[N]) -> Put:
    """Put the noun in its place. See :class:`storage.shelves.Shelves`."""
    kind, shelf = slot.kind, step.tables.shelf
    stands = shelf.slot(kind.name, slot.key)
    put = outcome(None if stands is None else (stands.revision, stands.token), slot)
    if put is not Put.DONE:
        return put
    dropped_at = shelf.dropped.get((kind.name, slot.key))
    if dropped_at is not None and dropped_at + EVENT_MEMORY > step.now:
        return Put.TAKEN
    if slot.mark and shelf.has_mark(kind.name, slot.mark):
        return Put.TAKEN
    if kind.most and len(shelf.of(kind)) >= kind.most:
        return Put.FULL
    match slot.noun:
        case Fact():
            step.put(PutFact(slot.noun))
        case Checkpoint():
            step.put(PutCheckpoint(slot.noun))
        case _:
            assert_never(slot.noun)
    return Put.DONE


def unshelve(step: Step, kind: Kind[N], key: str) -> N | None:
    """Erase what stands there and return it. See :class:`storage.shelves.Shelves`."""
    found = next(iter(step.tables.shelf.of(kind, key)), None)
    if found is not None:
        step.put(DropShelved(kind.name, key, step.now if kind.remembers else None))
    return found
