"""Facts as background of a prompt: the relevant ones that may be read where the answer is shown."""

import asyncio
from collections.abc import Mapping, Sequence

from sessions.facts.measures import Measure, Measures, line
from sessions.facts.people import is_named, names_in, shown_name
from sessions.facts.relevance import ranked
from sessions.facts.rules import MemoryRules, readable
from sessions.facts.store import FactStore
from sessions.model import Ask, PersonId, Role, Used
from sessions.patience import Sleep, insist
from sessions.ports.facts import Fact
from sessions.ports.grounds import Ground
from sessions.ports.turns import Work
from sessions.window import estimate_tokens

MOST_TOKENS = 2_000
"""Estimated tokens that facts take at most, however large the budget is."""

HEADING = "## Remembered facts\n\nThe newest first; where two disagree, the newer one holds."
_EVERYBODY = PersonId("")
_QUESTIONS = 20
"""Messages at the end of a transcript among which the last question is."""


class FactGround:
    """Finds the facts about the workspace, about who asks, and about whom the question names."""

    def __init__(self, store: FactStore, rules: MemoryRules, *, sleep: Sleep = asyncio.sleep) -> None:
        self._store = store
        self._rules = rules
        self._sleep = sleep
        self._measures = Measures()

    async def ground(self, work: Work, budget: int, first_source: int) -> Ground | None:
        """See :meth:`sessions.ports.grounds.Grounds.ground`. Waits for a store that is away."""
        if not self._rules.is_on(work):
            return None
        workspace = work.session.key.workspace
        found = await insist(lambda: self._store.facts(workspace, readable(work)), self._sleep)
        if not found:
            return None
        question = await insist(lambda: self._question(work), self._sleep)
        about = await insist(lambda: self._about(work, question, found), self._sleep)
        mine = [fact for fact in found if fact.about in about]
        measures = await self._measures.of(fact.text for fact in mine)
        first = ranked(mine, question, lambda text: measures[text].stems)
        chosen = _fitting(first, about, min(budget, MOST_TOKENS), measures)
        if not chosen:
            return None
        text = _written([fact for fact in mine if fact.id in chosen], about)
        return Ground(text, Used(facts=len(chosen)))

    async def _question(self, work: Work) -> str:
        if work.turn.inbound.ask is not Ask.RETRY:
            return work.turn.inbound.text
        newest = await self._store.transcript(work.session.key, None, _QUESTIONS)
        return next((one.content for one in reversed(newest) if one.role is Role.USER), "")

    async def _about(self, work: Work, question: str, found: Sequence[Fact]) -> dict[PersonId, str]:
        """Whom the answer may draw on facts about, each with the line above them."""
        author = work.turn.inbound.author
        about = {
            author.id: f"About {shown_name(author)}, who asks:",
            _EVERYBODY: "About everybody here:",
        }
        others = {fact.about for fact in found} - about.keys()
        if not others:
            return about
        names = await names_in(self._store, work.session.key)
        named = sorted(one for one in others & names.keys() if is_named(one, names[one], question))
        return about | {one: f"About {names[one]}:" for one in named}


def _fitting(
    ranked: Sequence[Fact], about: Mapping[PersonId, str], budget: int, measures: Mapping[str, Measure]
) -> set[str]:
    """Return the ids of the facts that fit, the first ones rather than the last."""
    headings = {person: estimate_tokens(f"\n\n{heading}") for person, heading in about.items()}
    left, begun, chosen = budget - estimate_tokens(HEADING), set[PersonId](), set[str]()
    for fact in ranked:
        cost = measures[fact.text].tokens
        if fact.about not in begun:
            cost += headings[fact.about]
        if cost <= left:
            left -= cost
            begun.add(fact.about)
            chosen.add(fact.id)
    return chosen


def _written(facts: Sequence[Fact], about: Mapping[PersonId, str]) -> str:
    parts = [HEADING]
    for person, heading in about.items():
        lines = [line(fact.text) for fact in facts if fact.about == person]
        if lines:
            parts.append("\n".join((heading, *lines)))
    return "\n\n".join(parts)
