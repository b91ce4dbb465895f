"""From texts to what the index splits into words, and from terms to a query."""

import re
from collections.abc import Iterable

from sessions.ports.knowledge import MOST_TERMS

# ASCII but letters and digits: the tokenizer separates there too, and nothing of the query's language
# is left in a word.
_BETWEEN = re.compile(r"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")
_EAST_ASIAN = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\ua960-\ua97f\uac00-\ud7af\uf900-\ufaff]"
)


def indexed(text: str) -> str:
    """The text as it goes into the index: where no spaces are written, each character is a word."""
    return text if text.isascii() else _EAST_ASIAN.sub(r" \g<0> ", text)


def query(terms: Iterable[str]) -> str:
    """Return an FTS5 query for passages with any of these words; empty when there is none."""
    words: dict[str, None] = {}
    for term in list(terms)[:MOST_TERMS]:
        for word in _BETWEEN.split(indexed(term) if term.isascii() else _phrases(term)):
            if word.strip("\ufffe"):
                words[word.replace("\ufffe", " ").strip()] = None
    return " OR ".join(f'"{word}"' for word in words)


def _phrases(term: str) -> str:
    # Spaces would divide the characters of a word that is written without them.
    return _EAST_ASIAN.sub("\ufffe\\g<0>\ufffe", term)
