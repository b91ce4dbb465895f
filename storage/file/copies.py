"""Readable copies of transcripts, checkpoints and the list of sessions, for people who debug.

They lag, nothing reads them back, and a rewrite makes them anew.
"""

import re
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from sessions.model import Message, Session, SessionId, WorkspaceId
from sessions.names import fold
from storage.file import checkpoints
from storage.shelf import CHECKPOINTS
from storage.state.changes import DropSession, DropShelved, PutCheckpoint, PutMessages, PutSession
from storage.state.step import Step
from storage.state.tables import Tables

_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Copies:
    """Knows which copies are behind. ``_written`` has messages and bytes of a transcript's copy."""

    def __init__(self) -> None:
        self._behind: dict[WorkspaceId, dict[SessionId, None]] = {}
        self._runs: dict[WorkspaceId, set[str]] = {}
        self._written: dict[tuple[WorkspaceId, SessionId], tuple[int, int]] = {}
        self._list_at: dict[WorkspaceId, float] = {}

    def note(self, workspace: WorkspaceId, steps: Sequence[Step]) -> None:
        """Remember what has to be copied."""
        for step in steps:
            for change in step.changes:
                match change:
                    case PutMessages(session=session) | DropSession(session=session):
                        self._behind.setdefault(workspace, {})[session] = None
                    case PutSession():
                        self._behind.setdefault(workspace, {})[change.session.key.id] = None
                    case PutCheckpoint():
                        self._note_run(workspace, fold(change.checkpoint.name))
                    case DropShelved(kind=CHECKPOINTS.name):
                        self._note_run(workspace, change.key)
                    case _:
                        pass

    def next(self) -> WorkspaceId | None:
        """A workspace whose copies are behind."""
        return next(iter(self._behind), None)

    def skip(self, workspace: WorkspaceId) -> bool:
        """Leave the workspace's copies as they are for now; true as in :meth:`write`."""
        self._behind.pop(workspace, None)
        self._runs.pop(workspace, None)
        return bool(self._behind)

    def prune(self, folder: Path, tables: Tables) -> None:
        """Remove the copies of sessions and runs that are no more."""
        checkpoints.prune(folder / "checkpoints", tables)
        transcripts = folder / "transcripts"
        if not transcripts.is_dir():
            return
        live = {file_name(one) for one in tables.sessions if tables.live(one) is not None}
        for path in transcripts.iterdir():
            if path.stem not in live:
                path.unlink(missing_ok=True)
        _list_sessions(folder / "sessions.json", tables)

    def write(self, workspace: WorkspaceId, folder: Path, tables: Tables, *, final: bool) -> bool:
        """Bring the workspace's copies up to date; true while there are copies that are behind.

        The list of sessions, which is written as a whole, is put off so that it takes a twentieth of the
        time at most, except for the ``final`` time.
        """
        transcripts = folder / "transcripts"
        transcripts.mkdir(mode=0o700, exist_ok=True)
        for session in self._behind.pop(workspace, {}):
            path = transcripts / f"{file_name(session)}.md"
            if tables.live(session) is None:
                path.unlink(missing_ok=True)
                self._written.pop((workspace, session), None)
            else:
                self._append((workspace, session), path, tables.transcripts.get(session, []))
        checkpoints.write(folder / "checkpoints", tables, self._runs.pop(workspace, ()))
        self._list(workspace, folder, tables, final=final)
        return bool(self._behind)

    def _note_run(self, workspace: WorkspaceId, name: str) -> None:
        self._behind.setdefault(workspace, {})
        self._runs.setdefault(workspace, set()).add(name)

    def _list(self, workspace: WorkspaceId, folder: Path, tables: Tables, *, final: bool) -> None:
        began = time.monotonic()
        if began < self._list_at.get(workspace, 0.0) and not final:
            self._behind[workspace] = {}
            return
        _list_sessions(folder / "sessions.json", tables)
        took = time.monotonic() - began
        self._list_at[workspace] = began + 20 * took

    def _append(self, key: tuple[WorkspaceId, SessionId], path: Path, messages: list[Message]) -> None:
        count, size = self._written.get(key, (0, 0))
        known = path.exists() and path.stat().st_size == size
        start = count if known else 0
        with path.open("ab" if known else "wb") as file:
            for message in messages[start:]:
                file.write(_readable(message))
            self._written[key] = (len(messages), file.tell())


def file_name(session: SessionId) -> str:
    """The id, or a digest of one that could mean something to a file system."""
    return session if _PLAIN_ID.fullmatch(session) else sha256(session.encode()).hexdigest()[:40]


def _readable(message: Message) -> bytes:
    who = message.author.name if message.author is not None else message.role.value
    return f"## {who}, {message.at:%Y-%m-%d %H:%M:%S}\n\n{message.content}\n\n".encode()


def _list_sessions(path: Path, tables: Tables) -> None:
    live: list[Session] = [one for one in tables.sessions.values() if tables.live(one.key.id) is not None]
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(live), indent=1) + b"\n")
    unfinished.replace(path)
