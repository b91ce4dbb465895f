"""Plans: shown, asked about, done step by step, and kept in the session."""

import json

import pytest

from tests.cli.terminal import Terminal, terminal
from tests.emulators.openai import Received, server_error
from tests.specification.conftest import Page, model_settings

WORDS = ("Plan the implementation", "--session", "project", "--planning")
ENTER, CTRL_C, CTRL_D = "\r", "\x03", "\x04"


def answer(request: Received) -> str:
    for number, result in enumerate(("Looked.", "Changed.", "Tested."), 1):
        if f"Do step {number} " in request.last_user_text:
            return result
    return "1. Look at it\n2. Change it\n3. Test it"


@pytest.fixture
def planning(page: Page) -> Page:
    page.models.answer = answer
    return page


def agree(screen: Terminal, key: str) -> int:
    screen.expect("─ Plan ─")
    screen.expect("Run this plan? (y/N): ")
    screen.type(key)
    return screen.wait()


def test_a_plan_is_shown_asked_about_and_done(planning: Page) -> None:
    environment = {**planning.inside.environment, **model_settings(planning.models), "COLUMNS": "80"}
    with terminal(planning.inside.folder, environment, *WORDS) as screen:
        assert agree(screen, "y" + ENTER) == 0
        assert "2. Change it" in screen.seen
        screen.expect("─ Response ─")
        screen.expect("│ Tested.")
        assert "📂 Session: project (1 message)" in screen.seen
    shown = planning.answered("session", "show", "project", "--json").out
    contents = [one["content"] for one in json.loads(shown)["recent_messages"]]
    assert contents[0] == "Plan the implementation"
    assert "Change it" in contents[1]
    assert all(result in contents[3] for result in ("Looked.", "Changed.", "Tested."))


def test_a_plan_that_is_refused_or_not_decided_runs_nothing(planning: Page) -> None:
    offline = planning.inside
    environment = {**offline.environment, "COLUMNS": "80"}
    for key, code in (("n" + ENTER, 0), (ENTER, 0), (CTRL_D, 1), (CTRL_C, 130)):
        with terminal(offline.folder, environment, *WORDS) as screen:
            assert agree(screen, key) == code
            assert ("Cancelled: the plan was not run." in screen.seen) == (code == 0)
            assert ("The plan is kept: parley workflow run --resume plan-" in screen.seen) == (code == 1)
    runs = json.loads(offline("checkpoint", "list", "--json").out)["checkpoints"]
    assert [one["status"] for one in runs] == ["waiting", "waiting", "refused", "refused"]


def test_yes_runs_a_plan_at_once_with_its_progress_beside_the_result(planning: Page) -> None:
    result = planning(*WORDS, "--yes")
    assert result.code == 0
    assert result.out.startswith("📂 Session: project (1 message)\n\n")
    assert "Tested." in result.out
    assert "↻" not in result.out
    progress = [line for line in result.error.splitlines() if "2. Change it" in line]
    assert len(progress) == 2


def test_what_a_plan_has_no_use_for_is_told(planning: Page) -> None:
    result = planning(*WORDS, "--yes", "--memory", "--history", "2", "--model", "gpt-4o-mini")
    assert result.code == 0
    assert "without effect here: --memory, --history." in result.error
    assert {one.model for one in planning.models.requests} == {"gpt-4o-mini"}


def test_without_anybody_to_ask_the_plan_is_kept_and_can_be_run_later(planning: Page) -> None:
    result = planning(*WORDS)
    assert result.code == 1
    assert result.out.endswith("Run this plan? (y/N): \n")
    told, _, line = result.error.partition("The plan is kept: parley ")
    assert told.startswith(
        "Error: Nothing was run: the input ended before a yes. To run it in its session,"
    )
    assert "“/workflow approve plan-" in told
    later = planning(*line.split(), "--yes")
    assert later.code == 0
    assert "Tested." in later.out


def test_json_tells_the_run_and_how_it_stands(planning: Page) -> None:
    kept = planning(*WORDS, "--json")
    run = json.loads(kept.out)["run"]
    assert (kept.code, run["status"]) == (1, "waiting")
    assert run["name"] in kept.error
    done = json.loads(planning.answered(*WORDS, "--json", "--yes").out)
    assert done["run"]["status"] == "done"
    assert "Tested." in done["answer"]


def test_a_step_that_fails_is_told_with_the_command_that_tries_it_again(planning: Page) -> None:
    planning.models.fail(
        server_error(400), times=None, when=lambda one: "Do step 2 " in one.last_user_text
    )
    failed = planning(*WORDS, "--yes")
    assert failed.code == 1
    assert "Looked." in failed.out
    line = failed.error.rpartition("try that step again: parley ")[2]
    planning.models.heal()
    again = planning(*line.split())
    assert again.code == 0
    assert sum("Do step 1 " in one.last_user_text for one in planning.models.requests) == 1
