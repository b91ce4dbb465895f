"""What a refusal or failure of an OpenAI-compatible server means, and the words for it."""

import math
import re
from typing import assert_never

import msgspec

from sessions.errors import ContextTooLong, ModelDown, ModelError, ModelRefused

_RETRIED = frozenset({408, 409, 425, 429})
_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_LONGEST_QUOTE = 300

# What OpenAI, Azure, vLLM, llama.cpp, Ollama, LM Studio, TGI, OpenRouter, Mistral, Groq, xAI, Anthropic
# and Gemini say, each in its own words, when a prompt is too long.
_TOO_LONG = re.compile(
    r"context[ _]length|context[ _]size|context[ _]window|maximum context|the context overflows"
    r"|maximum prompt length|(?:prompt|input|request|inputs) (?:is|are) too (?:long|large)"
    r"|request too large"
    r"|exceeds? the maximum (?:number of )?(?:input )?tokens|input token count|too many (?:input )?tokens"
    r"|reduce the length|tokens must be reduced|max_new_tokens` must be",
    re.IGNORECASE,
)
_MODEL_UNKNOWN = re.compile(
    r"model.{0,120}(?:not found|not exist|not a valid|not available|no endpoints)"
    r"|(?:invalid|unknown) model|not a valid model|try pulling",
    re.IGNORECASE | re.DOTALL,
)
_SECRET = re.compile(r"\b(?:sk|key|pk)[-_][\w*.-]{4,}|(?<=://)[^\s/@]+@|bearer\s+\S+", re.IGNORECASE)


NOTHING_SAID = "an empty answer"


class Broken(ModelError):
    """An attempt failed in a way that may pass. Never leaves this package.

    ``status`` is the HTTP status, 0 if it did not come to that; ``asked_wait`` the seconds that the
    far end asks to wait.
    """

    def __init__(self, reason: str, status: int = 0, asked_wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.asked_wait = asked_wait


class Complaint(msgspec.Struct, frozen=True):
    """What a server says is wrong, as far as it can be read."""

    message: str = ""
    code: str = ""
    type: str = ""
    text: str = ""
    """All of it, for looking for wordings."""

    def names(self, words: frozenset[str]) -> bool:
        """Whether code or type is one of these."""
        return self.code in words or self.type in words


class _Error(msgspec.Struct):
    message: str | None = None
    code: str | int | None = None
    type: str | None = None


class _Body(msgspec.Struct):
    error: _Error | str | None = None
    message: str | None = None
    code: str | int | None = None
    type: str | None = None


def read_complaint(body: bytes) -> Complaint:
    """Read an error body; servers nest ``error``, write a string there, or leave it out."""
    text = body[:20_000].decode(errors="replace")
    try:
        found = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Complaint(text=text)
    match found.error:
        case str(message):
            return Complaint(message=message, text=text)
        case None:
            return _complaint(found.message, found.code, found.type, text)
        case _Error(message=said, code=code, type=kind):
            return _complaint(said, code, kind, text)
        case _:
            assert_never(found.error)


def judge(
    status: int, complaint: Complaint, *, secret: str, model: str, wait: float | None = None
) -> ModelError:
    """Say what a failure is, for a refused request or an error inside a stream (status 0)."""
    if status not in (401, 403, 404) and _is_too_long(complaint):
        return ContextTooLong("That is too long for the model. Send less at once.")
    if status == 402 or complaint.names(_QUOTA):
        return ModelRefused(
            "The model's account has no credit left or reached its limit. Whoever runs this bot can "
            "check plan and billing of the account that OPENAI_API_KEY belongs to."
        )
    if status in _RETRIED or status >= 500 or (status == 0 and not _is_unknown_model(complaint)):
        return Broken("the server failed", status, wait)
    return ModelRefused(_refusal(status, complaint, secret, model))


def down(cause: Broken) -> ModelDown:
    """Give the words for a model that stays away."""
    if cause.asked_wait is not None and cause.asked_wait >= 60:
        minutes = math.ceil(cause.asked_wait / 60)
        return ModelDown(
            f"The model is too busy; it asks to come back in {minutes} minutes. Your message is kept; "
            "send /retry then."
        )
    if cause.status == 429:
        return ModelDown(
            "The model is too busy right now. Your message is kept; send /retry to try again."
        )
    if cause.reason == NOTHING_SAID:
        return ModelDown(
            "The model answered with nothing, several times. Your message is kept; "
            "send /retry to try again."
        )
    return ModelDown(
        "The model cannot be reached right now. Your message is kept; send /retry to try again."
    )


def withheld() -> ModelRefused:
    """Give the words for an answer of which a filter left nothing."""
    return ModelRefused(
        "The model's content filter held the answer back. Asking in other words may help."
    )


def not_an_api() -> ModelRefused:
    """Give the words for a web page where an answer was expected."""
    return ModelRefused(
        "The model's server answered with a web page. Whoever runs this bot can check OPENAI_BASE_URL; "
        "it usually ends in /v1."
    )


def _complaint(message: str | None, code: str | int | None, kind: str | None, text: str) -> Complaint:
    return Complaint(message or "", "" if code is None else str(code), kind or "", text)


def _is_too_long(complaint: Complaint) -> bool:
    return complaint.code == "context_length_exceeded" or bool(_TOO_LONG.search(complaint.text))


def _is_unknown_model(complaint: Complaint) -> bool:
    return complaint.code == "model_not_found" or bool(_MODEL_UNKNOWN.search(complaint.message))


def _refusal(status: int, complaint: Complaint, secret: str, model: str) -> str:
    if status == 401:
        return (
            "The model's server does not accept the key. Whoever runs this bot can check OPENAI_API_KEY."
        )
    if _is_unknown_model(complaint):
        return (
            f"The model's server knows no model {_quotable(model, secret)!r}, or the key may not use it. "
            "Whoever runs this bot can check PARLEY_MODEL."
        )
    if status == 403:
        return (
            "The model's server does not permit this request. Whoever runs this bot can check what "
            "OPENAI_API_KEY may be used for." + _quote(complaint, secret)
        )
    if status in (404, 405):
        return (
            "The model's server has no chat completions there. Whoever runs this bot can check "
            "OPENAI_BASE_URL (it usually ends in /v1) and PARLEY_MODEL."
        )
    return (
        "The model's server did not accept the request. Whoever runs this bot can check PARLEY_MODEL and "
        "OPENAI_BASE_URL." + _quote(complaint, secret)
    )


def _quote(complaint: Complaint, secret: str) -> str:
    quoted = _quotable(complaint.message, secret)
    return f" It says: {quoted}" if quoted else ""


def _quotable(text: str, secret: str) -> str:
    """One line without what looks like a key."""
    if secret:
        text = text.replace(secret, "…")
    line = " ".join(_SECRET.sub("…", text).split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"
