"""How many tokens a text and a request cost."""

import re
from collections.abc import Callable, Iterable, Mapping

CountTokens = Callable[[str], int]

# The overheads that OpenAI publishes for chat models:
# https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken
PER_MESSAGE = 3
PER_NAME = 1
PER_REPLY = 3

_PIECE = re.compile(r" ?([A-Za-z]+)|\d{1,3}|\s+|[^\sA-Za-z\d]")
_LETTERS_PER_TOKEN = 6


def approximate_tokens(text: str) -> int:
    """Count tokens by a fixed rule that needs no tables; no real model's count, but repeatable.

    A run of ASCII letters costs a token per six letters begun, up to three digits one,
    any other character one.
    """
    return sum(
        -(-len(piece[1]) // _LETTERS_PER_TOKEN) if piece[1] else 1 for piece in _PIECE.finditer(text)
    )


def prompt_tokens(messages: Iterable[Mapping[str, object]], count: CountTokens) -> int:
    """Count what `messages` cost as a prompt, the framing of each message included."""
    total = PER_REPLY
    for message in messages:
        total += PER_MESSAGE + count(str(message.get("role", "")))
        total += count(content_text(message.get("content")))
        if isinstance(name := message.get("name"), str):
            total += PER_NAME + count(name)
        if message.get("tool_calls"):
            total += count(str(message["tool_calls"]))
    return total


def content_text(content: object) -> str:
    """Return the text of a message's content, given as a string or as parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text", "") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))
