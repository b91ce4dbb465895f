"""Agents for programs without an event loop."""

import ast
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import parley
from bots.terminal.programs import Pieces
from parley import Agent, MemoryConfig, Unanswered
from sessions.errors import InvalidName, SettingError, UsageError
from tests.cli.conftest import ParleyInside, clean_environment
from tests.cli.test_start_up import HEAVY

ROOT = Path(__file__).parent.parent.parent


def test_every_run_of_an_agent_is_saved_in_its_session(inside: ParleyInside) -> None:
    with Agent(name="Assistant", memory=MemoryConfig(auto_save="my-project")) as agent:
        assert agent.start("My name is Ada").endswith("I shall remember the name Ada.")
        assert agent.start("What is my name?") == "You told me that your name is Ada."
    shown = inside("session", "show", "my-project").out
    assert "│ User Messages       │ 2 " in shown
    assert "[User] What is my name?" in shown
    told = inside("What is my name?", "--session", "my-project").out
    assert told.endswith("(3 messages)\n\nYou told me that your name is Ada.\n")


def test_an_agent_goes_on_with_what_the_command_line_began(inside: ParleyInside) -> None:
    inside("My name is Ada", "--session", "my-project")
    with Agent(memory=MemoryConfig(auto_save="My-Project")) as agent:
        assert agent.start("What is my name?") == "You told me that your name is Ada."


def test_an_agent_with_memory_has_the_session_of_its_name(inside: ParleyInside) -> None:
    for question in ("My name is Ada", "What is my name?"):
        with Agent(name="Archivist", memory=True) as agent:
            answer = agent.start(question)
    assert answer == "You told me that your name is Ada."
    assert "Archivist" in inside("session", "list").out


def test_an_agent_without_memory_leaves_no_session(inside: ParleyInside) -> None:
    with Agent() as agent:
        agent.start("My name is Ada")
        assert agent.start("What is my name?") == "You told me that your name is Ada."
        assert "Total: 1 session" in inside("session", "list").out
    assert "Total: 0 sessions" in inside("session", "list").out


@pytest.mark.parametrize("store", ["memory:", "file:data", "sqlite:other.db"])
def test_an_agent_may_have_any_store(store: str, home: Path) -> None:
    with Agent(memory=True, store=store) as agent:
        agent.start("My name is Ada")
        assert agent.start("What is my name?") == "You told me that your name is Ada."
    assert not home.exists()


def test_nothing_is_printed_and_the_text_is_shown_as_it_comes(
    capfd: pytest.CaptureFixture[str],
) -> None:
    shown: list[str] = []
    with Agent(store="memory:") as agent:
        answer = agent.start("long 30", show=shown.append)
    assert "".join(shown) == answer
    assert len(shown) > 10
    assert capfd.readouterr() == ("", "")


def test_showing_that_fails_stops_the_answer(inside: ParleyInside) -> None:
    def fail(_: str) -> None:
        raise ValueError("no more")

    with Agent(memory=MemoryConfig(auto_save="one")) as agent:
        with pytest.raises(ValueError, match="no more"):
            agent.start("slow", show=fail)
        assert agent.start("hello").startswith("You said: hello")
    assert "(stopped)" in inside("session", "show", "one").out


def test_agents_of_several_sessions_do_not_mix_theirs(inside: ParleyInside) -> None:
    names = ["one", "two", "three"]

    def talk(name: str) -> None:
        with Agent(memory=MemoryConfig(auto_save=name)) as agent:
            for number in range(3):
                agent.start(f"{name} {number}")

    threads = [threading.Thread(target=talk, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in names:
        shown = inside("session", "show", name).out
        assert "│ User Messages       │ 3 " in shown
        assert all(other not in shown.partition("Recent")[2] for other in names if other != name)


def test_a_session_that_was_deleted_meanwhile_is_started_anew(inside: ParleyInside) -> None:
    with Agent(memory=MemoryConfig(auto_save="one")) as agent:
        agent.start("My name is Ada")
        inside("session", "delete", "one", "--yes")
        assert agent.start("What is my name?").endswith("You have not told me your name.")
    assert "│ User Messages       │ 1 " in inside("session", "show", "one").out


PROGRAM = """
from parley import Agent, MemoryConfig
agent = Agent(name="Assistant", memory=MemoryConfig(auto_save="my-project"))
agent.start("Analyze this code")
"""


def test_a_program_that_never_closes_its_agent_ends_quietly(inside: ParleyInside, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "[User] Analyze this code" in inside("session", "show", "my-project").out


INTERRUPTED = """
from parley import Agent, MemoryConfig
with Agent(memory=MemoryConfig(auto_save="one")) as agent:
    agent.start("slow", show=lambda text: print(text, flush=True))
"""


def test_ctrl_c_stops_the_answer_and_keeps_what_was_said(inside: ParleyInside, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.send_signal(signal.SIGINT)
        _, error = program.communicate(timeout=60)
    assert error.endswith("KeyboardInterrupt\n")
    shown = inside("session", "show", "one").out
    assert "[User] slow\n(stopped)\n[Agent] " in shown


def test_what_cannot_work_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InvalidName):
        Agent(name="12")
    with pytest.raises(InvalidName):
        Agent(memory=MemoryConfig(auto_save="a\nb"))
    with pytest.raises(UsageError, match="Give 0 or more, for example: history=5"):
        Agent(history=-1)
    untyped: dict[str, Any] = {"memory": "my-project"}
    with pytest.raises(UsageError, match=r"cannot be 'my-project'\. Give True, or MemoryConfig"):
        Agent(**untyped)
    with pytest.raises(UsageError, match="There is no folder"):
        Agent(fast_context=tmp_path / "nowhere")
    with Agent(store="memory:") as agent, pytest.raises(UsageError, match="The question is empty"):
        agent.start(" ")


def test_what_cannot_be_opened_is_told_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARLEY_MODEL", "gpt-4o-mini")
    with Agent(store="memory:") as agent:
        with pytest.raises(SettingError, match="there is no key for it"):
            agent.start("hello")
        monkeypatch.delenv("PARLEY_MODEL")
        assert agent.start("hello").endswith("You said: hello")
    with Agent(store="mysql:x") as agent, pytest.raises(SettingError, match="no storage backend mysql"):
        agent.start("hello")
    with Agent(model="gpt-4", store="memory:") as agent, pytest.raises(SettingError, match="gpt-4"):
        agent.start("hello")


def test_a_closed_agent_says_so() -> None:
    agent = Agent(store="memory:")
    agent.start("hello")
    agent.close()
    agent.close()
    with pytest.raises(UsageError, match="The agent is closed"):
        agent.start("hello")


def test_a_broken_stream_that_begins_anew_is_handed_on_below_an_empty_line() -> None:
    given: list[str] = []
    pieces = Pieces(given.append)
    for text in ("One", "One two", "One", "One two three"):
        pieces.show(text)
    assert "".join(given) == "One two three"
    pieces.show("Another")
    pieces.end("Another one", "")
    assert "".join(given) == "One two three\n\nAnother one"


def test_importing_the_face_imports_nothing_heavy() -> None:
    program = "import sys, parley; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program, *HEAVY, "asyncio", "sessions.engine", "bots", "storage"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []


def test_the_face_stands_below_the_command_line() -> None:
    tree = ast.parse((ROOT / "parley.py").read_text())
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in modules} >= {"bots", "sessions", "storage"}
    assert [name for name in modules if name.split(".")[0] in ("cli", "tests")] == []


def test_the_face_has_what_it_names() -> None:
    assert [name for name in parley.__all__ if not hasattr(parley, name)] == []
    assert issubclass(Unanswered, parley.ParleyError)
    with pytest.raises(AttributeError, match="no attribute 'Nobody'"):
        parley.Nobody  # noqa: B018 - it is not there
