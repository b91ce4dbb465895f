"""What the core needs of a language model."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete. ``cut`` says that it ran into the API's own length limit."""

    usage: Usage | None
    cut: bool = False


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
