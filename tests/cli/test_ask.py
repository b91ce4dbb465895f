import asyncio
import json
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Parley, ParleyInside, Result
from tests.emulators.openai import CutStream, ModelServer, rate_limited


def test_prompts_share_a_session_and_without_one_the_last_used_goes_on(parley: Parley) -> None:
    first = parley("my name is Ada", "--session", "learning")
    assert (first.code, first.error) == (0, "")
    assert first.out.startswith("📂 Session: learning (1 message)\n\n")
    assert "offline model" in first.out
    second = parley("--session=learning", "what is my name?")
    assert second.out == "📂 Session: learning (2 messages)\n\nYou told me that your name is Ada.\n"
    third = parley("--json", "what is my name?")
    told = json.loads(third.out)
    assert told.pop("tokens") > 20
    assert told == {
        "session": "learning",
        "answer": "You told me that your name is Ada.",
        "ending": "answered",
        "note": "",
        "model": "offline",
        "used": {"facts": 0, "sessions": [], "sources": []},
        "tokens_estimated": True,
        "run": None,
    }
    assert json.loads(parley("session", "show", "learning", "--json").out)["messages"] == 6


def test_where_no_session_was_used_one_is_started_and_the_home_folder_is_made(
    parley: Parley, tmp_path: Path
) -> None:
    assert parley("hello").out.splitlines()[0].startswith("📂 Session: chat-")
    found = list((tmp_path / "home").glob("*.db"))
    assert len(found) == 1
    with closing(sqlite3.connect(found[0])) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_several_words_without_quotes_are_a_usage_error(inside: ParleyInside) -> None:
    result = inside("What", "is", "Python?")
    assert (result.code, result.out) == (2, "")
    assert "parley 'What is Python?'" in result.error


def test_a_prompt_may_begin_with_a_dash_or_be_a_commands_name(parley: Parley) -> None:
    assert "You said: -v" in parley("--session", "a", "--", "-v").out
    assert "You said: session" in parley("--session", "a", "--", "session").out
    assert "You said: list" in parley("ask", "list", "--session", "a").out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("-v", "--session", "a"), "parley --session a -- -v"),
        (("--dash prompt",), "parley -- '--dash prompt'"),
        (("session", "start", "-dash"), "parley session start -- -dash"),
        (("session", "delete", "-dash", "--yes"), "parley session delete --yes -- -dash"),
    ],
)
def test_a_leading_dash_gets_a_hint(inside: ParleyInside, words: tuple[str, ...], hint: str) -> None:
    result = inside(*words)
    assert (result.code, result.out) == (2, "")
    assert hint in result.error


def test_text_that_is_piped_in_is_the_prompt_or_what_it_is_about(parley: Parley) -> None:
    assert "You said: my name is Ada" in parley("--session", "a", said="my name is Ada\n").out
    about = parley("and these notes", "--session", "a", said="first\nsecond\n")
    assert "You said: and these notes --- From standard input: --- first second" in about.out
    assert "You told me that your name is Ada." in parley("-", said="what is my name?").out


@pytest.mark.parametrize("words", [("--session", "a"), ("-",), (" ",), ("--", ""), ()])
def test_a_missing_or_empty_prompt_is_a_usage_error(inside: ParleyInside, words: tuple[str, ...]) -> None:
    result = inside(*words)
    assert (result.code, result.out) == (2, "")
    assert 'parley "What is Python?"' in result.error


def test_output_that_nobody_reads_or_that_finds_no_room_loses_no_answer(parley: Parley) -> None:
    def ended(line: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line, "sh", *COMMAND],
            cwd=parley.folder,
            env=parley.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stderr

    assert ended('"$@" hello --session a | head -c 5') == (1, "")
    full = "Error: The output cannot be written: No space left on device.\n"
    assert ended('"$@" again --session a > /dev/full') == (1, full)
    assert ended('"$@" session list > /dev/full') == (1, full)
    shown = json.loads(parley("session", "show", "a", "--json").out)
    assert [one["ending"] for one in shown["recent_messages"]] == ["answered"] * 4


@pytest.mark.parametrize("session", ["", "a\nb", "x" * 300, "42"])
def test_a_bad_session_name_loses_nothing_and_asks_nobody(inside: ParleyInside, session: str) -> None:
    result = inside("hello", "--session", session)
    assert result.out == ""
    assert result.code in (1, 2)
    assert result.error.startswith("Error: ")
    assert json.loads(inside("session", "list", "--json").out)["total"] == 0


def test_what_is_no_utf8_is_replaced(parley: Parley, tmp_path: Path) -> None:
    result = parley("chat", said=b"caf\xe9\n")
    assert result.code == 0
    assert "You said: caf\ufffd" in result.out


def test_escape_sequences_of_a_person_or_a_model_are_never_printed_raw(parley: Parley) -> None:
    answered = parley("look \x1b]0;pwned\x07 \x1b[2J", "--session", "a")
    shown = parley("session", "show", "a")
    resumed = parley("session", "resume", "a")
    for result in (answered, shown, resumed):
        assert result.code == 0
        assert "\x1b" not in result.out
        assert "\x07" not in result.out
    assert "␛]0;pwned" in shown.out


# --- with a model behind HTTP ---


@pytest.fixture
async def models() -> AsyncIterator[ModelServer]:
    async with ModelServer.start() as server:
        yield server


async def ask(parley: Parley, models: ModelServer, *words: str, model: str = "gpt-4") -> Result:
    return await asyncio.to_thread(parley, *words, **model_settings(models, model))


def model_settings(models: ModelServer, model: str = "gpt-4") -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": models.base_url,
        "OPENAI_API_KEY": "sk-test",
        "PARLEY_MODEL": model,
    }


async def test_a_real_model_answers_in_the_session(parley: Parley, models: ModelServer) -> None:
    models.enqueue("Python is a language.", "With pip.")
    await ask(parley, models, "What is Python?", "--session", "learning")
    second = await ask(parley, models, "How do I install it?", "--session", "learning")
    assert second.out == "📂 Session: learning (2 messages)\n\nWith pip.\n"
    assert [message["content"] for message in models.requests[-1].messages][1:] == [
        "What is Python?",
        "Python is a language.",
        "How do I install it?",
    ]


async def test_an_unknown_model_is_told_and_the_message_is_kept(
    parley: Parley, models: ModelServer
) -> None:
    result = await ask(parley, models, "hello", "--session", "a", model="no-such-model")
    assert result.code == 1
    assert "no-such-model" in result.error
    shown = json.loads(parley("session", "show", "a", "--json").out)
    assert [(one["content"], one["ending"]) for one in shown["recent_messages"]] == [("hello", "failed")]


async def test_a_refused_key_is_told_and_never_printed(parley: Parley, models: ModelServer) -> None:
    result = await asyncio.to_thread(
        parley,
        "hello",
        OPENAI_BASE_URL=models.base_url,
        OPENAI_API_KEY="sk-secret-word",
        PARLEY_MODEL="gpt-4",
    )
    assert result.code == 1
    assert "sk-secret-word" not in result.out + result.error


async def test_a_broken_stream_begins_again_below_a_line(parley: Parley, models: ModelServer) -> None:
    models.chunk_size = 4
    models.answer = lambda request: f"{request.number}. try of an answer"
    models.fail(CutStream(after=2))
    result = await ask(parley, models, "hello", "--session", "a")
    assert result.code == 0
    assert result.out.endswith(
        "1. try o\n↻ The answer broke off and begins again:\n2. try of an answer\n"
    )


async def test_a_prompt_is_asked_again_as_the_note_says(parley: Parley, models: ModelServer) -> None:
    models.fail(rate_limited(retry_after=600))
    failed = await ask(parley, models, "hello", "--session", "a b")
    assert failed.code == 1
    assert "say “parley ask --retry --session 'a b'”" in failed.error
    assert "/retry" not in failed.error
    models.enqueue("second try", "third try")
    again = await ask(parley, models, "ask", "--retry", "--session", "a b")
    assert (again.code, again.out) == (0, "📂 Session: a b (1 message)\n\nsecond try\n")
    environment = model_settings(models)
    chat = await asyncio.to_thread(parley, "chat", said="/retry\n", **environment)
    assert "third try" in chat.out


def test_there_is_nothing_to_ask_again_in_no_session(inside: ParleyInside) -> None:
    for words in (("--retry",), ("--retry", "--session", "nobody"), ("hi", "--retry")):
        result = inside("ask", *words)
        assert (result.code, result.out) == (2 if words[0] == "hi" else 1, "")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PARLEY_MODEL": "gpt-4"}, "OPENAI_API_KEY"),
        ({"OPENAI_BASE_URL": "http://localhost:1/v1"}, "PARLEY_MODEL"),
        ({"OPENAI_BASE_URL": "localhost"}, "OPENAI_BASE_URL=http"),
    ],
)
def test_half_a_model_is_a_setting_error(parley: Parley, settings: dict[str, str], named: str) -> None:
    result = parley("hello", **settings)
    assert (result.code, result.out) == (2, "")
    assert named in result.error
