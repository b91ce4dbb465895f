import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessions.errors import NoSuchSession
from sessions.model import OPEN, Audience, WorkspaceId, WorkspaceKey
from sessions.ports.checkpoints import Checkpoint, RunStatus, StepResult, StepStatus
from sessions.ports.store import Store
from tests.storage.conftest import Second
from tests.storage.contract.scene import ADA, HOME

NOON = datetime(2031, 3, 5, 12, 0, 0, 123456, tzinfo=UTC)
SECRET = Audience("discord:5")


def run(name: str, audience: Audience = OPEN, at: int = 0) -> Checkpoint:
    return Checkpoint(name, "deploy", "0123456789ab", NOON + timedelta(seconds=at), audience, ADA.id)


def further(checkpoint: Checkpoint, taken_by: str = "one") -> Checkpoint:
    """One step later."""
    done = StepResult(f"step {checkpoint.revision}", StepStatus.DONE, "out\0put \U0001f600")
    return replace(
        checkpoint,
        results=(*checkpoint.results, done),
        revision=checkpoint.revision + 1,
        taken_by=taken_by,
    )


async def home(store: Store) -> WorkspaceId:
    return (await store.workspace(HOME)).id


async def test_a_run_is_there_as_it_was_saved(store: Store, second: Second) -> None:
    here = await home(store)
    saved = replace(
        further(run("Nightly Deploy")),
        revision=1,
        status=RunStatus.WAITING,
        variables=(("who", "Ada"), ("../x", "")),
        waiting_for="release",
        approved=("build",),
        definition="steps: []\n",
    )
    assert await store.save_checkpoint(here, saved)
    other = await second()
    assert await other.checkpoint(here, "nightly DEPLOY") == saved
    assert await other.checkpoints(here, None) == (saved,)
    assert await other.checkpoint(here, "nightly") is None


async def test_each_save_takes_the_place_of_the_one_before(store: Store) -> None:
    here = await home(store)
    first = run("deploy")
    saved = further(further(first))
    for one in (first, further(first), saved):
        assert await store.save_checkpoint(here, one)
    assert await store.checkpoints(here, None) == (saved,)


async def test_a_repeated_save_writes_nothing_and_is_true(store: Store) -> None:
    here = await home(store)
    first = run("deploy")
    second = further(first)
    await store.save_checkpoint(here, first)
    assert await store.save_checkpoint(here, replace(first, workflow="another"))
    await store.save_checkpoint(here, second)
    assert await store.save_checkpoint(here, replace(second, name="DEPLOY"))
    assert await store.checkpoint(here, "deploy") == second


async def test_a_save_that_skips_or_repeats_a_revision_is_refused(store: Store) -> None:
    here = await home(store)
    first = run("deploy")
    assert not await store.save_checkpoint(here, further(first))
    await store.save_checkpoint(here, first)
    await store.save_checkpoint(here, further(first))
    for other in (
        replace(first, taken_by="two"),
        further(first, "two"),
        further(further(further(first))),
    ):
        assert not await store.save_checkpoint(here, other)
    assert await store.checkpoint(here, "deploy") == further(first)


async def test_of_many_that_go_on_with_a_run_one_saves(store: Store, second: Second) -> None:
    here, stores = await home(store), (store, await second())
    first = run("deploy")
    await store.save_checkpoint(here, first)
    saves = (stores[n % 2].save_checkpoint(here, further(first, f"process {n}")) for n in range(10))
    assert sum(await asyncio.gather(*saves)) == 1


async def test_runs_are_listed_by_their_last_save_for_those_who_may_see_them(store: Store) -> None:
    here = await home(store)
    b, a, late, secret = run("b"), run("a"), run("late", at=1), run("secret", SECRET, at=2)
    for one in (b, a, late, secret):
        await store.save_checkpoint(here, one)
    assert await store.checkpoints(here, None) == (secret, late, a, b)
    assert await store.checkpoints(here, frozenset({OPEN})) == (late, a, b)
    assert await store.checkpoints(here, frozenset()) == ()


async def test_a_deleted_run_is_gone_and_its_name_is_free(store: Store, second: Second) -> None:
    here, other = await home(store), await second()
    first = run("Deploy")
    await store.save_checkpoint(here, first)
    await store.save_checkpoint(here, further(first))
    assert await other.delete_checkpoint(here, "dePLOY") == further(first)
    assert await store.delete_checkpoint(here, "deploy") is None
    assert await store.checkpoint(here, "deploy") is None
    assert not await store.save_checkpoint(here, further(further(first)))
    assert await store.save_checkpoint(here, replace(first, taken_by="two"))


async def test_a_workspace_has_nothing_of_the_runs_of_another(store: Store) -> None:
    here = await home(store)
    there = (await store.workspace(WorkspaceKey("telegram:-200"))).id
    await store.save_checkpoint(here, run("deploy"))
    assert await store.checkpoint(there, "deploy") is None
    assert await store.checkpoints(there, None) == ()
    assert await store.delete_checkpoint(there, "deploy") is None
    assert await store.save_checkpoint(there, run("deploy", SECRET))
    assert await store.checkpoints(here, None) == (run("deploy"),)
    with pytest.raises(NoSuchSession):
        await store.save_checkpoint(WorkspaceId("none"), run("deploy"))
