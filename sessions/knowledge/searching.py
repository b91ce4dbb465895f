"""Searches a workspace's knowledge by words, and by meaning where there are embeddings."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace

import structlog

from sessions.errors import ModelError
from sessions.model import WorkspaceId
from sessions.ports.embeddings import Embeddings
from sessions.ports.knowledge import MOST_TERMS, DocumentId, Found, Knowledge

log = structlog.get_logger()

_DEEP = 40
"""So many passages of each ranking are looked at before they are merged."""

_RANK = 60
"""Damps what first places count more: https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf."""

_PATIENCE = 10.0
"""Seconds after which a question is searched by its words alone."""

_LONGEST_QUESTION = 4_000
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_COMMON_WORDS = """
a about all also am an and any are as at be been but by can could did do does doing don for from
had has have how i if in into is it its just like me my no not of on or our out please should so
some tell than that the their them then there these they this those to us use was we were what
when where which who why will with would you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


class Searching:
    """Ranks passages. Falls back to words while the embeddings cannot be had."""

    def __init__(self, knowledge: Knowledge, embeddings: Embeddings | None = None) -> None:
        self._knowledge = knowledge
        self._embeddings = embeddings

    async def find(self, workspace: WorkspaceId, question: str, limit: int) -> tuple[Found, ...]:
        """Return the passages that fit a question best, the best one first."""
        asked = question[:_LONGEST_QUESTION]
        terms = terms_of(asked)
        deep = max(limit, _DEEP)
        by_words = await self._knowledge.find_passages(workspace, terms, deep) if terms else ()
        if self._embeddings is None or not asked.strip():
            return by_words[:limit]
        by_meaning = await self._near(self._embeddings, workspace, asked, deep)
        return _merged((by_words, by_meaning))[:limit] if by_meaning else by_words[:limit]

    async def _near(
        self, embeddings: Embeddings, workspace: WorkspaceId, question: str, limit: int
    ) -> tuple[Found, ...]:
        try:
            async with asyncio.timeout(_PATIENCE):
                (vector,) = await embeddings.embed([question])
        except (ModelError, TimeoutError) as error:
            log.warning("knowledge.words_only", error=type(error).__name__)
            return ()
        return await self._knowledge.near_passages(workspace, vector, limit)


def terms_of(question: str) -> tuple[str, ...]:
    """The words to search for, each once: common ones only where there are no others."""
    words = list(dict.fromkeys(word.casefold() for word in _WORD.findall(question)))
    telling = [word for word in words if word not in _COMMON and (len(word) > 1 or not word.isascii())]
    return tuple((telling or words)[:MOST_TERMS])


def _merged(rankings: Iterable[tuple[Found, ...]]) -> tuple[Found, ...]:
    """Merge by reciprocal rank: scores of different kinds cannot be compared, places can."""
    scores: dict[tuple[DocumentId, int], float] = {}
    passages: dict[tuple[DocumentId, int], Found] = {}
    for ranking in rankings:
        for place, found in enumerate(ranking, 1):
            key = (found.document, found.passage.number)
            scores[key] = scores.get(key, 0.0) + 1 / (_RANK + place)
            passages.setdefault(key, found)
    ranked = sorted(scores, key=lambda key: -scores[key])
    return tuple(replace(passages[key], score=scores[key]) for key in ranked)
