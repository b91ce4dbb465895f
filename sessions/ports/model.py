"""What the core needs of a language model."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sessions.model import Role, Usage


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message as the model's API takes it; the content is never empty."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked. An empty model name means the deployment's."""

    messages: tuple[PromptMessage, ...]
    model: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer, to be appended to what came before."""

    text: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The stream broke and begins again: forget the text so far."""


class CutBy(StrEnum):
    """Why the far end ended an answer early."""

    LENGTH = "length"
    FILTER = "filter"


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more comes. ``cut`` says why the answer is not whole, if it is not."""

    usage: Usage | None
    cut: CutBy | None = None


Piece = Text | Restart | Done


class ChatModel(Protocol):
    """A model that streams."""

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and answer may have together."""
        ...

    async def warm_up(self) -> None:
        """Do beforehand what the first answer would have to wait for. Repeating it is a no-op."""
        ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """Stream one answer; the last piece is Done. Close the iterator to stop.

        Retries by itself (see Restart). Raises ModelDown, ModelRefused or ContextTooLong.
        """
        ...
