"""Conditions of steps: a small language of comparisons over variables and results.

::

    environment == "production" and not steps.check.output contains "error"
    (count >= 3 or steps.review.status == skipped) and confirmed
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sessions.workflows.templates import PATH, QUOTED, Scope

LONGEST = 1_000
"""Characters of a condition."""
_DEEPEST = 20
_FALSE = frozenset({"", "false", "no", "off", "0", "none"})
_WORDS = frozenset({"and", "or", "not", "in", "contains", "true", "false"})
_STATUSES = frozenset({"done", "skipped", "refused", "failed"})
_EXAMPLE = 'Write for example: environment == "production" and steps.check.output contains "ok"'
_NUMBER = re.compile(r"\s*[+-]?\d{1,15}(\.\d{1,15})?\s*", re.ASCII)
_TOKEN = re.compile(
    rf"\s*(?:(?P<quoted>{QUOTED})|(?P<number>-?\d{{1,15}}(?:\.\d{{1,15}})?(?![\w.]))"
    rf"|(?P<path>{PATH})|(?P<sign>==|!=|<=|>=|<|>|\(|\)))"
)


class ConditionError(Exception):
    """A condition that means nothing; the text says what to write."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was understood, and the paths that it names."""

    holds: Callable[[Scope], bool]
    paths: tuple[str, ...]


Text = Callable[[Scope], str]
Test = Callable[[Scope], bool]


def parse_condition(text: str) -> Condition:
    """Understand a condition. Raises ConditionError."""
    if len(text) > LONGEST:
        raise ConditionError(f"the condition is longer than {LONGEST:,} characters.")
    parser = _Parser(list(_tokens(text)))
    test = parser.either()
    parser.expect_end()
    return Condition(test, tuple(parser.paths))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise ConditionError(f"“{text[at:].strip()[:30]}” is not understood. {_EXAMPLE}")
        kind = str(found.lastgroup)
        word = found[kind]
        yield ("word" if kind == "path" and word in _WORDS else kind), word
        at = found.end()


class _Parser:
    """Reads from the weakest binding to the strongest: or, and, not, comparison."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.paths: list[str] = []

    def either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda scope: any(test(scope) for test in tests)

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise ConditionError(f"“{self._tokens[self._at][1]}” is one word too many. {_EXAMPLE}")

    def _both(self) -> Test:
        tests = [self._negated()]
        while self._take("and"):
            tests.append(self._negated())
        return tests[0] if len(tests) == 1 else lambda scope: all(test(scope) for test in tests)

    def _negated(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ConditionError(f"it is nested deeper than {_DEEPEST} times.")
        try:
            if self._take("not"):
                inner = self._negated()
                return lambda scope: not inner(scope)
            if self._take("("):
                inner = self.either()
                if not self._take(")"):
                    raise ConditionError("a closing bracket is missing.")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Test:
        left = self._value()
        for sign, compare in _COMPARISONS.items():
            if self._take(sign):
                right = self._value(after=sign)
                return lambda scope: compare(left(scope), right(scope))
        return lambda scope: left(scope).strip().casefold() not in _FALSE

    def _value(self, after: str = "") -> Text:
        kind, word = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        self._at += 1
        # A bare word behind == is a status, so that it need not be quoted; a variable of that name loses.
        if kind == "number" or (kind == "path" and after and word in _STATUSES):
            return lambda scope: word
        if kind == "quoted":
            return lambda scope: word[1:-1]
        if word in ("true", "false"):
            return lambda scope: word
        if kind == "path":
            self.paths.append(word)
            return lambda scope: scope.get(word)
        raise ConditionError(f"a value is missing before “{word or 'the end'}”. {_EXAMPLE}")

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in (("word", word), ("sign", word)):
            self._at += 1
            return True
        return False


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _equal(left: str, right: str) -> bool:
    one, other = _number(left), _number(right)
    if one is not None and other is not None:
        return one == other
    return left.strip() == right.strip()


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def numbers(left: str, right: str) -> bool:
        one, other = _number(left), _number(right)
        if one is None or other is None:
            wrong = left if one is None else right
            raise ConditionError(f"“{wrong.strip()[:30]}” is no number, so it is neither more nor less.")
        return compare(one, other)

    return numbers


_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<=": _ordered(lambda one, other: one <= other),
    ">=": _ordered(lambda one, other: one >= other),
    "<": _ordered(lambda one, other: one < other),
    ">": _ordered(lambda one, other: one > other),
    "contains": lambda left, right: right.casefold() in left.casefold(),
    "in": lambda left, right: left.casefold() in right.casefold(),
}
