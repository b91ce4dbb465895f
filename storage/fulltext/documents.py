"""Keeping documents: staged in several short transactions, shown by one, erased in several again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from sessions.errors import StoreDamaged, StoreUnavailable, UsageError
from sessions.model import WorkspaceId
from sessions.ports.knowledge import Document, DocumentId, Passage
from storage.fulltext.schema import MOST_PASSAGES, SHIFT, words_script, words_table
from storage.fulltext.statements import COLUMNS, DocumentRow, Statements
from storage.fulltext.words import indexed

ABANDONED = 10 * 60 * 1_000_000
"""Microseconds without a sign of who writes a document after which what is written is erased."""

PART_TEXT = 128 * 1024
"""Characters that one transaction indexes at most, and a passage at least: tens of milliseconds."""

PART_PASSAGES = 256

log = structlog.get_logger()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAGED, _SHOWN, _DROPPED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Staged:
    """A document that is being written: the numbers of its library and of itself."""

    library: int
    seq: int


def parts(passages: Sequence[Passage]) -> Iterator[tuple[int, Sequence[Passage]]]:
    """Divide into what one transaction takes, each part with the position of its first passage."""
    if len(passages) >= MOST_PASSAGES:
        raise UsageError(f"A document may have {MOST_PASSAGES - 1:,} passages. Divide it.")
    start = size = 0
    for end, passage in enumerate(passages):
        size += len(passage.text)
        if end > start and (size > PART_TEXT or end - start == PART_PASSAGES):
            yield start, passages[start:end]
            start, size = end, len(passage.text)
    if start < len(passages):
        yield start, passages[start:]


def put(
    step: Statements, now: int, workspace: WorkspaceId, document: Document, passages: Sequence[Passage]
) -> bool:
    """Write a short document at once and show it; true where :func:`clean` has more to do."""
    staged = begin(step, now, workspace, document)
    stage(step, now, staged, 0, passages)
    show(step, now, staged)
    return clean(step, now)


def begin(step: Statements, now: int, workspace: WorkspaceId, document: Document) -> Staged:
    """Begin to write a document; nobody finds it before :func:`show`."""
    step.execute("INSERT INTO libraries (workspace) VALUES (?) ON CONFLICT DO NOTHING", (workspace,))
    library = _library(step, workspace)
    if library is None:
        raise StoreUnavailable("the library that was made is not there")
    step.execute(words_script(library))
    seq = step.execute(
        "INSERT INTO documents (library, source, id, title, digest, size, passages, added_at, state,"
        " touched_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            library,
            document.source,
            document.id,
            document.title,
            document.digest,
            document.size,
            document.passages,
            (document.added_at - _EPOCH) // timedelta(microseconds=1),
            _STAGED,
            now,
        ),
    ).lastrowid
    return Staged(library, seq or 0)


def stage(step: Statements, now: int, staged: Staged, first: int, passages: Sequence[Passage]) -> None:
    """Write some passages from that position on. Raises StoreUnavailable when they come too late."""
    _touch(step, now, staged, _STAGED)
    base = (staged.seq << SHIFT) + first
    numbered = list(enumerate(passages, base))
    step.executemany(
        "INSERT OR REPLACE INTO passages (seq, number, place, text) VALUES (?, ?, ?, ?)",
        [(seq, one.number, one.place, one.text) for seq, one in numbered],
    )
    step.executemany(
        f"INSERT INTO {words_table(staged.library)} (rowid, text) VALUES (?, ?)",  # noqa: S608 - a number
        [(seq, indexed(one.text)) for seq, one in numbered],
    )
    step.executemany(
        "INSERT OR REPLACE INTO passage_vectors (seq, vector) VALUES (?, ?)",
        [(seq, one.vector) for seq, one in numbered if one.vector],
    )


def show(step: Statements, now: int, staged: Staged) -> None:
    """Let searches find the document, and no more the earlier one of its source."""
    _touch(step, now, staged, _STAGED)
    step.execute(
        "UPDATE documents SET state = ? WHERE state = 1 AND (library, source) ="
        " (SELECT library, source FROM documents WHERE seq = ?)",
        (_DROPPED, staged.seq),
    )
    step.execute("UPDATE documents SET state = ? WHERE seq = ?", (_SHOWN, staged.seq))
    _note_change(step, staged.library)


def hide(step: Statements, workspace: WorkspaceId, source: str) -> Document | None:
    """Let no search find the document; :func:`clean` erases it."""
    row = _find(step, workspace, source)
    if row is None:
        return None
    step.execute("UPDATE documents SET state = ? WHERE seq = ?", (_DROPPED, row.seq))
    library = _library(step, workspace)
    if library is not None:
        _note_change(step, library)
    return noun(row)


def clean(step: Statements, now: int) -> bool:
    """Erase some of what nobody finds; true while there is more."""
    row = step.execute(
        "SELECT seq, library FROM documents WHERE state <> 1 AND (state = 2 OR touched_at <= ?) LIMIT 1",
        (now - ABANDONED,),
    ).fetchone()
    if row is None:
        return False
    seq, library = row
    kept = step.execute(
        "SELECT seq, text FROM passages WHERE seq BETWEEN ? AND ? ORDER BY seq",
        (seq << SHIFT, ((seq + 1) << SHIFT) - 1),
    )
    found = list(_until_full(kept))
    kept.close()
    if not found:
        step.execute("DELETE FROM documents WHERE seq = ?", (seq,))
        return True
    words = words_table(library)
    step.executemany(
        f"INSERT INTO {words} ({words}, rowid, text) VALUES ('delete', ?, ?)",  # noqa: S608 - a number
        [(passage, indexed(text)) for passage, text in found],
    )
    for table in ("passages", "passage_vectors"):
        step.execute(
            f"DELETE FROM {table} WHERE seq BETWEEN ? AND ?",  # noqa: S608 - one of two words
            (found[0][0], found[-1][0]),
        )
    return True


def find(step: Statements, workspace: WorkspaceId, source: str) -> Document | None:
    """See :meth:`sessions.ports.knowledge.Knowledge.document`."""
    row = _find(step, workspace, source)
    return None if row is None else noun(row)


def page(step: Statements, workspace: WorkspaceId, after: str, limit: int) -> tuple[Document, ...]:
    """See :meth:`sessions.ports.knowledge.Knowledge.documents`."""
    rows = step.execute(
        f"SELECT {COLUMNS} FROM libraries s JOIN documents d ON d.library = s.seq"  # noqa: S608 - our columns
        " WHERE s.workspace = ? AND d.state = 1 AND d.source > ? ORDER BY d.source LIMIT ?",
        (workspace, after, max(limit, 0)),
    ).fetchall()
    return tuple(_readable(map(DocumentRow._make, rows)))


def noun(row: DocumentRow) -> Document:
    """The document of a row. Raises StoreDamaged."""
    try:
        added_at = _EPOCH + timedelta(microseconds=row.added_at)
    except (TypeError, OverflowError) as error:
        raise StoreDamaged(f"document in row {row.seq} has a time that is none") from error
    return Document(
        DocumentId(row.id), row.source, row.title, row.digest, row.size, row.passages, added_at
    )


def _readable(rows: Iterable[DocumentRow]) -> Iterator[Document]:
    """The documents; a damaged row is passed over, so that it hides no other."""
    for row in rows:
        try:
            yield noun(row)
        except StoreDamaged as damage:
            log.warning("document.skipped", row=row.seq, why=str(damage))


def _find(step: Statements, workspace: WorkspaceId, source: str) -> DocumentRow | None:
    row = step.execute(
        f"SELECT {COLUMNS} FROM libraries s JOIN documents d ON d.library = s.seq"  # noqa: S608 - our columns
        " WHERE s.workspace = ? AND d.state = 1 AND d.source = ?",
        (workspace, source),
    ).fetchone()
    return None if row is None else DocumentRow._make(row)


def _library(step: Statements, workspace: WorkspaceId) -> int | None:
    row = step.execute("SELECT seq FROM libraries WHERE workspace = ?", (workspace,)).fetchone()
    return None if row is None else int(row[0])


def _note_change(step: Statements, library: int) -> None:
    step.execute("UPDATE libraries SET changes = changes + 1 WHERE seq = ?", (library,))


def _touch(step: Statements, now: int, staged: Staged, state: int) -> None:
    touched = step.execute(
        "UPDATE documents SET touched_at = ? WHERE seq = ? AND state = ?", (now, staged.seq, state)
    )
    if not touched.rowcount:
        raise StoreUnavailable("a document took so long to write that it was given up; add it again")


def _until_full(rows: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    size = 0
    for seq, text in islice(rows, PART_PASSAGES):
        yield seq, text
        size += len(text)
        if size > PART_TEXT:
            return
