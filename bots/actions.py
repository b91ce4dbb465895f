"""What buttons carry: actions as short data that a platform hands back, and anybody may forge."""

import re
from dataclasses import dataclass
from typing import assert_never

from sessions.model import SessionId


@dataclass(frozen=True, slots=True)
class ConfirmedDelete:
    """Delete the session; the presser's right is checked again."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class CancelDelete:
    """Leave the session as it is; who may delete it may say so."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class ListPage:
    """Show a page of the list, counted from 1."""

    page: int


@dataclass(frozen=True, slots=True)
class ResumeById:
    """Bind the thread to the session."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Decide:
    """Let the run go on past the step, or end it there; both are :func:`~sessions.names.name_digest`."""

    run: str
    step: str
    approve: bool


@dataclass(frozen=True, slots=True)
class ConfirmedDeleteRun:
    """Delete the run whose name has this digest; the presser's right is checked again."""

    run: str


@dataclass(frozen=True, slots=True)
class CancelDeleteRun:
    """Leave the run as it is; who may delete it may say so."""

    run: str


Immediate = ConfirmedDelete | CancelDelete | ListPage | ResumeById | ConfirmedDeleteRun | CancelDeleteRun
"""What is done at once."""

Action = Immediate | Decide

_BY_KIND: dict[str, type[ConfirmedDelete | CancelDelete | ResumeById]] = {
    "d": ConfirmedDelete,
    "c": CancelDelete,
    "r": ResumeById,
}
_DATA = re.compile(r"s:(?:(d|r|c):([A-Za-z0-9_-]{1,48})|l:([1-9][0-9]{0,5}))", re.ASCII)
_OF_RUN = re.compile(r"w:(d|c):([0-9a-f]{16})", re.ASCII)
_DECISION = re.compile(r"w:(y|n):([0-9a-f]{16}):([0-9a-f]{16})", re.ASCII)


def encode_action(action: Action) -> str:
    """Return the action as ASCII of at most 64 bytes (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""
    match action:
        case ConfirmedDelete(session):
            return f"s:d:{session}"
        case ResumeById(session):
            return f"s:r:{session}"
        case ListPage(page):
            return f"s:l:{page}"
        case CancelDelete(session):
            return f"s:c:{session}"
        case Decide(run, step, approve):
            return f"w:{'y' if approve else 'n'}:{run}:{step}"
        case ConfirmedDeleteRun(run):
            return f"w:d:{run}"
        case CancelDeleteRun(run):
            return f"w:c:{run}"
        case other:
            assert_never(other)


def parse_action(data: str) -> Action | None:
    """Read what :func:`encode_action` wrote; None for anything else."""
    if (decision := _DECISION.fullmatch(data)) is not None:
        return Decide(decision[2], decision[3], approve=decision[1] == "y")
    if (of_run := _OF_RUN.fullmatch(data)) is not None:
        kind, run = of_run.groups()
        return ConfirmedDeleteRun(run) if kind == "d" else CancelDeleteRun(run)
    found = _DATA.fullmatch(data)
    if found is None:
        return None
    kind, session, page = found.groups()
    if page:
        return ListPage(int(page))
    return _BY_KIND[kind](SessionId(session))
