"""Facts and checkpoints as every backend keeps them: nouns by key on the shelves of a workspace.

The two ports are written once, in :mod:`storage.shelves`, over three steps that each backend takes
in its own way.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from sessions.errors import NoSuchSession
from sessions.names import fold
from sessions.ports.checkpoints import Checkpoint
from sessions.ports.facts import MOST_FACTS, Fact

N = TypeVar("N", bound=Fact | Checkpoint)


class Put(StrEnum):
    """What came of putting something on a shelf."""

    DONE = "done"
    REPEATED = "repeated"
    """It stood there already, of that revision and token."""
    TAKEN = "taken"
    """Something else stands there, or has its mark, or stood there not long ago."""
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Kind(Generic[N]):
    """A shelf: so a workspace keeps one noun. ``most`` of them, 0 for as many as there are.

    ``remembers``: a key that was taken down stays taken for EVENT_MEMORY.
    """

    name: str
    noun: type[N]
    most: int = 0
    remembers: bool = False


FACTS = Kind("fact", Fact, MOST_FACTS, remembers=True)
CHECKPOINTS = Kind("checkpoint", Checkpoint)


@dataclass(frozen=True, slots=True)
class Slot(Generic[N]):
    """A noun and its place: it fits where a revision of one less stands, the first where none does.

    No two of a shelf have the same ``mark`` unless it is empty.
    """

    kind: Kind[N]
    key: str
    noun: N
    revision: int = 1
    token: str = ""
    mark: str = ""


def fact_slot(fact: Fact) -> Slot[Fact]:
    """Where a fact is kept; its mark is of what is said about whom to whom."""
    from hashlib import sha256  # slow to import, rarely needed

    said = "\0".join((fact.audience, fact.about, fold(fact.text)))
    return Slot(FACTS, fact.id, fact, mark=sha256(said.encode()).hexdigest()[:32])


def checkpoint_slot(checkpoint: Checkpoint) -> Slot[Checkpoint]:
    """Where a checkpoint is kept."""
    key, revision = fold(checkpoint.name), checkpoint.revision
    return Slot(CHECKPOINTS, key, checkpoint, revision, checkpoint.taken_by)


def outcome(stands: tuple[int, str] | None, slot: Slot[N]) -> Put:
    """Whether a slot fits over the revision and token that stand there."""
    if stands == (slot.revision, slot.token):
        return Put.REPEATED
    return Put.DONE if slot.revision - 1 == (0 if stands is None else stands[0]) else Put.TAKEN


def nowhere() -> NoSuchSession:
    """What is said of a workspace that is not there."""
    return NoSuchSession("That workspace does not exist.")
