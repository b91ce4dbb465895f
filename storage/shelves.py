"""The ports Facts and Checkpoints over three steps that each backend takes in its own way."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from sessions.errors import UsageError
from sessions.model import Audience, WorkspaceId
from sessions.names import fold
from storage.wellformed import takes_any_text

if TYPE_CHECKING:
    # A listing of sessions needs none of it, and shall not take the time to import it.
    from sessions.ports.checkpoints import Checkpoint
    from sessions.ports.facts import Fact, FactId
    from storage.shelf import Kind, N, Put, Slot


@takes_any_text
class Shelves(ABC):
    """The ports Facts and Checkpoints."""

    @abstractmethod
    async def _shelve(self, workspace: WorkspaceId, slot: "Slot[N]") -> "Put":
        """Put the noun in its place, or change nothing. Raises NoSuchSession without the workspace.

        What stands there decides first, then the mark, then whether the shelf is full.
        """

    @abstractmethod
    async def _shelved(
        self, workspace: WorkspaceId, kind: "Kind[N]", key: str | None = None
    ) -> "tuple[N, ...]":
        """What stands on the shelf, or at that key of it. Damaged records are put aside."""

    @abstractmethod
    async def _unshelve(self, workspace: WorkspaceId, kind: "Kind[N]", key: str) -> "N | None":
        """Erase what stands there and return it."""

    async def remember(self, workspace: WorkspaceId, fact: "Fact") -> bool:
        """See :meth:`sessions.ports.facts.Facts.remember`."""
        from sessions.ports.facts import MOST_FACTS
        from storage.shelf import Put, fact_slot

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
    ) -> "tuple[Fact, ...]":
        """See :meth:`sessions.ports.facts.Facts.facts`."""
        from storage.shelf import FACTS

        found = sorted(await self._shelved(workspace, FACTS), key=lambda fact: fact.id)
        seen = (fact for fact in found if audiences is None or fact.audience in audiences)
        return tuple(sorted(seen, key=lambda fact: fact.at, reverse=True))

    async def forget(self, workspace: WorkspaceId, fact: "FactId") -> "Fact | None":
        """See :meth:`sessions.ports.facts.Facts.forget`."""
        from storage.shelf import FACTS

        return await self._unshelve(workspace, FACTS, fact)

    async def save_checkpoint(self, workspace: WorkspaceId, checkpoint: "Checkpoint") -> bool:
        """See :meth:`sessions.ports.checkpoints.Checkpoints.save_checkpoint`."""
        from storage.shelf import Put, checkpoint_slot

        put = await self._shelve(workspace, checkpoint_slot(checkpoint))
        return put in (Put.DONE, Put.REPEATED)

    async def checkpoint(self, workspace: WorkspaceId, name: str) -> "Checkpoint | None":
        """See :meth:`sessions.ports.checkpoints.Checkpoints.checkpoint`."""
        from storage.shelf import CHECKPOINTS

        return next(iter(await self._shelved(workspace, CHECKPOINTS, fold(name))), None)

    async def checkpoints(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None
    ) -> "tuple[Checkpoint, ...]":
        """See :meth:`sessions.ports.checkpoints.Checkpoints.checkpoints`."""
        from storage.shelf import CHECKPOINTS

        found = sorted(await self._shelved(workspace, CHECKPOINTS), key=lambda run: run.name)
        seen = (run for run in found if audiences is None or run.audience in audiences)
        return tuple(sorted(seen, key=lambda run: run.saved_at, reverse=True))

    async def delete_checkpoint(self, workspace: WorkspaceId, name: str) -> "Checkpoint | None":
        """See :meth:`sessions.ports.checkpoints.Checkpoints.delete_checkpoint`."""
        from storage.shelf import CHECKPOINTS

        return await self._unshelve(workspace, CHECKPOINTS, fold(name))
