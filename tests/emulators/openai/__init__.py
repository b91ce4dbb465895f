"""A strict OpenAI-compatible chat completions server that can be scripted, held and broken."""

from tests.emulators.openai.answers import Answer, Gate, echo
from tests.emulators.openai.faults import (
    ContextExceeded,
    Cut,
    CutStream,
    ErrorEvent,
    Fault,
    Finish,
    HangBeforeHeaders,
    HangMidStream,
    MalformedChunk,
    RefuseStreamOptions,
    Status,
    html_page,
    rate_limited,
    server_error,
)
from tests.emulators.openai.received import Received
from tests.emulators.openai.server import ModelServer
from tests.emulators.openai.tokens import approximate_tokens, prompt_tokens

__all__ = [
    "Answer",
    "ContextExceeded",
    "Cut",
    "CutStream",
    "ErrorEvent",
    "Fault",
    "Finish",
    "Gate",
    "HangBeforeHeaders",
    "HangMidStream",
    "MalformedChunk",
    "ModelServer",
    "Received",
    "RefuseStreamOptions",
    "Status",
    "approximate_tokens",
    "echo",
    "html_page",
    "prompt_tokens",
    "rate_limited",
    "server_error",
]
