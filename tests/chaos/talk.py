"""What people ask, and answers of the model that prove which conversation it was shown."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.emulators.openai import Answer, Received

NAMED = re.compile(r"c(\d+)q(\d+)(?:w\d+)?")
_LONG = "at length"
_WORDS, _LONG_WORDS = 20, 1100
_PIECES, _LONG_PIECES = 6, 40
_IN_A_LINE = 12


@dataclass(frozen=True, slots=True)
class Key:
    """Which question of which chat; both are counted from 1. Every word of its answer begins with it."""

    chat: int
    number: int

    def __str__(self) -> str:
        return f"c{self.chat}q{self.number}"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks; a long answer takes several messages."""

    key: Key
    long: bool

    @property
    def text(self) -> str:
        return f"{self.key} {_LONG if self.long else 'please'}"

    def answer(self, before: Sequence[str]) -> str:
        """The only right answer, after a conversation of which every text is given in order."""
        words = (f"{self.key}w{number}" for number in range(_LONG_WORDS if self.long else _WORDS))
        head = f"{self.key} after {len(before)} as {_digest(before)}"
        return "\n".join([head, *_lines(list(words))])


def named(text: str) -> set[Key]:
    """The questions that the words of a text belong to."""
    return {Key(int(found[1]), int(found[2])) for found in NAMED.finditer(text)}


def answer_of(request: Received) -> Answer:
    """Answer a request; neighbours of one role and speakers' names were put together in it."""
    texts = [one for role, said in request.said if role != "system" for one in _told(role, said)]
    *before, asked = texts
    (key,) = named(asked)
    question = Question(key, asked.endswith(_LONG))
    pace = int(_digest([asked]), 16) % 10 / 50
    pieces, delay = (_LONG_PIECES, 0.05) if question.long else (_PIECES, pace)
    return Answer(text=question.answer(before), chunks=pieces, delay_between=delay)


def asked_in(request: Received) -> Key:
    """The question that a request is about."""
    (key,) = named(request.last_user_text.rpartition("\n\n")[2])
    return key


def _told(role: str, said: str) -> Iterable[str]:
    if role == "user":
        return [one.rpartition(": ")[2] for one in said.split("\n\n")]
    return [said]


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _lines(words: list[str]) -> list[str]:
    return [" ".join(words[at : at + _IN_A_LINE]) for at in range(0, len(words), _IN_A_LINE)]
