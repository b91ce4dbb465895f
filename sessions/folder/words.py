"""The words of a question that can be found in code."""

import re

MOST = 24

_WORD = re.compile(r"[^\W_][\w$]*")
_HUMP = re.compile(r"[A-Z]+(?![^\W\dA-Z_])|[A-Z]?[^\W\dA-Z_]+|[0-9]+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ions", "ion", "ies", "ed", "es", "s", "e")
_SHORTEST = 4
"""What is left of a word without its ending has at least so many letters, and two more than that."""

_USUAL = """
    a about above add after again all also am an analyse analysis analyze and answer any anything are
    as ask at be because been before begin being below best better between both briefly but by can
    change changes check code codebase concern concerns continue could describe detail details did
    directory discuss do does doing done each else etc every everything example examples explain
    explanation few file files find fix folder for from further general get give go good had has have
    help her here his how i idea if implement implementation improve improvement improvements in
    inside into is issue issues it its just know last let like list look made main make many may me
    mean means might more most much must my need needs new next no not now of on one only or other our
    out over overview part please possible pr problem problems program project pull question refactor
    repo repository request result review right same say see sense should show so some something
    source step still structure such suggest summarise summarize summary sure take tell than thank
    thanks that the their them then there these they thing things think this those through to too try
    under understand up us use used uses using very want was way we well were what what's when where
    whether which while who why will with without work works would write wrong yes you your
"""
_NO_HELP = frozenset(_USUAL.split())


def words_of(question: str) -> tuple[str, ...]:
    """Return what to look for, in small letters and without usual English endings, at most MOST.

    A name in code counts as a whole and by its parts: ``parseName`` is also ``pars`` and ``name``.
    """
    found: dict[str, None] = {}
    for name in _WORD.findall(question):
        parts = _HUMP.findall(name)
        if len(parts) > 1:
            found[name.lower()] = None
        for part in parts:
            low = part.lower()
            if len(low) > 1 and low not in _NO_HELP and not low.isdecimal():
                found[_stem(low)] = None
    return tuple(found)[:MOST]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= max(_SHORTEST, len(ending) + 2):
            return word.removesuffix(ending)
    return word
