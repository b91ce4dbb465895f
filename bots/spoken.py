"""Commands that are typed as text: ``/session resume my name``."""

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bots.actions import Action, CancelDelete, ConfirmedDelete, ListPage, ResumeById
from sessions.commands import WORDS, Caller, SessionCommands
from sessions.errors import UsageError
from sessions.outcomes import Outcome

_SOME = ", ".join(WORDS)
_LONGEST_PAGE = 6


class Word(StrEnum):
    """What can be said; the first six stand after ``/session``."""

    START = "start"
    LIST = "list"
    RESUME = "resume"
    SHOW = "show"
    DELETE = "delete"
    HELP = "help"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the rest of its line: a name, a number or nothing."""

    word: Word
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """``/retry``: not a command to run but, after ``check_retry``, an Inbound to accept."""


Spoken = Command | Retry


def parse_spoken(text: str, bot_name: str = "") -> Spoken | None:
    """Read a message; None when it is no command, or one for another bot (``/stop@OtherBot``).

    Raises UsageError for words after ``/session`` that do not fit.
    """
    head, rest = _split(text.strip())
    if not head.startswith("/"):
        return None
    command, at, addressee = head[1:].partition("@")
    if at and (not bot_name or addressee.casefold() != bot_name.removeprefix("@").casefold()):
        return None
    match command.lower():
        case "session":
            return _parse_session(rest)
        case "stop":
            return Command(Word.STOP)
        case "retry":
            return Retry()
        case "help" | "start":
            return Command(Word.HELP)
        case _:
            return None


async def run_spoken(commands: SessionCommands, caller: Caller, spoken: Command) -> Outcome:
    """Do what was said. Raises UserError."""
    match spoken.word:
        case Word.START:
            return await commands.start(caller, spoken.rest or None)
        case Word.LIST:
            return await commands.list(caller, _page(spoken.rest))
        case Word.RESUME:
            return await commands.resume(caller, spoken.rest)
        case Word.SHOW:
            return await commands.show(caller, spoken.rest or None)
        case Word.DELETE:
            return await commands.delete(caller, spoken.rest or None)
        case Word.HELP:
            return await commands.help(caller)
        case Word.STOP:
            return await commands.stop(caller)
        case other:
            assert_never(other)


async def run_action(commands: SessionCommands, caller: Caller, action: Action) -> Outcome:
    """Do what a pressed button stands for. Raises UserError."""
    match action:
        case ConfirmedDelete(session):
            return await commands.delete_id(caller, session)
        case ResumeById(session):
            return await commands.resume_id(caller, session)
        case ListPage(page):
            return await commands.list(caller, page)
        case CancelDelete(session):
            return await commands.keep_id(caller, session)
        case other:
            assert_never(other)


def _parse_session(rest: str) -> Command:
    said, rest = _split(rest)
    if not said:
        return Command(Word.HELP)
    word = said.casefold()
    if word not in WORDS:
        near = difflib.get_close_matches(word[:32], WORDS, 1, 0.5)
        hint = f"Did you mean /session {near[0]}?" if near else f"There are: {_SOME}."
        raise UsageError(f"“{said[:32]}” is no session command. {hint}")
    command = Command(Word(word), rest)
    if not rest and command.word is Word.RESUME:
        raise UsageError("Say which session: /session resume <name or number>")
    if command.word is Word.LIST:
        _page(rest)
    return command


def _page(said: str) -> int:
    if not said:
        return 1
    if not said.isdecimal():
        raise UsageError("A list takes the number of a page: /session list 2")
    if len(said) > _LONGEST_PAGE:
        raise UsageError("There is no such page. Say /session list to see the first one.")
    return int(said)


def _split(text: str) -> tuple[str, str]:
    """Split at the first white space of any kind."""
    head, *rest = text.split(maxsplit=1) or [""]
    return head, rest[0].strip() if rest else ""
