"""Embeddings: refuses what the API refuses, and gives like words vectors that are near each other.

Reference: https://platform.openai.com/docs/api-reference/embeddings/create
"""

import base64
import math
import re
import struct
from collections.abc import Callable, Mapping
from zlib import crc32

from tests.emulators.openai.refusals import bad, unknown_model

MODELS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
"""Models and the length of their vectors; a shorter one can be asked for."""

_KNOWN = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
_MOST_INPUTS = 2048
_MOST_TOKENS = 8192
_WORD = re.compile(r"[^\W_]+")


def answer(
    body: dict[str, object], models: Mapping[str, int], count: Callable[[str], int]
) -> dict[str, object]:
    """Return the response; raises RefusedError."""
    if unknown := [name for name in body if name not in _KNOWN]:
        raise bad(f"Unrecognized request argument supplied: {', '.join(unknown)}")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise bad("you must provide a model parameter")
    if model not in models:
        raise unknown_model(model)
    texts = _inputs(body.get("input"), count)
    wanted = _dimensions(body.get("dimensions"), models[model])
    encoding = body.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise bad("Invalid 'encoding_format'.", "encoding_format")
    tokens = sum(map(count, texts))
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector(text, wanted), encoding)}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def vector(text: str, dimensions: int) -> list[float]:
    """Add up a direction for every three letters in a row of the words, and take the length 1."""
    numbers = [0.0] * dimensions
    for word in _WORD.findall(text.casefold()):
        padded = f" {word} "
        for at in range(len(padded) - 2):
            numbers[crc32(padded[at : at + 3].encode()) % dimensions] += 1
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers] if length else [1.0] + [0.0] * (dimensions - 1)


def _inputs(given: object, count: Callable[[str], int]) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise bad("'$.input' is invalid. Please check the API reference.", "input")
    if len(texts) > _MOST_INPUTS:
        raise bad(f"'$.input' has more than {_MOST_INPUTS} items.", "input")
    found: list[str] = []
    for text in texts:
        if not isinstance(text, str) or not text:
            raise bad("'$.input' is invalid. Please check the API reference.", "input")
        if count(text) > _MOST_TOKENS:
            raise bad(f"This model's maximum context length is {_MOST_TOKENS} tokens.", "input")
        found.append(text)
    return found


def _dimensions(given: object, most: int) -> int:
    if given is None:
        return most
    if type(given) is not int or not 1 <= given <= most:
        raise bad(f"Invalid value for 'dimensions': expected 1 to {most}.", "dimensions")
    return given


def _encoded(numbers: list[float], encoding: object) -> list[float] | str:
    if encoding == "float":
        return numbers
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
