"""What a workspace's documents say about a question, numbered to be cited."""

import re
from collections.abc import Iterable
from typing import Protocol

from sessions.knowledge.searching import Searching, terms_of
from sessions.knowledge.words import words
from sessions.model import Ask, Role, Used
from sessions.ports.catalog import Catalog
from sessions.ports.grounds import Ground
from sessions.ports.knowledge import Found, Knowledge
from sessions.ports.turns import Work
from sessions.quoting import quoted
from sessions.window import estimate_tokens

MOST_PASSAGES = 10
"""More would help less than they cost."""

MOST_UNASKED = 4
"""So many where nobody asked for the documents."""

_HEADING = "## Knowledge"
_CITE = (
    "Passages of this workspace's documents, each with a number, its source and its place. Put the "
    "number of what you draw on behind the sentence, like [{example}]; cite nothing else. Where the "
    "passages do not answer the question, say so."
)
_NOTHING = (
    "The person wants an answer from this workspace's documents, but no passage fits the question. Say "
    "that the documents say nothing about it before you answer otherwise."
)
_EMPTY = (
    "The person wants an answer from this workspace's documents, but there are none yet. Say so, and "
    "that whoever runs this assistant can add some with: parley knowledge add PATH"
)
_OVERHEAD = 12
_LOOKED_BACK = 12
_SPACE = re.compile(r"\s+")


class Library(Knowledge, Catalog, Protocol):
    """What a store has of this: passages, and the transcript for a question that is asked again."""


class KnowledgeGround:
    """Grounds for turns that wish for knowledge; with ``always`` for every turn it has something for."""

    def __init__(self, store: Library, searching: Searching, *, always: bool = False) -> None:
        self._store = store
        self._searching = searching
        self._always = always

    async def ground(self, work: Work, budget: int, first_source: int) -> Ground | None:
        """See :meth:`sessions.ports.grounds.Grounds.ground`."""
        wished = work.turn.inbound.wishes.knowledge
        if not (wished or self._always):
            return None
        question = await self._question(work)
        workspace = work.session.key.workspace
        found = await self._searching.find(workspace, question, MOST_PASSAGES)
        if not wished:
            found = _telling(found, question)[:MOST_UNASKED]
        ground = _ground(found, budget, first_source)
        if ground is not None or not wished:
            return ground
        there = bool(await self._store.documents(workspace, "", 1))
        return Ground(f"{_HEADING}\n\n{_NOTHING if there else _EMPTY}")

    async def _question(self, work: Work) -> str:
        inbound = work.turn.inbound
        if inbound.ask is not Ask.RETRY:
            return inbound.text
        recent = await self._store.transcript(work.session.key, None, _LOOKED_BACK)
        return next((one.content for one in reversed(recent) if one.role is Role.USER), "")


def _telling(found: Iterable[Found], question: str) -> tuple[Found, ...]:
    """Leave out what shares a single word by chance: nobody asked for the documents."""
    asked = set(words(" ".join(terms_of(question))))
    enough = min(2, len(asked))
    return tuple(one for one in found if len(asked.intersection(words(one.passage.text))) >= enough)


def _ground(found: Iterable[Found], budget: int, first_source: int) -> Ground | None:
    head = f"{_HEADING}\n\n{_CITE.format(example=first_source)}"
    left = budget - estimate_tokens(head) - _OVERHEAD
    texts, sources = [head], list[str]()
    for one in found:
        source = f"{_one_line(one.source)}, {_one_line(one.passage.place)}"
        text = f"[{first_source + len(sources)}] {source}:\n{quoted(one.passage.text)}"
        cost = estimate_tokens(text) + 2
        if cost <= left:
            left -= cost
            texts.append(text)
            sources.append(source)
    return Ground("\n\n".join(texts), Used(sources=tuple(sources))) if sources else None


def _one_line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
