import json

from tests.cli.conftest import Parley
from tests.cli.terminal import Terminal, terminal

ENTER = "\r"
CTRL_C = "\x03"
CTRL_D = "\x04"


def introduce(screen: Terminal) -> None:
    """Have the offline model say who it is: it does so once in a session, slowly where that is asked."""
    screen.expect(">")
    screen.type("never sent" + CTRL_C)
    screen.expect(">")
    screen.type("hello" + ENTER)
    screen.expect("You said: hello")


def endings(parley: Parley, session: str) -> list[str]:
    """How the newest messages of persons ended."""
    shown = json.loads(parley("session", "show", session, "--json").out)
    return [one["ending"] for one in shown["recent_messages"] if one["role"] == "user"]


def test_commands_act_and_messages_queue_while_an_answer_runs(parley: Parley) -> None:
    with terminal(parley.folder, parley.environment, "chat", "--session", "alpha") as screen:
        introduce(screen)
        screen.type("slow" + ENTER)
        screen.expect("Slowly")
        screen.type("/session list" + ENTER)
        screen.expect("Total: 1 session")
        screen.type("the next one" + ENTER)
        screen.expect("Waiting for 1 earlier message of this session")
        screen.type("/stop" + ENTER)
        screen.expect("⏹ Stopped.")
        screen.expect("You said: the next one")
        screen.expect("Before that: slow")
        screen.type("slow" + ENTER)
        screen.expect("Slowly")
        screen.type("half a")
        screen.expect("half a")
        screen.type(CTRL_C)
        screen.expect("⏹ Stopped.")
        screen.expect("half a")
        screen.type(" line" + ENTER)
        screen.expect("You said: half a line")
        screen.expect("Before that: slow")
        screen.type("/quit" + ENTER)
        assert screen.wait() == 0
    assert endings(parley, "alpha")[-2:] == ["stopped", "answered"]


def test_ctrl_d_during_an_answer_stops_it_and_leaves(parley: Parley) -> None:
    with terminal(parley.folder, parley.environment, "chat", "--session", "alpha") as screen:
        introduce(screen)
        screen.type("slow" + ENTER)
        screen.expect("Slowly")
        screen.type("never begun" + ENTER)
        screen.expect("Waiting for 1 earlier message")
        screen.expect(">")
        screen.type(CTRL_D)
        screen.expect("“never begun” still waited")
        assert screen.wait() == 0
        assert "Stopped." in screen.seen
    assert endings(parley, "alpha") == ["answered", "stopped"]


def test_a_killed_terminal_is_told_of_by_the_next_one(parley: Parley) -> None:
    environment = {**parley.environment, "PARLEY_LEASE_SECONDS": "1"}
    told = "Interrupted: “slow” was not answered."
    with terminal(parley.folder, environment, "chat", "--session", "alpha") as screen:
        introduce(screen)
        screen.type("slow" + ENTER)
        screen.expect("Slowly")
        screen.kill()
    with terminal(parley.folder, environment, "chat") as screen:
        screen.expect(">")
        screen.type("hi again" + ENTER)
        screen.expect("You said: slow hi again")
        screen.expect(told)
        screen.type("slow" + ENTER)
        screen.expect("Slowly")
        screen.kill()
    asked = parley("once more", "--session", "alpha", PARLEY_LEASE_SECONDS="1")
    assert told in asked.error
    assert told not in parley("and again", "--session", "alpha").error
    assert endings(parley, "alpha") == ["answered", "answered"]


def test_a_pasted_text_is_one_message_and_ctrl_d_leaves(parley: Parley) -> None:
    with terminal(parley.folder, parley.environment, "chat", "--session", "alpha") as screen:
        screen.expect("📂 Session: alpha")
        screen.expect(">")
        screen.type("\x1b[200~first line\nsecond line\x1b[201~" + ENTER)
        screen.expect("You said: first line second line")
        screen.expect(">")
        screen.type("/session show" + ENTER)
        screen.expect("Session Details: alpha")
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
