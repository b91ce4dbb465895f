"""Orders passages by BM25 out of where words stand, and by the cosine of their vectors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.redis.passages import ENTRY, LEAF, LENGTH_STEPS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SATURATION, _BY_LENGTH = 1.2, 0.75
"""k1 and b, as FTS5 has them: https://www.sqlite.org/fts5.html#the_bm25_function"""
_ROWS = 128
"""Vectors that are multiplied at once: they fit into a cache, and are too few for threads of BLAS."""

Ranked = tuple[list[int], list[float]]
"""Numbers of passages and their scores, best first."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a word stands: leaves, and what stands in each."""

    leaves: Sequence[int]
    entries: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of one length, row by row, with their passages' numbers and their own lengths."""

    numbers: "NDArray[np.int64]"
    rows: "NDArray[np.int8]"
    norms: "NDArray[np.float32]"


def by_words(words: Sequence[Places], passages: int, length: int, most: int) -> Ranked:
    """The best for the words, among that many ``passages`` with ``length`` words in all."""
    import numpy as np

    there = sorted({leaf for word in words for leaf in word.leaves})
    if not there:
        return [], []
    known = np.array(there, dtype=np.int64)
    scores = np.zeros(len(there) * LEAF, dtype=np.float64)
    lengths = np.exp2(np.arange(256) / LENGTH_STEPS) - 1
    average = max(length / max(passages, 1), 1.0)
    weights = _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * lengths / average)
    for word in words:
        whole = [one[: len(one) // ENTRY * ENTRY] for one in word.entries]
        entries = np.frombuffer(b"".join(whole), dtype=np.uint8).reshape(-1, ENTRY)
        counts = [len(one) // ENTRY for one in whole]
        rows = np.repeat(np.searchsorted(known, np.array(word.leaves, dtype=np.int64)), counts)
        often = entries[:, 1].astype(np.float64)
        total = max(passages, len(entries))
        rarity = math.log1p((total - len(entries) + 0.5) / (len(entries) + 0.5))
        gains = rarity * often * (_SATURATION + 1) / (often + weights[entries[:, 2]])
        # A passage has a word once, so nothing is added twice to one place here.
        scores[rows * LEAF + entries[:, 0]] += gains
    numbers = np.repeat(known * LEAF, LEAF) + np.tile(np.arange(LEAF), len(there))
    found = np.flatnonzero(scores)
    return _ordered(scores[found], numbers[found], most)


def by_vector(vectors: Vectors, wanted: bytes, most: int) -> Ranked:
    """The passages whose vectors have the highest cosine with this one."""
    import numpy as np

    one = np.frombuffer(wanted, dtype=np.int8).astype(np.float32)
    scores = np.empty(len(vectors.numbers), dtype=np.float64)
    for start in range(0, len(scores), _ROWS):
        scores[start : start + _ROWS] = vectors.rows[start : start + _ROWS].astype(np.float32) @ one
    scores /= np.maximum(vectors.norms * float(np.linalg.norm(one)), 1e-9)
    return _ordered(scores, vectors.numbers, most)


def gathered(numbers: Sequence[int], vectors: Sequence[bytes]) -> Vectors:
    """Put vectors of one length together."""
    import numpy as np

    rows = np.frombuffer(b"".join(vectors), dtype=np.int8).reshape(len(vectors), -1)
    norms = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS].astype(np.float32)
        norms[start : start + _ROWS] = np.linalg.norm(some, axis=1)
    return Vectors(np.array(numbers, dtype=np.int64), rows, norms)


def joined(*some: Vectors) -> Vectors:
    """All of these together."""
    import numpy as np

    return Vectors(
        np.concatenate([one.numbers for one in some]),
        np.concatenate([one.rows for one in some]),
        np.concatenate([one.norms for one in some]),
    )


def of_stretches(vectors: Vectors, stretches: Mapping[int, int]) -> Vectors:
    """Those whose numbers are in a stretch; these are by their first numbers how long."""
    import numpy as np

    if not stretches:
        there = np.zeros(len(vectors.numbers), dtype=np.bool_)
    else:
        firsts = np.array(sorted(stretches), dtype=np.int64)
        counts = np.array([stretches[first] for first in sorted(stretches)], dtype=np.int64)
        place = np.searchsorted(firsts, vectors.numbers, side="right") - 1
        there = (place >= 0) & (vectors.numbers < firsts[place] + counts[place])
    return Vectors(vectors.numbers[there], vectors.rows[there], vectors.norms[there])


def _ordered(scores: "NDArray[np.float64]", numbers: "NDArray[np.int64]", most: int) -> Ranked:
    """Of equal scores the lower number first."""
    import numpy as np

    best = np.arange(len(scores))
    if len(best) > most:
        lowest = -np.partition(-scores, most - 1)[most - 1]
        best = np.flatnonzero(scores >= lowest)
    order = best[np.lexsort((numbers[best], -scores[best]))][:most]
    return numbers[order].tolist(), scores[order].tolist()
