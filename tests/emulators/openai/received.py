"""What the server knows of a request it got, and how a test waits for it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tests.emulators.openai.tokens import content_text


@dataclass(slots=True)
class Received:
    """One chat completion request, refused ones included.

    `status` is 0 until the server has decided. `finished` means that the whole answer was written
    while the client was connected; `client_gone` that it left before.
    """

    number: int
    at: datetime
    headers: Mapping[str, str]
    body: dict[str, object] = field(default_factory=dict)
    status: int = 0
    chunks_sent: int = 0
    answer: str | None = None
    fault: str | None = None
    finished: bool = False
    client_gone: bool = False

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def messages(self) -> list[dict[str, object]]:
        """The messages as sent; empty if the request had none that could be read."""
        found = self.body.get("messages")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def said(self) -> list[tuple[str, str]]:
        """Role and text of each message, in order."""
        return [(str(one.get("role")), content_text(one.get("content"))) for one in self.messages]

    @property
    def last_user_text(self) -> str:
        return next((text for role, text in reversed(self.said) if role == "user"), "")

    @property
    def stream(self) -> bool:
        return self.body.get("stream") is True

    @property
    def includes_usage(self) -> bool:
        options = self.body.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True


Predicate = Callable[[Received], bool]


class Changes:
    """Wakes waiters whenever something they may wait for has changed."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()

    def announce(self) -> None:
        """Let every waiter look again."""
        self._happened.set()
        self._happened = asyncio.Event()

    async def until(self, condition: Callable[[], bool], timeout_s: float | None = 10) -> None:
        """Return when `condition` holds; raises TimeoutError after `timeout_s` seconds."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await self._happened.wait()
