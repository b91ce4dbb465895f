"""Finding passages by their words, and by vectors that are kept as matrices between searches."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessions.model import WorkspaceId
from sessions.ports.knowledge import DocumentId, Found, Passage
from storage.fulltext.schema import SHIFT, words_table
from storage.fulltext.statements import Statements
from storage.fulltext.words import query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MATRICES = 4
"""So many workspaces' vectors stay in memory."""

_BLOCK = 1_024
"""Rows that are compared at once: what they are widened to for that fits into a cache."""


def find_words(
    step: Statements, workspace: WorkspaceId, terms: Sequence[str], limit: int
) -> tuple[Found, ...]:
    """See :meth:`sessions.ports.knowledge.Knowledge.find_passages`."""
    library, said = _library(step, workspace), query(terms)
    if library is None or not said or limit <= 0:
        return ()
    words = words_table(library[0])
    ranked = (
        f"SELECT rowid, bm25({words}) AS score FROM {words}"  # noqa: S608 - a number
        f" WHERE {words} MATCH ? ORDER BY score LIMIT ?"
    )
    # What is not to be found yet, or no more, is in the index too. Seldom anything: it is left out here.
    take = limit + 16
    while True:
        rows = step.execute(ranked, (said, take)).fetchall()
        found = tuple(_load(step, ((seq, -score) for seq, score in rows), limit))
        if len(found) == limit or len(rows) < take:
            return found
        take *= 4


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Vectors of one length, in the order of their passages."""

    changes: int
    seqs: "NDArray[np.int64]"
    vectors: "NDArray[np.int8]"
    lengths: "NDArray[np.float32]"


class Nearness:
    """Finds passages by vectors; keeps those of the last few workspaces. Belongs to one thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], _Matrix] = OrderedDict()

    def find(
        self, step: Statements, workspace: WorkspaceId, vector: bytes, limit: int
    ) -> tuple[Found, ...]:
        """See :meth:`sessions.ports.knowledge.Knowledge.near_passages`."""
        library = _library(step, workspace)
        if library is None or not vector or limit <= 0:
            return ()
        matrix = self._matrix(step, *library, len(vector))
        if not len(matrix.seqs):
            return ()
        return tuple(_load(step, _nearest(matrix, vector, limit), limit))

    def _matrix(self, step: Statements, library: int, changes: int, width: int) -> _Matrix:
        key = (library, width)
        kept = self._kept.get(key)
        if kept is None or kept.changes != changes:
            kept = self._kept[key] = _read(step, library, changes, width)
        self._kept.move_to_end(key)
        while len(self._kept) > MATRICES:
            self._kept.popitem(last=False)
        return kept


def _library(step: Statements, workspace: WorkspaceId) -> tuple[int, int] | None:
    row: tuple[int, int] | None = step.execute(
        "SELECT seq, changes FROM libraries WHERE workspace = ?", (workspace,)
    ).fetchone()
    return row


def _load(step: Statements, ranked: Iterable[tuple[int, float]], limit: int) -> Iterator[Found]:
    """The passages of these numbers, without those that are not to be found."""
    found = 0
    for seq, score in ranked:
        row = step.execute(
            "SELECT d.id, d.source, p.number, p.place, p.text, v.vector FROM passages p"  # noqa: S608 - a number
            f" JOIN documents d ON d.seq = p.seq >> {SHIFT} AND d.state = 1"
            " LEFT JOIN passage_vectors v ON v.seq = p.seq WHERE p.seq = ?",
            (seq,),
        ).fetchone()
        if row is None:
            continue
        id_, source, number, place, text, vector = row
        yield Found(DocumentId(id_), source, Passage(number, place, text, vector or b""), score)
        found += 1
        if found == limit:
            return


def _read(step: Statements, library: int, changes: int, width: int) -> _Matrix:
    import numpy as np  # a tenth of a second, which only searches by vectors take

    rows = step.execute(
        "SELECT v.seq, v.vector FROM documents d JOIN passage_vectors v"  # noqa: S608 - a number
        f" ON v.seq BETWEEN d.seq << {SHIFT} AND ((d.seq + 1) << {SHIFT}) - 1"
        " WHERE d.library = ? AND d.state = 1 AND length(v.vector) = ?",
        (library, width),
    ).fetchall()
    rows.sort()
    seqs = np.fromiter((seq for seq, _ in rows), np.int64, len(rows))
    joined = b"".join(vector for _, vector in rows)
    vectors = np.frombuffer(joined, np.int8).reshape(len(rows), width)
    lengths = np.empty(len(rows), np.float32)
    for start, block in _blocks(vectors):
        lengths[start : start + len(block)] = np.sqrt(np.einsum("ij,ij->i", block, block))
    lengths[lengths == 0] = 1
    return _Matrix(changes, seqs, vectors, lengths)


def _nearest(matrix: _Matrix, vector: bytes, limit: int) -> Iterator[tuple[int, float]]:
    import numpy as np

    wanted = np.frombuffer(vector, np.int8).astype(np.float32)
    wanted /= float(np.linalg.norm(wanted)) or 1.0
    scores = np.empty(len(matrix.seqs), np.float32)
    for start, block in _blocks(matrix.vectors):
        # Not by ``@``: its threads wait for each other where other processes keep the cores busy, and
        # take twenty times as long then.
        scores[start : start + len(block)] = np.einsum("ij,j->i", block, wanted)
    scores /= matrix.lengths
    best = np.arange(len(scores))
    if limit < len(scores):
        best = np.argpartition(-scores, limit)[:limit]
    for at in sorted(best.tolist(), key=lambda one: (-scores[one], one)):
        yield int(matrix.seqs[at]), float(scores[at])


def _blocks(vectors: "NDArray[np.int8]") -> "Iterator[tuple[int, NDArray[np.float32]]]":
    for start in range(0, len(vectors), _BLOCK):
        yield start, vectors[start : start + _BLOCK].astype("float32")
