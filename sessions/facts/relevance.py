"""Which facts help with a question: those that share its rarer words, then the newer ones."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from sessions.names import fold
from sessions.ports.facts import Fact

_EAST_ASIAN = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
# Scripts without spaces are taken character by character.
_WORD = re.compile(rf"[{_EAST_ASIAN}]|[^\W{_EAST_ASIAN}]{{2,}}|\d")
_ENDINGS = ("ing", "ed", "en", "es", "s", "e")
_SHORTEST_STEM = 3
_SAYING_NOTHING = """
about am an and any are as at be been but by can could did do does for from had has have he her his
how if in is it its just like me my no not of on one or our out please she should so some tell than
that the their them then there they this to us was we were what when where which who why will with
would you your aber als auch auf aus bei bin bist bitte da das dass dem den der des dich die dir du
ein eine einen er es für hat ich ihr im ist ja kann kannst man mein meine mich mir mit nach nicht
noch nur oder sie sind und uns von war wenn wer wie wir wird wo zu zum zur über
"""
"""Words of English and German that do not tell what a text is about."""
_COMMON = frozenset(_SAYING_NOTHING.split())


def ranked(
    facts: Sequence[Fact], question: str, stems: Callable[[str], frozenset[str]] | None = None
) -> list[Fact]:
    """Return the facts, which come newest first, with the most helpful ones first.

    A word counts for more the fewer facts have it. Where no word is shared, and between equals, the
    newer fact goes first. ``stems`` does what :func:`stems_of` does.
    """
    asked, look_up = stems_of(question), stems or stems_of
    shared = [look_up(fact.text) & asked for fact in facts]
    having = Counter(stem for one in shared for stem in one)

    def weight(one: frozenset[str]) -> float:
        return math.fsum(sorted(math.log(1 + len(facts) / having[stem]) for stem in one))

    by_weight = sorted(range(len(facts)), key=lambda at: -weight(shared[at]))
    return [facts[at] for at in by_weight]


def stems_of(text: str) -> frozenset[str]:
    """Return the words that say something, folded and without their usual endings."""
    return frozenset(_stem(word) for word in words_of(text) - _COMMON)


def words_of(text: str) -> frozenset[str]:
    """Return the words of two or more characters and the numbers, folded as names are."""
    return frozenset(_WORD.findall(fold(text)))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
