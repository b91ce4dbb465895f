"""What turns need to know of every fact's text, computed once: a full memory would take too long anew."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from sessions.facts.relevance import stems_of
from sessions.window import estimate_tokens

MOST_CHARACTERS = 1_000_000
"""Of the texts that are known at a time."""

_AT_A_TIME = 2_000
"""Characters that are measured before others have their turn: less than a millisecond."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A text's words without their endings, and the estimated tokens of its line."""

    stems: frozenset[str]
    tokens: int


class Measures:
    """Measures texts and remembers the last used ones."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Measure] = OrderedDict()
        self._held = 0

    async def of(self, texts: Iterable[str]) -> dict[str, Measure]:
        """Return the measure of each text, letting others have their turn while there are many."""
        found: dict[str, Measure] = {}
        done = 0
        for text in texts:
            if text not in self._known:
                done += len(text)
                if done > _AT_A_TIME:
                    done = len(text)
                    await asyncio.sleep(0)
            found[text] = self._measured(text)
        return found

    def _measured(self, text: str) -> Measure:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = Measure(stems_of(text), estimate_tokens(f"\n{line(text)}"))
            self._held += len(text)
            while self._held > MOST_CHARACTERS:
                former, _ = self._known.popitem(last=False)
                self._held -= len(former)
        else:
            self._known.move_to_end(text)
        return known


def line(text: str) -> str:
    """Return a fact as it stands in a prompt: one line, so that it cannot open a heading of its own."""
    return f"- {' '.join(text.split())}"
