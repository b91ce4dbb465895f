"""What the options of a prompt wish for, checked before anything is accepted."""

import os
from dataclasses import dataclass
from pathlib import Path

from bots.terminal.plain import one_line
from sessions.errors import UsageError
from sessions.model import Wishes
from sessions.names import fold

_MOST_SESSIONS = 1_000


@dataclass(frozen=True)
class Options:
    """The options of a prompt as they were typed."""

    session: str | None = None
    auto_save: str | None = None
    history: str | None = None
    model: str | None = None
    system: str | None = None
    folder: str | None = None
    memory: bool = False
    knowledge: bool = False
    planning: bool = False
    go_on: bool = False
    yes: bool = False
    retry: bool = False


@dataclass(frozen=True)
class Wanted:
    """The same, checked: where the prompt belongs and what its answer draws on."""

    session: str | None
    wishes: Wishes
    folder: Path | None


def checked(options: Options) -> Wanted:
    """Check what can be checked without a store. Raises UsageError."""
    if options.planning and options.retry:
        raise UsageError("--retry asks the last prompt again, without a plan: leave one of the two out.")
    if options.yes and not options.planning:
        raise UsageError("--yes agrees to a plan. Add --planning, or leave --yes out.")
    wishes = Wishes(
        model=_said("--model", options.model, "gpt-4.1-mini"),
        system=_said("--system", options.system, '"Answer in French."'),
        memory=options.memory,
        knowledge=options.knowledge,
        history=_sessions(options.history),
    )
    return Wanted(_session(options), wishes, _folder(options.folder))


def left_out(options: Options) -> tuple[str, ...]:
    """Return the options that a plan has no use for: it is made from what its session says."""
    given = {
        "--memory": options.memory,
        "--knowledge": options.knowledge,
        "--history": options.history,
        "--fast-context": options.folder,
        "--system": options.system,
    }
    return tuple(name for name, value in given.items() if value) if options.planning else ()


def _session(options: Options) -> str | None:
    named, saved = options.session, options.auto_save
    if named is not None and saved is not None and fold(named.strip()) != fold(saved.strip()):
        raise UsageError(
            "--session and --auto-save name two sessions, and a prompt belongs to one. Leave out "
            f"--auto-save {one_line(saved)}: every answer is saved in {one_line(named)} anyway."
        )
    return named if named is not None else saved


def _said(option: str, value: str | None, example: str) -> str:
    if value is None:
        return ""
    if not value.strip():
        raise UsageError(f"{option} is empty. Say for example: {option} {example}")
    return value.strip()


def _sessions(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= _MOST_SESSIONS):
        raise UsageError(
            f"--history is “{one_line(text)[:32]}”, which is no number of sessions from 1 to "
            f"{_MOST_SESSIONS:,}. Say for example: --history 5"
        )
    return int(text)


def _folder(text: str | None) -> Path | None:
    if text is None:
        return None
    path = Path(text).expanduser() if text.startswith("~/") else Path(text)
    wrong = _wrong(path) if text.strip() else "is empty"
    if wrong:
        raise UsageError(
            f"--fast-context “{one_line(text)}” {wrong}. Give a folder, for example: --fast-context ./src"
        )
    return path


def _wrong(path: Path) -> str:
    if not path.exists():
        return "is not there"
    if not path.is_dir():
        return "is no folder"
    return "" if os.access(path, os.R_OK | os.X_OK) else "cannot be read"
