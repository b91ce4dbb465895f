from dataclasses import dataclass, field

import pytest

from sessions.errors import RunTaken, StoreUnavailable
from sessions.model import WorkspaceId
from sessions.ports.checkpoints import Checkpoint, RunStatus
from storage.memory import MemoryStore
from tests.workflows.house import House

THREE = "steps: [{name: one, prompt: a}, {name: two, prompt: b}]"


@dataclass
class Trouble:
    """What goes wrong with saves, by their number: the wish or the reply is lost."""

    wishes: set[int] = field(default_factory=set)
    replies: set[int] = field(default_factory=set)
    saves: int = 0


class LossyStore(MemoryStore):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    async def save_checkpoint(self, workspace: WorkspaceId, checkpoint: Checkpoint) -> bool:
        self._trouble.saves += 1
        if self._trouble.saves in self._trouble.wishes:
            raise StoreUnavailable("away")
        done = await super().save_checkpoint(workspace, checkpoint)
        if self._trouble.saves in self._trouble.replies:
            raise StoreUnavailable("the reply was lost")
        return done


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("lost", ["wishes", "replies"])
async def test_a_save_that_is_lost_is_repeated(house: House, number: int, lost: str) -> None:
    house.define(THREE)
    trouble = Trouble({number}) if lost == "wishes" else Trouble(replies={number})
    house.store = LossyStore(trouble)
    result = await house.manager().aexecute("deploy", checkpoint="v1")
    assert (result.status, trouble.saves) == (RunStatus.DONE, 5)
    kept = (await house.manager().alist_checkpoints())[0]
    assert (kept.revision, kept.status, len(kept.results)) == (4, RunStatus.DONE, 2)


async def test_a_run_that_is_deleted_meanwhile_ends(house: House) -> None:
    house.define(THREE)

    class Deleting(MemoryStore):
        async def save_checkpoint(self, workspace: WorkspaceId, checkpoint: Checkpoint) -> bool:
            if checkpoint.revision == 2:
                await self.delete_checkpoint(workspace, checkpoint.name)
            return await super().save_checkpoint(workspace, checkpoint)

    house.store = Deleting()
    with pytest.raises(RunTaken, match="or it was deleted"):
        await house.manager().aexecute("deploy", checkpoint="v1")
    assert await house.manager().alist_checkpoints() == ()
