import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cli.checkpoint import HELP as CHECKPOINT_HELP
from cli.workflow import HELP
from tests.cli.conftest import COMMAND, Parley, ParleyInside
from tests.cli.terminal import terminal

DEPLOY = """
name: deploy
description: Ship a service
variables: {service: , where: staging}
steps:
  - {name: build, prompt: "Notes of {{ service }}"}
  - {name: sign-off, if: where == production, approval: "Ship {{ service }}?"}
  - {name: ship, prompt: "Announce {{ service }}"}
""".replace("== production", "== 'production'")

FUNCTIONS = """
import os, time

def _note(word):
    with open("log", "a") as log:
        log.write(word)

def two():
    _note("2")

def three():
    _note("3")
    while not os.path.exists("go"):
        time.sleep(0.01)
    return "arrived"
"""

THREE = """
steps:
  - {name: one, prompt: "say it"}
  - {name: two, call: two}
  - {name: three, call: three}
"""


@pytest.fixture
def home(inside: ParleyInside) -> ParleyInside:
    """The command line with one workflow, on the file store."""
    write(inside, "deploy", DEPLOY)
    inside.environment["PARLEY_STORAGE"] = f"file://{inside.folder}/store"
    return inside


def write(parley: Parley, name: str, text: str) -> None:
    folder = parley.folder / "home" / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, "utf-8")


def test_a_workflow_is_run_with_a_line_for_each_step(home: ParleyInside) -> None:
    result = home("workflow", "run", "deploy", "--var", "service=shop=1", "--checkpoint", "v1")
    assert (result.code, result.error) == (0, "")
    assert result.out == (
        "▶️  Running workflow: deploy\n\n✅ build\n⏭ sign-off\n✅ ship\n\n"
        "Workflow 'deploy' completed successfully.\n\n"
        "(offline model) You said: Announce shop=1\n"
    )
    resumed = home("workflow", "run", "--resume", "v1")
    assert (resumed.code, resumed.out.splitlines()[0]) == (
        0,
        "There is nothing left to do: the run 'v1' is done.",
    )


@pytest.mark.parametrize(
    ("said", "options", "code", "told"),
    [
        ("y\n", (), 0, "completed successfully"),
        ("n\n", (), 1, "was refused and ended here"),
        ("", (), 1, "waits for your decision. To go on: parley workflow run --resume v1\n"),
        ("", ("--yes",), 0, "completed successfully"),
    ],
)
def test_an_approval_is_asked_for(
    home: ParleyInside, said: str, options: tuple[str, ...], code: int, told: str
) -> None:
    words = ("workflow", "run", "deploy", "--var", "service=shop", "--var", "where=production")
    result = home(*words, "--checkpoint", "v1", *options, said=said)
    assert (result.code, told in result.out) == (code, True)
    assert ("⏸ sign-off\n\nShip shop?\n\nGo on? (y/N): " in result.out) is not bool(options)


def test_a_run_that_waits_is_resumed(home: ParleyInside) -> None:
    words = ("--var", "service=shop", "--var=where=production", "workflow", "run", "deploy")
    home(*words, "--checkpoint", "v1", said="")
    shown = home("checkpoint", "show", "v1")
    assert "[build: done] (offline model) You said: Notes of shop" in shown.out
    assert "Waits for a decision: Ship shop?" in shown.out
    assert "waiting" in home("checkpoint", "list").out
    result = home("workflow", "run", "deploy", "--resume", "v1", "--json", said="y\n")
    assert result.error.endswith("Go on? (y/N): \n")
    found = json.loads(result.out)
    assert (result.code, found["status"], found["checkpoint"]) == (0, "done", "v1")
    assert [one["step"] for one in found["steps"]] == ["build", "sign-off", "ship"]


def test_lists_and_pages(home: ParleyInside) -> None:
    assert "There are no checkpoints." in home("checkpoint", "list").out
    write(home, "broken", "steps: 3")
    listed = home("workflow", "list")
    assert "deploy" in listed.out
    assert "Total: 1 workflow" in listed.out
    assert "⚠️  broken.yaml: “steps” must be a list" in listed.out
    assert json.loads(home("workflow", "list", "--json").out)["workflows"][0]["name"] == "deploy"
    page = home("workflow", "show", "Deploy").out
    assert "2 sign-off (approval) if where == 'production'" in page
    assert json.loads(home("workflow", "show", "deploy", "--json").out)["steps"][0]["name"] == "build"
    assert home("workflow").out == home("workflow", "help").out == HELP + "\n"
    assert home("checkpoint").out == home("checkpoint", "help").out == CHECKPOINT_HELP + "\n"


def test_a_checkpoint_is_deleted_when_that_is_meant(home: ParleyInside) -> None:
    home("workflow", "run", "deploy", "--var", "service=s", "--checkpoint", "v1")
    assert home("checkpoint", "delete", "v1", said="n\n").out.endswith(
        "Cancelled: nothing was deleted.\n"
    )
    assert home("checkpoint", "delete", "v1", said="").code == 1
    assert json.loads(home("checkpoint", "list", "--json").out)["total"] == 1
    assert "'v1' deleted successfully" in home("checkpoint", "delete", "v1", said="y\n").out
    assert home("checkpoint", "delete", "v1", "--yes").code == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("workflow", "run"), 2, "Say which workflow: parley workflow run NAME"),
        (("workflow", "run", "deplo"), 1, "There is no workflow “deplo”. Did you mean “deploy”?"),
        (("workflow", "run", "deploy"), 2, "needs a value for “service”"),
        (("workflow", "run", "deploy", "--var", "x"), 2, "Write: --var name=value"),
        (("workflow", "run", "deploy", "--var", "x=1"), 2, "has no variable “x”. There are: service"),
        (("workflow", "run", "deploy", "--resume", "v9"), 1, "There is no checkpoint “v9”."),
        (("workflow", "run", "deploy", "--folder", "none"), 2, "There is no folder none."),
        (("workflow", "run", "deploy", "--functions", "no_such"), 2, "“no_such”"),
        (("workflow", "show", "../deploy"), 1, "There is no workflow “../deploy”."),
        (("workflow", "show"), 2, "NAME is missing."),
        (("workflow", "start"), 2, "There is no command “start” of parley workflow."),
        (("checkpoint", "show", "v9"), 1, "There is no run “v9”. There are none."),
        (("checkpoint", "list", "--storage-backend", "tape"), 2, "tape"),
        (("checkpoint", "list", "--workspace", "nowhere"), 1, "There is no workspace “nowhere”."),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    home: ParleyInside, words: tuple[str, ...], code: int, told: str
) -> None:
    result = home(*words, said="")
    assert (result.code, result.out) == (code, "")
    assert told in result.error


def test_workflows_of_another_folder_are_run_with_functions(home: ParleyInside) -> None:
    (home.folder / "mine").mkdir()
    (home.folder / "mine" / "greet.yml").write_text("steps: [{name: a, call: greet, with: {who: Ada}}]")
    (home.folder / "greetings_of_mine.py").write_text(
        "def greet(who: str) -> str:\n    return f'Hi {who}'"
    )
    result = home("workflow", "run", "greet", "--folder", "mine", "--functions", "greetings_of_mine")
    assert (result.code, result.out.endswith("\n\nHi Ada\n")) == (0, True)


def test_a_killed_run_goes_on_with_the_step_it_was_in(parley: Parley) -> None:
    log = three_steps(parley)
    words = ("workflow", "run", "three", "--checkpoint", "v1", "--functions", "slow_steps")
    process = subprocess.Popen([*COMMAND, *words], cwd=parley.folder, env=parley.environment)
    wait_for(log, "23")
    process.send_signal(signal.SIGKILL)
    process.wait()
    (parley.folder / "go").touch()
    result = parley("workflow", "run", "three", "--resume", "v1", "--functions", "slow_steps")
    assert (result.code, log.read_text()) == (0, "233")
    assert "✅ one (done before)\n✅ two (done before)\n✅ three\n" in result.out
    assert result.out.endswith("\n\narrived\n")


def test_an_interrupted_run_tells_how_to_go_on(parley: Parley) -> None:
    log = three_steps(parley)
    process = subprocess.Popen(
        [*COMMAND, "workflow", "run", "three", "--functions", "slow_steps"],
        cwd=parley.folder,
        env=parley.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(log, "23")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (
        "Stopped; the steps that were done are kept. To go on: parley workflow run --resume three-"
        in error
    )


def three_steps(parley: Parley) -> Path:
    write(parley, "three", THREE)
    (parley.folder / "slow_steps.py").write_text(FUNCTIONS)
    parley.environment["PARLEY_STORAGE"] = f"file://{parley.folder}/store"
    return parley.folder / "log"


def wait_for(log: Path, text: str) -> None:
    until = time.monotonic() + 30
    while not log.is_file() or log.read_text() != text:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_at_a_terminal_the_steps_under_way_are_shown_and_the_question_can_be_left(
    parley: Parley,
) -> None:
    write(parley, "deploy", DEPLOY)
    words = ("workflow", "run", "deploy", "--var", "service=shop", "--var", "where=production")
    with terminal(parley.folder, parley.environment, *words, "--checkpoint", "v1") as screen:
        screen.expect("▶️ build …")
        screen.expect("✅ build")
        screen.expect("Go on? (y/N): ")
        screen.type("\x03")
        screen.expect("To go on: parley workflow run --resume v1")
        assert screen.wait() == 130
    with terminal(parley.folder, parley.environment, "workflow", "run", "--resume", "v1") as screen:
        screen.expect("✅ build (done before)")
        screen.expect("Go on? (y/N): ")
        screen.type("y\r")
        screen.expect("✅ sign-off")
        screen.expect("completed successfully")
        assert screen.wait() == 0
