"""Facts and checkpoints as every backend keeps them: nouns by key on the shelves of a workspace.

The two ports are written here once, over three steps that each backend takes in its own way.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from sessions.errors import NoSuchSession, UsageError
from sessions.model import Audience, WorkspaceId
from sessions.names import fold
from sessions.ports.checkpoints import Checkpoint
from sessions.ports.facts import MOST_FACTS, Fact, FactId
from storage.wellformed import takes_any_text

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


@takes_any_text
class Shelves(ABC):
    """The ports Facts and Checkpoints."""

    @abstractmethod
    async def _shelve(self, workspace: WorkspaceId, slot: Slot[N]) -> Put:
        """Put the noun in its place, or change nothing. Raises NoSuchSession without the workspace.

        What stands there decides first, then the mark, then whether the shelf is full.
        """

    @abstractmethod
    async def _shelved(
        self, workspace: WorkspaceId, kind: Kind[N], key: str | None = None
    ) -> tuple[N, ...]:
        """What stands on the shelf, or at that key of it. Damaged records are put aside."""

    @abstractmethod
    async def _unshelve(self, workspace: WorkspaceId, kind: Kind[N], key: str) -> N | None:
        """Erase what stands there and return it."""

    async def remember(self, workspace: WorkspaceId, fact: Fact) -> bool:
        """See :meth:`sessions.ports.facts.Facts.remember`."""
        match await self._shelve(workspace, fact_slot(fact)):
            case Put.FULL:
                raise UsageError(
                    f"{MOST_FACTS:,} facts are remembered here, and no more can be. "
                    "Forget one that is not needed, then say it again."
                )
            case put:
                return put is Put.DONE

    async def facts(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None
    ) -> tuple[Fact, ...]:
        """See :meth:`sessions.ports.facts.Facts.facts`."""
        found = sorted(await self._shelved(workspace, FACTS), key=lambda fact: fact.id)
        seen = (fact for fact in found if audiences is None or fact.audience in audiences)
        return tuple(sorted(seen, key=lambda fact: fact.at, reverse=True))

    async def forget(self, workspace: WorkspaceId, fact: FactId) -> Fact | None:
        """See :meth:`sessions.ports.facts.Facts.forget`."""
        return await self._unshelve(workspace, FACTS, fact)

    async def save_checkpoint(self, workspace: WorkspaceId, checkpoint: Checkpoint) -> bool:
        """See :meth:`sessions.ports.checkpoints.Checkpoints.save_checkpoint`."""
        put = await self._shelve(workspace, checkpoint_slot(checkpoint))
        return put in (Put.DONE, Put.REPEATED)

    async def checkpoint(self, workspace: WorkspaceId, name: str) -> Checkpoint | None:
        """See :meth:`sessions.ports.checkpoints.Checkpoints.checkpoint`."""
        return next(iter(await self._shelved(workspace, CHECKPOINTS, fold(name))), None)

    async def checkpoints(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None
    ) -> tuple[Checkpoint, ...]:
        """See :meth:`sessions.ports.checkpoints.Checkpoints.checkpoints`."""
        found = sorted(await self._shelved(workspace, CHECKPOINTS), key=lambda run: run.name)
        seen = (run for run in found if audiences is None or run.audience in audiences)
        return tuple(sorted(seen, key=lambda run: run.saved_at, reverse=True))

    async def delete_checkpoint(self, workspace: WorkspaceId, name: str) -> Checkpoint | None:
        """See :meth:`sessions.ports.checkpoints.Checkpoints.delete_checkpoint`."""
        return await self._unshelve(workspace, CHECKPOINTS, fold(name))
