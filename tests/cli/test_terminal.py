import json

from tests.cli.conftest import Parley
from tests.cli.terminal import terminal

ENTER = "\r"
CTRL_C = "\x03"
CTRL_D = "\x04"


def test_a_chat_answers_and_ends_with_ctrl_d(parley: Parley) -> None:
    with terminal(parley.folder, parley.environment, "chat", "--session", "alpha") as screen:
        screen.expect("📂 Session: alpha")
        screen.expect(">")
        screen.type("my name is Ada" + ENTER)
        screen.expect("I shall remember the name Ada.")
        screen.expect(">")
        screen.type("/session show" + ENTER)
        screen.expect("Session Details: alpha")
        screen.expect(">")
        screen.type(CTRL_D)
        assert screen.wait() == 0


def test_ctrl_c_stops_the_answer_and_the_chat_goes_on(parley: Parley) -> None:
    with terminal(parley.folder, parley.environment, "chat", "--session", "alpha") as screen:
        screen.expect(">")
        screen.type("hello" + ENTER)
        screen.expect("You said: hello")
        screen.expect(">")
        screen.type("slow" + ENTER)
        screen.expect("Slowly now")
        screen.type(CTRL_C)
        screen.expect("Stopped.")
        screen.expect(">")
        screen.type("again" + ENTER)
        screen.expect("You said: again")
        screen.expect(">")
        screen.type("/quit" + ENTER)
        assert screen.wait() == 0
    shown = json.loads(parley("session", "show", "alpha", "--json").out)
    assert "stopped" in {message["ending"] for message in shown["recent_messages"]}


def test_a_pasted_text_of_several_lines_is_one_message(parley: Parley) -> None:
    with terminal(parley.folder, parley.environment, "chat", "--session", "alpha") as screen:
        screen.expect(">")
        screen.type("\x1b[200~first line\nsecond line\x1b[201~" + ENTER)
        screen.expect("You said: first line second line")
        screen.expect(">")
        screen.type(CTRL_D)
        assert screen.wait() == 0


def test_tab_completes_commands_and_names(parley: Parley) -> None:
    parley("session", "start", "research-task")
    with terminal(parley.folder, parley.environment, "chat") as screen:
        screen.expect(">")
        screen.type("/session sh\t")
        screen.expect("show")
        screen.type(" rese\t")
        screen.expect("arch-task")
        screen.type(ENTER)
        screen.expect("Session Details: research-task")
        screen.type(CTRL_D)
        assert screen.wait() == 0


def test_resume_goes_on_into_the_chat(parley: Parley) -> None:
    parley("session", "start", "alpha")
    parley("session", "start", "beta")
    with terminal(parley.folder, parley.environment, "session", "resume", "alpha") as screen:
        screen.expect("Continue your conversation:")
        screen.expect(">")
        screen.type("hello" + ENTER)
        screen.expect("You said: hello")
        screen.expect(">")
        screen.type(CTRL_D)
        assert screen.wait() == 0
    assert json.loads(parley("session", "show", "alpha", "--json").out)["messages"] == 2


def test_delete_asks_at_the_terminal(parley: Parley) -> None:
    parley("session", "start", "alpha")
    with terminal(parley.folder, parley.environment, "session", "delete", "alpha") as screen:
        screen.expect("Are you sure? (y/N): ")
        screen.type("n" + ENTER)
        screen.expect("Cancelled")
        assert screen.wait() == 0
    with terminal(parley.folder, parley.environment, "session", "delete", "alpha") as screen:
        screen.expect("Are you sure? (y/N): ")
        screen.type(CTRL_D)
        assert screen.wait() == 1
    with terminal(parley.folder, parley.environment, "session", "delete", "alpha") as screen:
        screen.expect("Are you sure? (y/N): ")
        screen.type("y" + ENTER)
        screen.expect("🗑️  Session 'alpha' deleted successfully.")
        assert screen.wait() == 0


def test_an_answer_stands_in_a_panel(parley: Parley) -> None:
    with terminal(parley.folder, parley.environment, "hello", "--session", "learning") as screen:
        screen.expect("📂 Session: learning (1 message)")
        screen.expect("─ Response ─")
        screen.expect("│ You said: hello")
        screen.expect("╯")
        assert screen.wait() == 0


def test_ctrl_c_stops_a_prompts_answer(parley: Parley) -> None:
    parley("hello", "--session", "learning")
    with terminal(parley.folder, parley.environment, "slow", "--session", "learning") as screen:
        screen.expect("Slowly now")
        screen.type(CTRL_C)
        assert screen.wait() == 130
    shown = json.loads(parley("session", "show", "learning", "--json").out)
    assert [message["ending"] for message in shown["recent_messages"]][-2] == "stopped"
    assert shown["recent_messages"][-1]["content"].startswith("Slowly now")
