"""Every surface has the words of SessionCommands, with the same parameters."""

import inspect
import re
from dataclasses import dataclass

import pytest
import typer
from typer.core import TyperArgument, TyperGroup

from bots.discord.menu import definitions
from bots.spoken import Command, parse_spoken
from bots.terminal.chat import HELP as TERMINAL_HELP
from bots.wording import say
from cli.session import HELP as COMMAND_LINE_HELP
from cli.session import app
from sessions.commands import WORDS, SessionCommands
from sessions.errors import UsageError
from sessions.outcomes import Helped

OPERATORS = {"export", "import"}
"""Words that only the operator has: they read and write files beside the program."""


@dataclass(frozen=True)
class Said:
    """A parameter that a person can say."""

    name: str
    required: bool


def parameters(word: str) -> list[Said]:
    """What stands after ``caller``; keyword-only parameters are said by buttons or flags."""
    signature = inspect.signature(getattr(SessionCommands, word))
    return [
        Said(one.name, one.default is one.empty)
        for one in list(signature.parameters.values())[2:]
        if one.kind is not one.KEYWORD_ONLY
    ]


def test_the_words_are_all_the_methods_that_take_a_caller_and_nothing_but_words() -> None:
    methods = {name for name, _ in inspect.getmembers(SessionCommands, inspect.isfunction)}
    beside = {"stop", "check_retry", "resume_id", "delete_id", "keep_id"}
    assert {name for name in methods if not name.startswith("_")} - beside == set(WORDS)


def test_discord_has_the_words_and_parameters() -> None:
    session = next(one for one in definitions() if one["name"] == "session")
    options = session["options"]
    assert isinstance(options, list)
    shown = {
        word["name"]: [Said(one["name"], one["required"]) for one in word.get("options", [])]
        for word in options
    }
    assert shown == {word: parameters(word) for word in WORDS}


def test_the_command_line_has_the_words_and_parameters() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    shown = {
        word: [one.required for one in command.params if isinstance(one, TyperArgument)]
        for word, command in group.commands.items()
        if word not in OPERATORS
    }
    assert shown == {word: [one.required for one in parameters(word)] for word in WORDS}


def test_the_operators_words_are_on_the_command_line_only() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    assert group.commands.keys() - set(WORDS) == OPERATORS
    for word in OPERATORS:
        with pytest.raises(UsageError):
            parse_spoken(f"/session {word}")


@pytest.mark.parametrize("word", WORDS)
def test_telegram_and_the_terminal_take_the_word_and_its_parameters(word: str) -> None:
    for said in (f"/session {word}", f"/session {word.upper()} 2"):
        rest = said.split()[2:]
        required = any(one.required for one in parameters(word))
        if required and not rest:
            with pytest.raises(UsageError):
                parse_spoken(said)
        else:
            spoken = parse_spoken(said)
            assert isinstance(spoken, Command)
            assert (spoken.word.value, spoken.rest) == (word, " ".join(rest))


@pytest.mark.parametrize("word", WORDS)
def test_the_help_in_chat_tells_every_word_and_what_it_takes(word: str) -> None:
    for text in (say(Helped()).text, TERMINAL_HELP):
        shown = re.search(rf"/session {word}(.*?)(`| {{2,}}|\n|$)", text)
        assert shown, f"no /session {word} in {text}"
        assert ("<" in shown[1], "[" in shown[1]) == (
            any(one.required for one in parameters(word)),
            any(not one.required for one in parameters(word)),
        )


@pytest.mark.parametrize("word", WORDS)
def test_the_help_of_the_command_line_tells_every_word(word: str) -> None:
    assert f"parley session {word}" in COMMAND_LINE_HELP
