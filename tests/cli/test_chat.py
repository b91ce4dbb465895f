from tests.cli.conftest import Parley

INTRODUCED = "/session start alpha\nmy name is Ada\n/session show\n"


def test_piped_lines_are_answered_in_order_and_the_end_is_no_error(parley: Parley) -> None:
    result = parley("run", said=INTRODUCED)
    assert (result.code, result.error) == (0, "")
    started = result.out.index("Starting new session: alpha")
    answered = result.out.index("I shall remember the name Ada.")
    shown = result.out.index("Session Details: alpha")
    assert started < answered < shown
    assert "│ Total Messages      │ 2 " in result.out
    assert "[User] my name is Ada" in result.out


def test_a_chat_goes_on_where_the_last_one_ended(parley: Parley) -> None:
    parley("chat", said=INTRODUCED)
    assert "You told me that your name is Ada." in parley("chat", said="what is my name?\n").out
    other = parley("chat", "--session", "beta", said="what is my name?\n")
    assert "You have not told me your name." in other.out


def test_the_first_message_without_a_session_starts_one(parley: Parley) -> None:
    assert "📂 Session: chat-" in parley("chat", said="hello").out


def test_all_words_work_in_the_chat(parley: Parley) -> None:
    said = (
        "/session start one\n/session start two\n/session list\n/session resume 2\n/session show\n"
        "/session help\n/help\n/stop\n/session delete two\nn\n/session delete two\ny\n/session list\n"
    )
    result = parley("chat", said=said)
    assert result.code == 0
    for text in (
        "Total: 2 sessions",
        "Resuming session: one",
        "Session Details: one",
        "/session resume <name or number>",
        "Nothing is running here.",
        "Cancelled: nothing was deleted.",
        "Session 'two' deleted successfully.",
        "Total: 1 session\n",
    ):
        assert text in result.out


def test_bad_input_is_explained_and_the_chat_goes_on(parley: Parley) -> None:
    explained = {
        "/session bar": "/session start",
        "/session resume": "/session resume <name or number>",
        "/session resume nobody": "There is no session “nobody”",
        "/session start " + "x" * 300: "at most 64",
        "/session start a\0b": "visible characters",
        "/session start \u202e": "visible characters",
        "/session start 42": "digits only",
        "/session list 7": "There is no page 7",
        "/session resume 9": "There is no number 9",
        "/retry": "nothing to retry",
        "/nonsense": "There is no command /nonsense",
    }
    lines = "\n".join(("/session start alpha", "/session list", *explained, "my name is Ada"))
    result = parley("chat", said=lines)
    assert result.code == 0
    told = [line for line in result.out.splitlines() if line.startswith("Error: ")]
    for line, (typed, words) in zip(told, explained.items(), strict=True):
        assert words in line, typed
    assert "I shall remember the name Ada." in result.out


def test_the_end_of_the_input_is_no_yes(parley: Parley) -> None:
    parley("session", "start", "kept")
    result = parley("chat", said="/session delete kept\n")
    assert result.code == 0
    assert "nothing was deleted" in result.out
    assert parley("session", "show", "kept").code == 0


def test_the_progress_of_a_task_is_told_line_by_line_and_as_no_answer_that_broke_off(
    parley: Parley,
) -> None:
    folder = parley.folder / "home" / "workflows"
    folder.mkdir(parents=True)
    (folder / "two.yaml").write_text("steps: [{name: one, prompt: hi}, {name: two, prompt: ho}]")
    out = parley("chat", said="/plan a trip\n/workflow run two\n").out
    assert "broke off" not in out
    assert out.count("Shall I do these steps?") == 1
    assert out.index("\n- ✅ one\n") < out.index("\n- ✅ two\n\n**two** · run `")
