"""What the offline model makes of facts, without understanding a word of them."""

import json
import re

from sessions.facts.ground import HEADING
from sessions.facts.request import asks_to_remember, what_to_remember
from sessions.facts.taking import MOST_AT_ONCE, TAKES_FACTS, THE_MESSAGE
from sessions.ports.model import Prompt

_PIECE = re.compile(r"[;\n]+|(?<=[.!?])\s+")
_LASTING = re.compile(
    r"(?:I(?: am|['\u2019]m| like| love| hate| prefer| use| live| work| speak| have)"
    r"|[Mm]y \w+ (?:is|are))\b"
)
_SHARED = re.compile(r"(?:we|our|the)\b", re.IGNORECASE)
_BARE = re.compile(r"(?:(?:my|our|the|meine?|unsere?) )?\w+", re.IGNORECASE)
_FACT = re.compile(r"^- (.+)$", re.MULTILINE)


def taken_down(prompt: Prompt) -> str | None:
    """Answer a prompt that asks for facts with the pieces of the message; None for another prompt."""
    if not prompt.messages[0].content.startswith(TAKES_FACTS):
        return None
    message = prompt.messages[-1].content.rpartition(f"{THE_MESSAGE} of ")[2].partition("\n\n")[2]
    asked = asks_to_remember(message)
    pieces = _pieces(what_to_remember(message) if asked else message)
    found = pieces if asked else [piece for piece in pieces if _LASTING.match(piece)]
    return json.dumps([_object(piece) for piece in found[:MOST_AT_ONCE]], ensure_ascii=False)


def facts_in(background: str) -> list[str]:
    """Return the facts that stand in a prompt's background."""
    _, there, below = background.partition(HEADING)
    return _FACT.findall(below.partition("\n## ")[0]) if there else []


def _pieces(text: str) -> list[str]:
    """Divide at semicolons and between sentences; of “my preferences” alone nothing can be kept."""
    pieces = (piece.strip(" .!,:") for piece in _PIECE.split(text))
    return [piece for piece in pieces if piece and not _BARE.fullmatch(piece)]


def _object(piece: str) -> dict[str, str]:
    return {"fact": piece, "about": "everybody" if _SHARED.match(piece) else "person"}
