"""Commands that are typed as text: ``/session resume my name``."""

import difflib
import re
from dataclasses import dataclass

from bots.words import ENTRIES, Room, Word
from sessions.errors import UsageError

_LONGEST_PAGE = 6
_VARIABLE = re.compile(r"(?:\A|\s)([A-Za-z_]\w*)=(\S*)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the rest of its line: a name, a number or nothing."""

    word: Word
    rest: str = ""
    room: Room = Room.SESSION


@dataclass(frozen=True, slots=True)
class Retry:
    """``/retry``: not a command to run but, after ``check_retry``, an Inbound to accept."""


Spoken = Command | Retry


def parse_spoken(text: str, bot_name: str = "") -> Spoken | None:
    """Read a message; None when it is no command, or one for another bot (``/stop@OtherBot``).

    Raises UsageError for words after ``/session`` and its like that do not fit.
    """
    head, rest = _split(text.strip())
    if not head.startswith("/"):
        return None
    command, at, addressee = head[1:].partition("@")
    if at and (not bot_name or addressee.casefold() != bot_name.removeprefix("@").casefold()):
        return None
    command = command.lower()
    if command in set(Room):
        return _parse_room(Room(command), rest)
    match command:
        case "stop":
            return Command(Word.STOP)
        case "retry":
            return Retry()
        case "plan":
            if not rest:
                raise UsageError("Say what to plan: /plan <what you want to reach>")
            return Command(Word.PLAN, rest, Room.WORKFLOW)
        case "help" | "start":
            return Command(Word.HELP)
        case _:
            return None


def page_of(spoken: Command) -> int:
    """Return the number of the page that was asked for; without one, the first. Raises UsageError."""
    said, line = spoken.rest, f"/{spoken.room} {spoken.word}"
    if not said:
        return 1
    if not said.isdecimal():
        raise UsageError(f"Pages have numbers: {line} 2")
    if len(said) > _LONGEST_PAGE:
        raise UsageError(f"There is no such page. Say {line} to see the first one.")
    return int(said)


def variables_of(said: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Divide ``deploy region=eu force=yes`` into the name and its variables."""
    found: list[tuple[str, str]] = []
    while (pair := _VARIABLE.search(said)) is not None:
        found.append((pair[1], pair[2]))
        said = said[: pair.start()].rstrip()
    return said, tuple(reversed(found))


def rebase_of(said: str) -> tuple[str, bool]:
    """Divide ``deploy-1 rebase`` into the run's name and whether it goes on with changed steps."""
    name, _, last = said.rpartition(" ")
    return (name.rstrip(), True) if name and last.casefold() == "rebase" else (said, False)


def _parse_room(room: Room, rest: str) -> Command:
    said, rest = _split(rest)
    if not said:
        return Command(Word.HELP, room=room)
    words = {entry.word.value: entry for entry in ENTRIES[room]}
    found = words.get(said.casefold())
    if found is None:
        near = difflib.get_close_matches(said.casefold()[:32], words, 1, 0.5)
        hint = f"Did you mean /{room} {near[0]}?" if near else f"There are: {', '.join(words)}."
        raise UsageError(f"“{said[:32]}” is no {room} command. {hint}")
    if found.required and not rest:
        raise UsageError(f"Something is missing: /{room} {found.line}")
    spoken = Command(found.word, rest, room)
    if found.parameter == "page":
        page_of(spoken)
    return spoken


def _split(text: str) -> tuple[str, str]:
    """Split at the first white space of any kind."""
    head, *rest = text.split(maxsplit=1) or [""]
    return head, rest[0].strip() if rest else ""
