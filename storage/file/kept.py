"""Tables together with the journal that they are written in."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from sessions.model import Status, WorkspaceId
from sessions.names import fold
from storage.file.journal import Journal
from storage.file.quarantine import Quarantine
from storage.file.records import Record
from storage.shelf import CHECKPOINTS
from storage.state.changes import Change, DropSession, DropShelved, PutCheckpoint, PutSession, RootChange
from storage.state.root import RootTables
from storage.state.snapshot import estimate, root_estimate, root_snapshot, snapshot
from storage.state.tables import Tables

SPARE_LINES = 1_000
"""A journal is rewritten when it was read with twice the lines it needs and these."""

SPARE_SAVES = 64
"""Or with so many checkpoints, which may be long, that others have taken the place of."""

T = TypeVar("T")
C = TypeVar("C")

_encoder = msgspec.json.Encoder()


class Kept(Generic[T, C]):
    """Tables as the journal has them. Belongs to one thread.

    After any error the tables may be ahead of the journal: throw the whole object away.
    """

    def __init__(
        self,
        journal: Journal,
        fresh: Callable[[], T],
        apply: Callable[[T, C], None],
        decoder: msgspec.json.Decoder[list[C]],
    ) -> None:
        self.journal = journal
        self.tables = fresh()
        self._fresh = fresh
        self._apply = apply
        self._decoder = decoder

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock, with the tables up to date and the journal's end whole."""
        with self.journal.locked():
            self.catch_up()
            self._play(self.journal.mend())
            yield

    def catch_up(self) -> bool:
        """Apply what others wrote; true when all of it was read from the beginning."""
        news = self.journal.news()
        if news.afresh:
            self.tables = self._fresh()
        self._play(news.records)
        return news.afresh

    def append(self, steps: list[list[C]]) -> None:
        """Write down what steps put, each as one record."""
        self.journal.append([_encoder.encode(changes) for changes in steps if changes])

    def rewrite(self, steps: Iterable[list[C]]) -> None:
        """Let the journal consist of these records only."""
        self.journal.rewrite(_encoder.encode(changes) for changes in steps)

    def _play(self, records: list[Record]) -> None:
        for record in records:
            try:
                changes = self._decoder.decode(record.payload)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self.journal.put_aside(
                    record.start, record.payload, f"no record of ours ({type(error).__name__})"
                )
                continue
            for change in changes:
                self._apply(self.tables, change)


class KeptRoot(Kept[RootTables, RootChange]):
    """The root tables and their journal."""

    def __init__(self, folder: Path, quarantine: Quarantine) -> None:
        decoder = msgspec.json.Decoder(list[RootChange])
        super().__init__(Journal(folder, quarantine), RootTables, RootTables.apply, decoder)

    @property
    def is_long(self) -> bool:
        """Whether most of the journal is not needed any more."""
        return self.journal.lines > 2 * root_estimate(self.tables) + SPARE_LINES

    def shorten(self) -> None:
        """Rewrite the journal without what nothing needs. Needs the lock."""
        self.rewrite(root_snapshot(self.tables))


class KeptWorkspace(Kept[Tables, Change]):
    """A workspace's tables and their journal.

    ``holds_erased`` says that the journal has content of what was deleted since.
    """

    def __init__(self, folder: Path, workspace: WorkspaceId, quarantine: Quarantine) -> None:
        self.holds_erased = False
        self.is_long = False
        self._replaced = 0
        self._workspace = workspace
        decoder = msgspec.json.Decoder(list[Change])
        super().__init__(Journal(folder, quarantine), self._begin, self._note_and_apply, decoder)

    def catch_up(self) -> bool:
        """Apply what others wrote; true when all of it was read from the beginning."""
        afresh = super().catch_up()
        if afresh:
            _count_again(self.tables)
            needed = 2 * estimate(self.tables) + SPARE_LINES
            self.is_long = self.journal.lines > needed or self._replaced > SPARE_SAVES
        return afresh

    def shorten(self) -> None:
        """Rewrite the journal without what nothing needs. Needs the lock."""
        self.rewrite(snapshot(self.tables))
        self.holds_erased = self.is_long = False

    def _begin(self) -> Tables:
        self.holds_erased = False
        self._replaced = 0
        return Tables(self._workspace)

    def _note_and_apply(self, tables: Tables, change: Change) -> None:
        match change:
            case PutSession(session=session) if session.status is Status.DELETED:
                self.holds_erased |= tables.live(session.key.id) is not None
            case DropSession():
                self.holds_erased |= tables.live(change.session) is not None
            case PutCheckpoint(checkpoint=checkpoint):
                self._replaced += bool(tables.shelf.of(CHECKPOINTS, fold(checkpoint.name)))
            case DropShelved():
                self.holds_erased |= tables.shelf.slot(change.kind, change.key) is not None
            case _:
                pass
        tables.apply(change)


def _count_again(tables: Tables) -> None:
    """Where records of a transcript were lost, count what is left of it."""
    for session in list(tables.sessions.values()):
        length = len(tables.transcripts.get(session.key.id, ()))
        if session.tally.messages != length:
            tally = replace(session.tally, messages=length)
            tables.apply(PutSession(replace(session, tally=tally)))
