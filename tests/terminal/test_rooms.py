"""/memory, /knowledge, /workflow and /plan in the terminal chat."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sessions.ports.checkpoints import Checkpoint
from tests.commanding import extras_over
from tests.engine.parts import until
from tests.rooms import DEPLOY, THREE, define, play, shelve
from tests.terminal.test_chat import ADA, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(workflows=define(tmp_path, deploy=DEPLOY, three=THREE, broken="steps: 3"))
    home.model.answer = play
    home.extras = extras_over(home.store, home.model, home.workflows)
    return home


async def run_in(home: Home) -> Checkpoint:
    workspace = await home.store.workspace(ADA.place.workspace)
    return (await home.store.checkpoints(workspace.id, None))[0]


async def test_memory_has_the_pages_of_the_command_line(home: Home) -> None:
    assert 'Add a fact: /memory add "I like tea"' in await home.say("/memory show")
    assert "🧠 Remembered: I like *tea* (" in await home.say("/memory add I like *tea*")
    assert "│ I like *tea*" in await home.say("/memory show")
    assert await home.say("/memory forget tea") == "🗑️  Forgotten: I like *tea*\n\n"
    assert "Error: Nothing is remembered here with “tea”." in await home.say("/memory forget tea")
    assert "/memory forget <id or words>  - Forget something\n" in await home.say("/memory")
    many = await home.say(*(f"/memory add fact number {number}" for number in range(11)), "/memory show")
    assert "Page 1 of 2; the next one: /memory show 2\n" in many


async def test_what_is_to_be_remembered_is_noted_and_drawn_on(home: Home) -> None:
    shown = await home.say("Remember that I like tea", "What do I drink?")
    assert "<Remember that I like tea>\n🧠 Remembered: likes tea\n" in shown
    assert "🧠 Memory: 1 fact\n\n<What do I drink?>\n" in shown


async def test_documents_are_listed_found_cited_and_removed(home: Home) -> None:
    assert "Add some: parley knowledge add docs" in await home.say("/knowledge list")
    for number in range(11):
        await shelve(home.store, "local", f"docs/bill_{number:02}.md", "Invoices: *thirty* days.")
    assert "the next ones: /knowledge list 2\n" in await home.say("/knowledge list")
    found = await home.say("/knowledge search invoices")
    assert "[1] docs/bill_00.md, line 1\n    Invoices: *thirty* days.\n" in found
    assert "Sources: [1] `docs/bill_00.md, line 1`" in await home.say("invoices?")
    removed = await home.say("/knowledge remove docs/bill_10.md")
    assert removed == "🗑️  Removed docs/bill_10.md (1 passage).\n\n"


async def test_a_run_shows_its_steps_once_and_goes_on_when_it_is_approved(home: Home) -> None:
    listed = await home.say("/workflow list", "/workflow show deploy")
    assert "│ deploy " in listed
    assert "⚠️  broken.yaml: " in listed
    assert "   2 ok (approval)\n" in listed
    asking = await home.say("/workflow run deploy region=us")
    run = (await run_in(home)).name
    assert "Ship <build for us>?\n\nTo go on: " in asking
    assert asking.endswith(f"/workflow approve {run}\nTo end it: /workflow refuse {run}\n\n")
    assert asking.count(f"**deploy** · run `{run}`") == 1
    assert "begins again" not in asking
    shown = await home.say(f"/workflow show {run}", "/workflow list")
    assert f"📊 Run: {run}\n" in shown
    assert f"Waits for a decision: Ship <build for us>?\n\nTo go on: /workflow approve {run}\n" in shown
    assert "📋 Runs:\n" in shown
    done = await home.say(f"/workflow approve {run}")
    assert "- ✅ build_it\n- ✅ ok\n- ✅ ship\n\n**build_it**" in done
    late = await home.say(f"/workflow refuse {run}")
    assert f"Error: The run “{run}” waits for no decision: it is done.\n" in late
    kept = await home.say(f"/workflow delete {run}", "n")
    assert kept.endswith("Cancelled: nothing was deleted.\n\n")
    gone = await home.say(f"/workflow delete {run}", "y", f"/workflow show {run}")
    assert f"🗑️  Run '{run}' deleted successfully.\n" in gone
    assert f"Error: There is no workflow “{run}”." in gone


async def test_a_run_that_ctrl_c_stopped_is_resumed_where_it_was(home: Home) -> None:
    home.model.hold()
    async with home.chat("/workflow run three") as chat, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(chat.run())
        await until(lambda: len(home.model.prompts) == 1)
        home.model.let(1)
        await until(lambda: len(home.model.prompts) == 2)
        os.kill(os.getpid(), signal.SIGINT)
        await running
    assert "⏹ Stopped." in home.shown
    home.model.let()
    done = await home.say(f"/workflow resume {(await run_in(home)).name}")
    assert "- ✅ one\n- ✅ two\n- ✅ three\n" in done
    asked = [one.messages[-1].content for one in home.model.prompts]
    assert asked == ["first", "second", "second", "third"]


async def test_a_plan_is_shown_refused_and_made_again(home: Home) -> None:
    plan = await home.say("/plan paint the shed")
    assert "1. Look *around*\n2. Tell\n\nShall I do these steps?\n" in plan
    refused = await home.say(f"/workflow refuse {(await run_in(home)).name}")
    assert "The run ended here: it was refused.\n" in refused
    await home.say("/plan paint the shed")
    done = await home.say(f"/workflow approve {(await run_in(home)).name}", "/session show")
    assert "**2. Tell**\n\n<Do step 2 and no other: Tell>\n" in done
    assert "[User] Go on with the run plan-" in done
    assert "Error: Say what to plan: /plan <" in await home.say("/plan")
