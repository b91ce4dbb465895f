"""Asks a model and says what a person sees."""

from datetime import UTC, datetime, timedelta

from sessions.llm import OpenAIModel, Patience
from sessions.model import Role, Usage
from sessions.ports.model import ChatModel, Done, Piece, Prompt, PromptMessage, Restart, Text
from tests.emulators.openai import (
    ModelServer,
)

KEY = "sk-test"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HASTE = Patience(first_byte=timedelta(milliseconds=300), between=timedelta(milliseconds=300), attempts=3)
HELLO = Prompt((PromptMessage(Role.SYSTEM, "Be kind"), PromptMessage(Role.USER, "hello")), "gpt-4")


class Pauses:
    """Sleeps in no time and remembers how long it should have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def hasty(server: ModelServer, pauses: Pauses, key: str = KEY) -> OpenAIModel:
    return OpenAIModel(model="gpt-4", api_key=key, base_url=server.base_url, patience=HASTE, sleep=pauses)


async def ask(model: ChatModel, prompt: Prompt = HELLO) -> list[Piece]:
    return [piece async for piece in model.stream(prompt)]


def shown(pieces: list[Piece]) -> str:
    """What a person sees in the end."""
    text = ""
    for piece in pieces:
        match piece:
            case Text(more):
                text += more
            case Restart():
                text = ""
            case Done():
                pass
    return text


def usage(pieces: list[Piece]) -> Usage | None:
    assert isinstance(pieces[-1], Done)
    return pieces[-1].usage
