"""What the commands about facts come to: values that every surface renders in its own idiom."""

from dataclasses import dataclass

from sessions.ports.facts import Fact


@dataclass(frozen=True, slots=True)
class ShownFact:
    """A fact and whom it is about: their name, an id where no name is known, "" for the workspace.

    ``own``: it is about the caller.
    """

    fact: Fact
    name: str
    own: bool


@dataclass(frozen=True, slots=True)
class FactsShown:
    """A page of facts, newest first, of ``total``; ``page`` counts from 1."""

    facts: tuple[ShownFact, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class FactAdded:
    """The fact as it is remembered. ``fresh`` is false where the same was remembered already."""

    fact: Fact
    fresh: bool


@dataclass(frozen=True, slots=True)
class FactForgotten:
    """The fact as it was; nothing of it is left."""

    fact: Fact


FactOutcome = FactsShown | FactAdded | FactForgotten
