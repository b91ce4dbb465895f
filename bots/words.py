"""What can be said in chat: rooms of commands, their words, and what stands behind each word.

Every surface is made from this table: what is parsed, the help pages, Discord's menu, completion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Room(StrEnum):
    """What commands are about; the word behind the slash."""

    SESSION = "session"
    WORKFLOW = "workflow"
    MEMORY = "memory"
    KNOWLEDGE = "knowledge"


class Word(StrEnum):
    """What is to be done: a word behind a room's, or (the last ones) behind the slash itself."""

    START = "start"
    LIST = "list"
    RESUME = "resume"
    SHOW = "show"
    DELETE = "delete"
    RUN = "run"
    APPROVE = "approve"
    REFUSE = "refuse"
    ADD = "add"
    FORGET = "forget"
    SEARCH = "search"
    REMOVE = "remove"
    HELP = "help"
    STOP = "stop"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of a room. ``parameter`` is what the room's method calls it, ``usage`` what people read.

    ``about`` tells a person what to give; ``named`` says that it is a session's name.
    """

    word: Word
    meaning: str
    parameter: str = ""
    usage: str = ""
    about: str = ""
    named: bool = False

    @property
    def required(self) -> bool:
        """Whether something has to stand behind the word."""
        return self.usage.startswith("<")

    @property
    def line(self) -> str:
        """The word with what may stand behind it."""
        return f"{self.word} {self.usage}".rstrip()


_HELP = Entry(Word.HELP, "see this help")

ENTRIES: Mapping[Room, tuple[Entry, ...]] = {
    Room.SESSION: (
        Entry(Word.START, "begin a new session here", "name", "[name]", "What to call it"),
        Entry(Word.LIST, "see the sessions", "page", "[page]", "Which page"),
        Entry(
            Word.RESUME,
            "go on with a session here",
            "session",
            "<name or number>",
            "Its name or number",
            named=True,
        ),
        Entry(
            Word.SHOW,
            "see a session's details",
            "session",
            "[name]",
            "Its name; the one here if left out",
            named=True,
        ),
        Entry(
            Word.DELETE,
            "delete a session for good",
            "session",
            "[name]",
            "Its name; the one here if left out",
            named=True,
        ),
        _HELP,
    ),
    Room.WORKFLOW: (
        Entry(
            Word.RUN,
            "run a workflow here",
            "workflow",
            "<name> [variable=value …]",
            "Its name, and variables if it takes some",
        ),
        Entry(Word.LIST, "see the workflows and their runs"),
        Entry(Word.SHOW, "see a workflow's steps, or how far a run came", "name", "<name>", "Its name"),
        Entry(
            Word.RESUME,
            "go on with a run",
            "run",
            "<run> [rebase]",
            "Its name; behind it rebase if its workflow was changed",
        ),
        Entry(Word.APPROVE, "let a run that waits go on", "run", "<run>", "The run's name"),
        Entry(Word.REFUSE, "end a run that waits", "run", "<run>", "The run's name"),
        Entry(Word.DELETE, "forget a run", "run", "<run>", "The run's name"),
        _HELP,
    ),
    Room.MEMORY: (
        Entry(Word.SHOW, "see what is remembered", "page", "[page]", "Which page"),
        Entry(Word.ADD, "remember something", "text", "<text>", "One sentence"),
        Entry(Word.FORGET, "forget something", "fact", "<id or words>", "Its id, or words of it"),
        _HELP,
    ),
    Room.KNOWLEDGE: (
        Entry(Word.LIST, "see the documents", "page", "[page]", "Which page"),
        Entry(Word.SEARCH, "find passages", "query", "<words>", "What to look for"),
        Entry(Word.REMOVE, "remove a document", "source", "<document>", "As the list calls it"),
        _HELP,
    ),
}
"""The words of each room, in the order of the help pages."""
