"""Sessions as files of our own: versioned JSON that any Parley reads, on any backend.

One object a file: ``format``, ``version``, the session's fields, and last its ``messages``. Times are ISO
dates with a zone. Fields that a later writer of the same version added are ignored.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from sessions.errors import InvalidName
from sessions.model import (
    Audience,
    Ending,
    EventId,
    Message,
    Person,
    PersonId,
    Preferences,
    Role,
    Session,
    SessionId,
)
from sessions.moving import Found, FoundSession, Skipped
from sessions.names import parse_name
from sessions.ports.bringing import Brought

FORMAT = "parley session"
VERSION = 1

LARGEST = 1024 * 1024 * 1024
"""Bytes of a file that is still read: it is in memory as a whole."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]


class _Mark(msgspec.Struct):
    format: str = ""
    version: int = 0


class _Message(msgspec.Struct):
    role: Role
    content: Annotated[str, msgspec.Meta(min_length=1)]
    at: _Time
    turn: str
    author: Person | None = None
    ending: Ending = Ending.ANSWERED
    supersedes: str | None = None

    def noun(self) -> Message:
        replaced = None if self.supersedes is None else EventId(self.supersedes)
        return Message(
            self.role, self.content, EventId(self.turn), self.at, self.author, replaced, self.ending
        )


class _Head(msgspec.Struct):
    """A session without its transcript, in the order in which it is written."""

    format: str
    version: int
    id: str
    name: str
    title: str
    audience: str
    starter: str
    created_at: _Time
    active_at: _Time
    archived_at: _Time | None = None
    model: str = ""
    system: str = ""
    tokens: _Count = 0
    context_tokens: _Count = 0
    tokens_estimated: bool = False


class _Whole(_Head, kw_only=True):
    messages: list[_Message]


def head(session: Session) -> bytes:
    """The beginning of a session's file, up to its first message."""
    tally, preferences = session.tally, session.preferences
    fields = _Head(
        FORMAT,
        VERSION,
        session.key.id,
        session.name,
        session.title,
        session.audience,
        session.starter,
        session.created_at,
        session.active_at,
        session.archived_at,
        preferences.model,
        preferences.system,
        tally.tokens,
        tally.context,
        tally.estimated,
    )
    return msgspec.json.format(msgspec.json.encode(fields), indent=1)[:-2] + b',\n "messages": ['


def line(message: Message, *, first: bool) -> bytes:
    """A message with what stands before it."""
    fields = _Message(
        message.role,
        message.content,
        message.at,
        message.turn,
        message.author,
        message.ending,
        message.supersedes,
    )
    return (b"\n  " if first else b",\n  ") + msgspec.json.encode(fields)


END = b"\n ]\n}\n"
"""What stands behind the last message."""


def read_files(paths: list[Path]) -> Iterator[Found]:
    """The sessions in these files, and in the ``.json`` files of these folders; iterating it blocks."""
    for path in paths:
        for one in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            try:
                yield FoundSession(str(one), "export", read_file(one))
            except ValueError as error:
                yield Skipped(str(one), str(error))
            except OSError as error:
                yield Skipped(str(one), f"it cannot be read ({error.strerror})")


def read_file(path: Path) -> Brought:
    """The session in that file. Raises ValueError, whose text says what is wrong, and OSError."""
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"it has {size:,} bytes; at most {LARGEST:,} are read")
    return parse(path.read_bytes())


def parse(data: bytes) -> Brought:
    """The session of a whole file. Raises ValueError, whose text says what is wrong."""
    try:
        _check(msgspec.json.decode(data, type=_Mark))
        whole = msgspec.json.decode(data, type=_Whole)
    except msgspec.ValidationError as error:
        raise ValueError(f"it is no session that parley session export wrote: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        what = "it is empty" if not data.strip() else "it is no JSON, or only a part of it"
        raise ValueError(what) from None
    if not _ID.fullmatch(whole.id):
        raise ValueError("its id is not of 1 to 64 letters, digits, - and _")
    try:
        name = parse_name(whole.name)
    except InvalidName as error:
        raise ValueError(f"its name is none: {error}") from None
    return Brought(
        SessionId(whole.id),
        name,
        Audience(whole.audience),
        PersonId(whole.starter),
        whole.created_at,
        max(whole.created_at, whole.active_at),
        whole.title,
        Preferences(whole.model, whole.system),
        whole.archived_at,
        whole.tokens,
        whole.context_tokens,
        whole.tokens_estimated,
        tuple(one.noun() for one in whole.messages),
    )


def _check(mark: _Mark) -> None:
    if mark.format != FORMAT:
        raise ValueError(
            "parley session export did not write it. What another program wrote is read with --from, "
            "for example: parley session import --from praisonai PATH"
        )
    if mark.version > VERSION:
        raise ValueError(
            f"a newer Parley wrote it (version {mark.version}; this one knows {VERSION}). "
            "Install the newer one"
        )
