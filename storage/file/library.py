"""Documents as files, and the index that is derived from them. Everything here blocks its thread."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

import msgspec
import structlog

from sessions.errors import StoreUnavailable
from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, Found, Passage
from storage.file.folder import Folder
from storage.file.index import CHANGING, Index
from storage.file.journal import sync_folder
from storage.file.locking import FolderLock
from storage.file.quarantine import Quarantine
from storage.fulltext import documents
from storage.fulltext.searching import Nearness, find_words
from storage.fulltext.statements import Statements

T = TypeVar("T")

log = structlog.get_logger()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOLDER = "knowledge"
_INDEX = "knowledge.index"


class _Kept(msgspec.Struct):
    """A document's file."""

    document: Document
    passages: list[Passage]
    format: int = 1


class Library:
    """All workspaces' documents. Writers take turns by a lock; who only looks needs none."""

    def __init__(self, folder: Folder, quarantine: Quarantine, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._quarantine = quarantine
        self._clock = clock
        self._index = Index(folder.root / _INDEX)
        self._lock: FolderLock | None = None
        self._nearness = Nearness()

    def put(self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]) -> None:
        """See :meth:`sessions.ports.knowledge.Knowledge.put_document`."""
        with self._disk(), self._locked():
            self._catch_up(workspace)
            staged = self._stage(workspace, document, passages)
            self._transact(lambda step: self._index.note(step, workspace, CHANGING))
            path = self._folder_of(workspace) / _name(document.source)
            _write(path, msgspec.json.encode(_Kept(document, list(passages))))
            self._show(workspace, staged, path)
            self._transact(lambda step: self._index.note(step, workspace, _signature(path.parent)))
            self._clean()

    def drop(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.drop_document`."""
        with self._disk(), self._locked():
            self._catch_up(workspace)
            path = self._folder_of(workspace) / _name(source)
            if not path.exists():
                return None
            dropped = self._transact(lambda step: documents.find(step, workspace, source))
            self._transact(lambda step: self._index.note(step, workspace, CHANGING))
            path.unlink()
            sync_folder(path.parent)
            self._catch_up(workspace)
            return dropped

    def find(self, workspace: WorkspaceId, source: str) -> Document | None:
        """See :meth:`sessions.ports.knowledge.Knowledge.document`."""
        return self._look(workspace, lambda step: documents.find(step, workspace, source))

    def page(self, workspace: WorkspaceId, after: str, limit: int) -> tuple[Document, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.documents`."""
        return self._look(workspace, lambda step: documents.page(step, workspace, after, limit))

    def find_words(self, workspace: WorkspaceId, terms: Sequence[str], limit: int) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.find_passages`."""
        return self._look(workspace, lambda step: find_words(step, workspace, terms, limit))

    def find_near(self, workspace: WorkspaceId, vector: bytes, limit: int) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.near_passages`."""
        return self._look(workspace, lambda step: self._nearness.find(step, workspace, vector, limit))

    def close(self) -> None:
        """Let go of the files."""
        self._index.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _look(self, workspace: WorkspaceId, look: Callable[[Statements], T]) -> T:
        with self._disk():
            if self._is_behind(workspace):
                with self._locked():
                    self._catch_up(workspace)
            with self._index.reading() as step:
                return look(step)

    def _is_behind(self, workspace: WorkspaceId) -> bool:
        with self._index.reading() as step:
            return self._index.signature(step, workspace) != _signature(self._folder_of(workspace))

    def _catch_up(self, workspace: WorkspaceId) -> None:
        """Bring the index to what the files say. Needs the lock."""
        folder = self._folder_of(workspace)
        if not self._is_behind(workspace):
            return
        signature = _signature(folder)
        there = _files(folder) if signature else {}
        with self._index.reading() as step:
            known = self._index.files(step, workspace)
        for name in known.keys() - there.keys():
            self._let_go(workspace, name, known[name].source)
        for name, stamp in there.items():
            if name not in known or known[name].stamp != stamp:
                self._take_in(workspace, folder / name)
        self._transact(lambda step: self._index.note(step, workspace, signature))
        self._clean()

    def _let_go(self, workspace: WorkspaceId, name: str, source: str) -> None:
        def let_go(step: Statements) -> None:
            documents.hide(step, workspace, source)
            self._index.forget(step, workspace, name)

        self._transact(let_go)

    def _take_in(self, workspace: WorkspaceId, path: Path) -> None:
        """Index a file that somebody wrote; one that cannot be read hides nothing else."""
        data = path.read_bytes()
        try:
            kept = msgspec.json.decode(data, type=_Kept)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._quarantine.put(path, 0, data, f"no document ({type(error).__name__})")
            return
        if path.name != _name(kept.document.source):
            self._quarantine.put(path, 0, data, "its name does not fit its source")
            return
        self._show(workspace, self._stage(workspace, kept.document, kept.passages), path)

    def _stage(
        self, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
    ) -> documents.Staged:
        now = self._now
        staged = self._transact(lambda step: documents.begin(step, now(), workspace, document))
        for first, some in documents.parts(passages):
            self._transact(partial(documents.stage, now=now(), staged=staged, first=first, passages=some))
        return staged

    def _show(self, workspace: WorkspaceId, staged: documents.Staged, path: Path) -> None:
        def show(step: Statements) -> None:
            documents.show(step, self._now(), staged)
            self._index.remember(step, workspace, path.name, _stamp(path.stat()), staged.seq)

        self._transact(show)

    def _clean(self) -> None:
        while self._transact(lambda step: documents.clean(step, self._now())):
            pass

    def _transact(self, work: Callable[[Statements], T]) -> T:
        with self._index.writing() as step:
            return work(step)

    def _now(self) -> int:
        return (self._clock() - _EPOCH) // timedelta(microseconds=1)

    def _folder_of(self, workspace: WorkspaceId) -> Path:
        return self._folder.workspace(workspace) / _FOLDER

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._lock is None:
            self._lock = FolderLock(self._folder.root / "knowledge.lock")
        with self._lock.held():
            yield

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Translate errors; an index that cannot be read is thrown away and made anew next time."""
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"the disk failed: {type(error).__name__}") from error
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            log.warning("knowledge.index_failed", error=name)
            self._index.give_up(error)
            self._nearness = Nearness()
            raise StoreUnavailable(f"the index of knowledge failed ({name}); try again") from error


def _name(source: str) -> str:
    """The name of a source's file: an id, whatever the source looks like."""
    return f"{sha256(source.encode()).hexdigest()[:40]}.json"


def _write(path: Path, data: bytes) -> None:
    """Put the whole file in its place at once, durably, without another name ever in its folder."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(path.parent.parent)
    unfinished = path.parent.with_name(f"{_FOLDER}-{token_hex(8)}.new")
    try:
        with unfinished.open("wb") as file:
            file.write(msgspec.json.format(data, indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def _signature(folder: Path) -> str:
    """Changes when a file comes, goes or is replaced; empty where there is no folder."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_mtime_ns}-{found.st_ino}"


def _files(folder: Path) -> dict[str, str]:
    """The stamps of the documents' files, by name."""
    with os.scandir(folder) as entries:
        return {one.name: _stamp(one.stat()) for one in entries if one.name.endswith(".json")}


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"
