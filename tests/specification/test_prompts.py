"""The page's prompts: what they print, what they remember, and what each option brings along."""

import json
import shlex
from itertools import permutations
from pathlib import Path

import pytest

from tests.cli.terminal import terminal
from tests.specification.conftest import Page, model_settings
from tests.specification.page import COMMANDS

THIRD = """\
📂 Session: learning (3 messages)

╭────────────────────────────────── Response ──────────────────────────────────╮
│ Based on our conversation about Python, here's a hello world example:        │
│                                                                              │
│ ```python                                                                    │
│ print("Hello, World!")                                                       │
│ ```                                                                          │
│                                                                              │
│ After installing Python as we discussed, save this to a file called          │
│ `hello.py` and run it with `python hello.py`                                 │
╰──────────────────────────────────────────────────────────────────────────────╯
"""
HEADER, PANEL = THIRD.split("\n\n", 1)

EXAMPLE = """\
Based on our conversation about Python, here's a hello world example:

```python
print("Hello, World!")
```

After installing Python as we discussed, save this to a file called `hello.py` and run it with \
`python hello.py`"""


def learn(page: Page) -> None:
    page.models.enqueue("A language.", "With its installer.")
    page.answered("What is Python?", "--session", "learning")
    page.answered("How do I install it?", "--session", "learning")
    page.models.enqueue(EXAMPLE)


def test_the_third_message_knows_the_first_two_and_its_answer_stands_in_a_panel(page: Page) -> None:
    learn(page)
    environment = {**page.inside.environment, **model_settings(page.models), "COLUMNS": "80"}
    words = ("Show me a hello world example", "--session", "learning")
    with terminal(page.inside.folder, environment, *words) as screen:
        screen.expect(HEADER + "\n\n")
        screen.expect(PANEL)
        assert screen.wait() == 0
    assert page.asked[1:] == [
        ("user", "What is Python?"),
        ("assistant", "A language."),
        ("user", "How do I install it?"),
        ("assistant", "With its installer."),
        ("user", "Show me a hello world example"),
    ]


def test_what_is_no_terminal_gets_the_answer_as_it_is(page: Page) -> None:
    learn(page)
    result = page.answered("Show me a hello world example", "--session", "learning")
    assert result.out == f"{HEADER}\n\n{EXAMPLE}\n"


@pytest.mark.parametrize("name", ["website-redesign", "learn-rust", "pr-review-123"])
def test_a_use_case_goes_on_from_prompt_to_prompt(page: Page, name: str) -> None:
    (page.inside.folder / "src").mkdir()
    lines = [shlex.split(line) for line in COMMANDS if line.endswith(name) or f"{name} " in line]
    assert len(lines) == 4
    for line in lines:
        page.answered(*line)
    asked = [text for role, text in page.asked if role == "user"]
    assert [text.rpartition("\n\n")[2] for text in asked] == [line[0] for line in lines[1:]]


def test_auto_save_keeps_every_run_in_the_session(page: Page) -> None:
    first = page.answered("Analyze this code", "--auto-save", "my-project")
    second = page.answered("Now refactor it", "--auto-save", "my-project")
    assert first.out.startswith("📂 Session: my-project (1 message)\n")
    assert second.out.startswith("📂 Session: my-project (2 messages)\n")
    assert page.asked[1] == ("user", "Analyze this code")


def test_auto_save_and_session_are_one_place(page: Page) -> None:
    page.answered("hello", "--session", "Project", "--auto-save", "project")
    refused = page("hello", "--session", "one", "--auto-save", "two")
    assert (refused.code, refused.out) == (2, "")
    assert "Leave out --auto-save two" in refused.error
    assert [one["name"] for one in sessions(page)] == ["Project"]


def sessions(page: Page) -> list[dict[str, object]]:
    found = json.loads(page("session", "list", "--json").out)["sessions"]
    assert isinstance(found, list)
    return found


def test_history_brings_the_last_sessions_newest_first(page: Page) -> None:
    for name in ("one", "two", "three"):
        page.answered(f"we talked about {name}", "--session", name)
    page.answered("session", "start", "now")
    result = page.answered("Continue our discussion", "--history", "2")
    assert result.out.startswith("📂 Session: now (1 message)\n🕘 History: 2 sessions (three, two)\n\n")
    background = page.asked[-1][1]
    assert background.index("“three”") < background.index("“two”")
    assert "we talked about two" in background
    assert "we talked about one" not in background
    assert background.endswith("Continue our discussion")


@pytest.mark.parametrize("number", ["0", "-1", "five", "", "1.5", "9999999999"])
def test_a_history_that_is_no_number_is_refused_and_nothing_is_asked(page: Page, number: str) -> None:
    result = page("Continue", f"--history={number}", "--session", "new")
    assert (result.code, result.out) == (2, "")
    assert "--history 5" in result.error
    assert (sessions(page), page.models.requests) == ([], [])


@pytest.mark.parametrize("folder", ["nowhere", "file.txt", ""])
def test_fast_context_of_what_is_no_folder_is_refused_and_nothing_is_asked(
    page: Page, folder: str
) -> None:
    (page.inside.folder / "file.txt").write_text("no folder")
    result = page("Review this", "--session", "new", "--fast-context", folder)
    assert (result.code, result.out) == (2, "")
    assert "--fast-context ./src" in result.error
    assert (sessions(page), page.models.requests) == ([], [])


@pytest.mark.parametrize("option", ["--memory", "--knowledge"])
def test_memory_and_knowledge_go_with_a_session(page: Page, option: str) -> None:
    result = page("Remember my preferences", "--session", "project", option)
    assert result.code == 0
    assert result.out.startswith("📂 Session: project (1 message)\n")


def test_every_option_stands_in_any_place_and_all_of_them_together(page: Page, tmp_path: Path) -> None:
    (page.inside.folder / "src").mkdir()
    page.answered("hello", "--session", "other")
    groups = [
        ["--session", "project", "--auto-save=project"],
        ["--memory", "--knowledge", "--json", "--history", "2", "--fast-context", "src"],
        ["--model", "gpt-4o-mini", "--system", "Be brief.", "--no-stream"],
        ["Say something"],
    ]
    told: list[dict[str, object]] = []
    for order in permutations(groups):
        words = [word for group in order for word in group]
        result = page(*words)
        assert result.code == 0, result.error
        assert "There are no documents yet" in result.error
        told.append(json.loads(result.out))
        received = page.models.requests[-1]
        assert received.model == "gpt-4o-mini"
        assert page.asked[0] == ("system", "Be brief.")
        assert page.asked[-1][1].endswith("Say something")
    assert {str(one["session"]) for one in told} == {"project"}
    assert {str(one["model"]) for one in told} == {"gpt-4o-mini"}
    assert [one["used"] for one in told] == [{"facts": 0, "sessions": ["other"], "sources": []}] * 24


def test_continue_goes_on_in_the_session_used_last(page: Page) -> None:
    none = page("go on", "--continue")
    assert (none.code, none.out) == (1, "")
    assert "Leave --continue out" in none.error
    assert sessions(page) == []
    page.answered("hello", "--session", "first")
    page.answered("hello", "--session", "second")
    assert page.answered("--continue", "go on").out.startswith("📂 Session: second (2 messages)\n")
    page.answered("session", "delete", "second", "--yes")
    assert page.answered("go on", "--continue").out.startswith("📂 Session: first (2 messages)\n")
    missing = page("go on", "--continue", "--session", "third")
    assert (missing.code, missing.out) == (1, "")
    assert [one["name"] for one in sessions(page)] == ["first"]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("hi", "--model", ""), "--model gpt-4.1-mini"),
        (("hi", "--system", " "), "--system"),
        (("hi", "--yes"), "Add --planning"),
        (("ask", "--retry", "--planning"), "leave one of the two out"),
        (("--history", "Continue our discussion"), "--history 5"),
        (("hi", "--fast-context"), "--fast-context"),
        (("hi", "--session", "new", "--model", "gpt-4", "--bogus"), "--bogus"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors_that_tell_what_to_do(
    page: Page, words: tuple[str, ...], advice: str
) -> None:
    result = page(*words)
    assert (result.code, result.out) == (2, "")
    assert advice in result.error
    assert (sessions(page), page.models.requests) == ([], [])


def test_a_model_without_a_key_is_refused_before_anything_is_kept(page: Page) -> None:
    result = page("hi", "--session", "new", "--model", "gpt-4", OPENAI_BASE_URL="", OPENAI_API_KEY="")
    assert (result.code, result.out) == (2, "")
    nothing = page.inside("hi", "--session", "new", "--model", "gpt-4")
    assert (nothing.code, nothing.out) == (2, "")
    assert "OPENAI_API_KEY" in nothing.error
    assert sessions(page) == []


def test_without_streaming_the_answer_comes_whole(page: Page) -> None:
    page.models.enqueue("one two three")
    result = page.answered("count", "--session", "a", "--no-stream")
    assert result.out == "📂 Session: a (1 message)\n\none two three\n"


def test_piped_text_is_what_the_prompt_is_about(page: Page) -> None:
    page.answered("Summarize this.", "--session", "notes", said="first\nsecond\n")
    assert page.asked[-1][1].startswith("Summarize this.\n\n")
    assert page.asked[-1][1].endswith("first\nsecond")


def test_json_tells_what_the_answer_took_and_failures_stay_on_standard_error(page: Page) -> None:
    page.models.count_tokens = lambda text: 100
    page.models.enqueue("yes")
    told = json.loads(page.answered("hi", "--session", "a", "--json").out)
    assert (told["answer"], told["ending"], told["model"]) == ("yes", "answered", "gpt-4")
    assert (told["tokens"], told["tokens_estimated"]) == (509, False)
    failed = page("hi", "--session", "a", "--json", "--model", "no-such-model")
    assert failed.code == 1
    assert json.loads(failed.out)["ending"] == "failed"
    assert "no-such-model" in json.loads(failed.out)["note"]
    assert "no-such-model" in failed.error
