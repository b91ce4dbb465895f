import inspect

import pytest
import typer
from typer.core import TyperArgument, TyperGroup

from bots.terminal.chat import HELP as CHAT_HELP
from cli.session import HELP, app
from sessions.commands import WORDS, SessionCommands


def group() -> TyperGroup:
    built = typer.main.get_command(app)
    assert isinstance(built, TyperGroup)
    return built


def test_the_command_line_has_the_words_of_the_commands() -> None:
    assert set(group().commands) == set(WORDS)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_takes_what_its_command_takes(word: str) -> None:
    parameters = list(inspect.signature(getattr(SessionCommands, word)).parameters.values())[2:]
    expected = [
        one.default is inspect.Parameter.empty for one in parameters if one.kind is not one.KEYWORD_ONLY
    ]
    arguments = [one for one in group().commands[word].params if isinstance(one, TyperArgument)]
    assert [one.required for one in arguments] == expected


@pytest.mark.parametrize("word", WORDS)
def test_the_help_pages_tell_every_word(word: str) -> None:
    assert f"parley session {word}" in HELP
    assert f"/session {word}" in CHAT_HELP
