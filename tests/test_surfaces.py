"""Every surface has the words of the commands in each room, with the same parameters."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
import typer
from typer.core import TyperArgument, TyperGroup

from bots.commands import RoomHelped
from bots.discord.menu import definitions
from bots.spoken import Command, parse_spoken
from bots.telegram.menu import MENU
from bots.terminal.chat import HELP as SESSION_HELP
from bots.terminal.room_help import room_help
from bots.wording import say
from bots.words import ENTRIES, Room
from cli import knowledge, memory, session, workflow
from sessions.commands import WORDS as SESSION_WORDS
from sessions.commands import SessionCommands
from sessions.errors import UsageError
from sessions.facts.commands import WORDS as FACT_WORDS
from sessions.facts.commands import FactCommands
from sessions.knowledge.commands import WORDS as KNOWLEDGE_WORDS
from sessions.knowledge.commands import KnowledgeCommands
from sessions.outcomes import Helped
from sessions.workflows.commands import WORDS as WORKFLOW_WORDS
from sessions.workflows.commands import WorkflowCommands


@dataclass(frozen=True)
class Said:
    """A parameter that a person can say."""

    name: str
    required: bool


@dataclass(frozen=True)
class Sameness:
    """A room: its commands, its group on the command line, and the differences that are meant.

    ``beside`` are methods that no word stands for: buttons and other commands use them, and other groups
    of the command line. ``named`` are methods with another name than their words.
    """

    commands: type
    words: tuple[str, ...]
    app: typer.Typer
    help: str
    beside: frozenset[str] = frozenset()
    named: Mapping[str, str] = field(default_factory=dict)
    operators: frozenset[str] = frozenset()
    chats: frozenset[str] = frozenset()

    def parameters(self, word: str) -> list[Said]:
        """What stands after ``caller``; keyword-only parameters are said by buttons or flags."""
        if word == "help":
            return []
        signature = inspect.signature(getattr(self.commands, self.named.get(word, word)))
        return [
            Said(one.name, one.default is one.empty)
            for one in list(signature.parameters.values())[2:]
            if one.kind is not one.KEYWORD_ONLY and (word, one.name) not in UNSAID
        ]

    @property
    def group(self) -> TyperGroup:
        """The group of the command line."""
        found = typer.main.get_command(self.app)
        assert isinstance(found, TyperGroup)
        return found


UNSAID = {("run", "run")}
"""In chat a run is named automatically; on the command line --checkpoint names it."""

ROOMS = {
    Room.SESSION: Sameness(
        SessionCommands,
        SESSION_WORDS,
        session.app,
        session.HELP,
        beside=frozenset({"stop", "check_retry", "resume_id", "delete_id", "keep_id"}),
        operators=frozenset({"export", "import"}),  # they read and write files beside the program
    ),
    Room.MEMORY: Sameness(FactCommands, FACT_WORDS, memory.app, memory.HELP),
    Room.KNOWLEDGE: Sameness(
        KnowledgeCommands,
        KNOWLEDGE_WORDS,
        knowledge.app,
        knowledge.HELP,
        operators=frozenset({"add"}),  # it reads files beside the program
    ),
    Room.WORKFLOW: Sameness(
        WorkflowCommands,
        WORKFLOW_WORDS,
        workflow.app,
        workflow.HELP,
        beside=frozenset(
            {"decide", "decide_digest", "delete_digest", "keep_digest", "plan", "runs"}
            | {"show_run", "show_workflow"}
        ),
        named={"approve": "decide", "refuse": "decide"},
        # There it is run --resume, run asks by itself, and checkpoint delete.
        chats=frozenset({"resume", "approve", "refuse", "delete"}),
    ),
}
EACH = [
    (room, str(one.word))
    for room, entries in ENTRIES.items()
    for one in entries
    if one.word != "help" or room is Room.SESSION
]


@pytest.mark.parametrize("room", Room)
def test_the_words_are_all_the_methods_that_take_a_caller_and_nothing_but_words(room: Room) -> None:
    same = ROOMS[room]
    methods = {name for name, _ in inspect.getmembers(same.commands, inspect.isfunction)}
    methods = {name for name in methods if not name.startswith("_")}
    assert methods - same.beside == set(same.words) - same.named.keys()
    assert {str(one.word) for one in ENTRIES[room]} == {*same.words, "help"}


@pytest.mark.parametrize("room", Room)
def test_discord_has_the_words_and_parameters(room: Room) -> None:
    options = next(one for one in definitions() if one["name"] == room)["options"]
    assert isinstance(options, list)
    shown = {
        word["name"]: [Said(one["name"], one["required"]) for one in word.get("options", [])]
        for word in options
    }
    assert shown == {str(one.word): ROOMS[room].parameters(one.word) for one in ENTRIES[room]}


def test_every_menu_has_the_rooms_and_what_has_no_room() -> None:
    beside = {"plan", "stop", "retry"}
    assert {one["name"] for one in definitions()} == {*Room, *beside}
    assert set(MENU) == {*Room, *beside, "help"}  # Discord's people find /session help


@pytest.mark.parametrize("room", Room)
def test_the_command_line_has_the_words_and_parameters(room: Room) -> None:
    same = ROOMS[room]
    shown = {
        word: [one.required for one in command.params if isinstance(one, TyperArgument)]
        for word, command in same.group.commands.items()
        if word not in same.operators
    }
    wanted = {
        word: [one.required for one in same.parameters(word)]
        for word in (*same.words, "help")
        if word not in same.chats
    }
    if room is Room.WORKFLOW:
        wanted["run"] = [False]  # with --resume the run knows its workflow
    assert shown == wanted


@pytest.mark.parametrize("room", Room)
def test_the_operators_words_are_on_the_command_line_only(room: Room) -> None:
    same = ROOMS[room]
    assert same.group.commands.keys() - {*same.words, "help"} == same.operators
    for word in same.operators:
        with pytest.raises(UsageError):
            parse_spoken(f"/{room} {word}")


@pytest.mark.parametrize(("room", "word"), EACH)
def test_telegram_and_the_terminal_take_the_word_and_its_parameters(room: Room, word: str) -> None:
    required = any(one.required for one in ROOMS[room].parameters(word))
    for said in (f"/{room} {word}", f"/{room} {word.upper()} 2"):
        rest = said.split()[2:]
        if required and not rest:
            with pytest.raises(UsageError, match=f"/{room} {word} <"):
                parse_spoken(said)
        else:
            spoken = parse_spoken(said)
            assert isinstance(spoken, Command)
            assert (spoken.room, spoken.word.value, spoken.rest) == (room, word, " ".join(rest))


@pytest.mark.parametrize(("room", "word"), EACH)
def test_the_help_in_chat_tells_every_word_and_what_it_takes(room: Room, word: str) -> None:
    parameters = ROOMS[room].parameters(word)
    in_terminal = SESSION_HELP if room is Room.SESSION else room_help(room)
    in_chat = say(Helped() if room is Room.SESSION else RoomHelped(room)).text
    for text in (in_chat, in_terminal):
        shown = re.search(rf"/{room} {word}(.*?)(`| {{2,}}|\n|$)", text)
        assert shown, f"no /{room} {word} in {text}"
        assert "<" in shown[1] or not any(one.required for one in parameters)
        assert "[" in shown[1] or not any(not one.required for one in parameters)
        assert shown[1].strip() == next(one for one in ENTRIES[room] if one.word == word).usage


@pytest.mark.parametrize("room", Room)
def test_the_help_of_the_command_line_tells_every_word(room: Room) -> None:
    for word in ROOMS[room].group.commands:
        if room is not Room.SESSION or word not in ROOMS[room].operators:
            assert f"parley {room} {word}" in ROOMS[room].help
