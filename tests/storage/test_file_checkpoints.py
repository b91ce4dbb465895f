"""What the file store writes beside its journal about runs, and what it leaves of facts and runs."""

import json
from dataclasses import replace
from pathlib import Path

from structlog.testing import capture_logs

from sessions.model import WorkspaceId
from sessions.ports.checkpoints import Checkpoint, StepResult, StepStatus
from sessions.ports.facts import FactId
from sessions.ports.turns import EVENT_MEMORY
from storage.file import FileStore
from storage.file.kept import SPARE_SAVES
from storage.file.records import frame
from tests.storage.conftest import ManualClock
from tests.storage.contract.scene import HOME, claim
from tests.storage.contract.test_checkpoints import further, run
from tests.storage.contract.test_facts import fact

NAME = "../../Deploy to prod"


def copies(path: Path) -> list[Path]:
    return sorted(path.glob("workspaces/*/checkpoints/*"))


def texts(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())


async def saved(path: Path, *checkpoints: Checkpoint) -> WorkspaceId:
    async with FileStore.open(path) as store:
        here = (await store.workspace(HOME)).id
        for one in checkpoints:
            assert await store.save_checkpoint(here, one)
    return here


async def test_a_run_can_be_read_in_an_editor(tmp_path: Path) -> None:
    failed = StepResult("ship", StepStatus.FAILED, error="no disk")
    last = replace(further(run(NAME)), variables=(("env", "prod"),), definition="a secret plan")
    last = replace(last, results=(*last.results, failed))
    await saved(tmp_path, run(NAME), last)
    (copy,) = copies(tmp_path)
    assert "eploy" not in str(copy.relative_to(tmp_path))
    text = copy.read_text()
    assert text.startswith('{\n  "name": "../../Deploy to prod",\n')
    kept = json.loads(text)
    assert list(kept)[:8] == [
        "name",
        "workflow_name",
        "completed_steps",
        "results",
        "variables",
        "definition_fingerprint",
        "saved_at",
        "saved_at_iso",
    ]
    assert kept["completed_steps"] == 1
    assert kept["results"][1] == {"step": "ship", "status": "failed", "output": "", "error": "no disk"}
    assert kept["variables"] == {"env": "prod"}
    assert kept["saved_at"] == last.saved_at.timestamp()
    assert kept["saved_at_iso"] == "2031-03-05T12:00:00.123456+00:00"


async def test_a_deleted_run_and_a_forgotten_fact_can_be_read_in_no_file(tmp_path: Path) -> None:
    here = await saved(tmp_path, run(NAME), run("kept"))
    async with FileStore.open(tmp_path) as store:
        await store.remember(here, fact("a", "a private matter"))
        await store.forget(here, FactId("a"))
        await store.delete_checkpoint(here, NAME)
        assert len(copies(tmp_path)) == 1
        for gone in (b"a private matter", b"Deploy to prod"):
            assert gone not in texts(tmp_path)
        assert not await store.remember(here, fact("a"))
    async with FileStore.open(tmp_path) as store:
        assert not await store.remember(here, fact("a"))
        assert await store.checkpoints(here, None) == (run("kept"),)


async def test_an_erasure_that_was_cut_short_is_finished_later(tmp_path: Path) -> None:
    here = await saved(tmp_path, run(NAME))
    gone = '[{"type":"DropShelved","kind":"checkpoint","key":"../../deploy to prod"}]'
    with (tmp_path / "workspaces" / here / "journal").open("ab") as file:
        file.write(frame(gone.encode()))
    async with FileStore.open(tmp_path) as store:
        assert await store.checkpoints(here, None) == ()
        await store.sweep(claim(), 10)
        assert copies(tmp_path) == []
        assert b"Deploy to prod" not in texts(tmp_path)


async def test_a_damaged_run_is_put_aside_and_hides_no_other(tmp_path: Path) -> None:
    here = await saved(tmp_path, run("one"), run("two"), run("three"))
    journal = tmp_path / "workspaces" / here / "journal"
    journal.write_bytes(journal.read_bytes().replace(b'"two"', b'"tvo"'))
    with capture_logs():
        async with FileStore.open(tmp_path) as store:
            found = await store.checkpoints(here, None)
            assert {one.name for one in found} == {"one", "three"}
            assert len(await store.quarantined()) == 1


async def test_what_was_forgotten_long_ago_leaves_the_tables(tmp_path: Path) -> None:
    clock = ManualClock()
    async with FileStore.open(tmp_path, clock=clock) as store:
        here = (await store.workspace(HOME)).id
        await store.remember(here, fact("a"))
        await store.forget(here, FactId("a"))
        await clock.advance(EVENT_MEMORY)
        await store.sweep(claim(), 10)
    assert b'"ForgetShelved"' in texts(tmp_path)


async def test_saves_that_others_took_the_place_of_leave_the_journal(tmp_path: Path) -> None:
    saves = [run(NAME)]
    while len(saves) <= SPARE_SAVES + 1:
        saves.append(replace(run(NAME), revision=len(saves) + 1, definition="a long plan"))
    here = await saved(tmp_path, *saves)
    async with FileStore.open(tmp_path) as store:
        await store.sweep(claim(), 10)
        assert await store.checkpoints(here, None) == (saves[-1],)
    journal = tmp_path / "workspaces" / here / "journal"
    assert journal.read_bytes().count(b"a long plan") == 1
