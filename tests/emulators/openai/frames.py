"""The bytes of completions: JSON bodies and server-sent events."""

from dataclasses import dataclass

import msgspec

DONE = b"data: [DONE]\n\n"
# What is left of a chunk when a proxy cuts it.
MALFORMED = b'data: {"id":"chatcmpl-broken","object":"chat.completion.chunk","choi\n\n'
_FINGERPRINT = "fp_parley"


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of a prompt and its answer."""

    prompt: int
    completion: int

    def encoded(self) -> bytes:
        return msgspec.json.encode(
            {
                "prompt_tokens": self.prompt,
                "completion_tokens": self.completion,
                "total_tokens": self.prompt + self.completion,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
            }
        )


class Frames:
    """Encodes the events of one streamed completion.

    With `include_usage` every event but the last carries `usage: null`, without it none does.
    """

    def __init__(self, name: str, model: str, created: int, *, include_usage: bool) -> None:
        header = {
            "id": name,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
            "service_tier": "default",
            "system_fingerprint": _FINGERPRINT,
        }
        self._head = b"data: " + msgspec.json.encode(header)[:-1] + b',"choices":['
        self._tail = b'],"usage":null}\n\n' if include_usage else b"]}\n\n"

    def role(self) -> bytes:
        return self._choice({"role": "assistant", "content": "", "refusal": None})

    def content(self, piece: str) -> bytes:
        return self._choice({"content": piece})

    def finish(self, reason: str) -> bytes:
        return self._choice({}, reason)

    def usage(self, usage: Usage) -> bytes:
        return self._head + b'],"usage":' + usage.encoded() + b"}\n\n"

    def _choice(self, delta: dict[str, str | None], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._head + msgspec.json.encode(choice) + self._tail


def error_event(error: bytes) -> bytes:
    """Make an event of an encoded error body."""
    return b"data: " + error + b"\n\n"


def completion(name: str, model: str, created: int, text: str, reason: str, usage: Usage) -> bytes:
    """Encode an answer that is not streamed."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": text,
        "refusal": None,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return msgspec.json.encode(
        {
            "id": name,
            "object": "chat.completion",
            "created": created,
            "model": model,
            "choices": [choice],
            "usage": msgspec.Raw(usage.encoded()),
            "service_tier": "default",
            "system_fingerprint": _FINGERPRINT,
        }
    )


def model_entry(model: str) -> dict[str, object]:
    """Return a model as the models endpoint lists it."""
    return {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "parley"}
