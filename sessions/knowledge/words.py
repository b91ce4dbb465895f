"""Divides text into words as they are searched for: folded, and without their usual English endings.

As ``porter unicode61`` of SQLite's FTS5 has it: https://www.sqlite.org/fts5.html#tokenizers
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

LONGEST_WORD = 64
"""Characters of a word that count."""

_SHORTEST = 3
"""Characters of a word that has an ending."""

_ASCII = re.compile(r"[0-9a-z]+")
# Letters and digits, and the vowel signs that stand inside of words in scripts of India and of Thailand.
_ANY = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e])+")
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


def words(text: str) -> Iterator[str]:
    """The words of the text in their order, each in the form in which words are compared."""
    if text.isascii():
        found = _ASCII.findall(text.lower())
    else:
        found = _ANY.findall(_ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold()))
    return map(stem, found)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word, in small letters, without its ending.

    M. F. Porter, An algorithm for suffix stripping, 1980: https://tartarus.org/martin/PorterStemmer/
    """
    if len(word) > LONGEST_WORD:
        return word[:LONGEST_WORD]
    if len(word) < _SHORTEST or word.isdecimal():
        return word
    word = _without_past(_without_plural(word))
    if word[-1] == "y" and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    word = _replaced(_replaced(word, _DOUBLE), _SINGLE)
    return _tidied(_without_suffix(word))


_DOUBLE = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "logi": "log",
    "bli": "ble",
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousli": "ous",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
}
_SINGLE = {
    "icate": "ic",
    "ative": "",
    "alize": "al",
    "iciti": "ic",
    "ical": "ic",
    "ful": "",
    "ness": "",
}
_LAST = (
    *("ement", "ance", "ence", "able", "ible", "ment"),
    *("ant", "ent", "ion", "ism", "ate", "iti", "ous", "ive", "ize"),
    *("al", "er", "ic", "ou"),
)


def _without_plural(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _without_past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        rest = word.removesuffix(ending)
        if rest != word and _has_vowel(rest):
            return _mended(rest)
    return word


def _mended(rest: str) -> str:
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if _doubled(rest) and rest[-1] not in "lsz":
        return rest[:-1]
    return rest + "e" if _measure(rest) == 1 and _is_short(rest) else rest


def _replaced(word: str, endings: dict[str, str]) -> str:
    """The longest ending that fits decides, also when it stays."""
    ending = max((one for one in endings if word.endswith(one)), key=len, default="")
    rest = word[: len(word) - len(ending)]
    return rest + endings[ending] if ending and _measure(rest) > 0 else word


def _without_suffix(word: str) -> str:
    for ending in _LAST:
        if word.endswith(ending):
            rest = word[: -len(ending)]
            fits = ending != "ion" or rest.endswith(("s", "t"))
            return rest if fits and _measure(rest) > 1 else word
    return word


def _tidied(word: str) -> str:
    if word.endswith("e"):
        rest = word[:-1]
        measure = _measure(rest)
        if measure > 1 or (measure == 1 and not _is_short(rest)):
            word = rest
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _kinds(word: str) -> str:
    """The word with ``v`` for vowels and ``c`` for all else; y is a vowel behind a consonant."""
    kinds, before = [], "v"
    for letter in word:
        before = "v" if letter in "aeiou" or (letter == "y" and before == "c") else "c"
        kinds.append(before)
    return "".join(kinds)


def _measure(word: str) -> int:
    """How often a consonant follows a vowel."""
    return _kinds(word).count("vc")


def _has_vowel(word: str) -> bool:
    return "v" in _kinds(word)


def _doubled(word: str) -> bool:
    return word[-2:-1] == word[-1:] and _kinds(word).endswith("c")


def _is_short(word: str) -> bool:
    """Whether it ends as in ``hop``."""
    return _kinds(word).endswith("cvc") and word[-1] not in "wxy"
