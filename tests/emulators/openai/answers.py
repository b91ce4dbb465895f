"""What the server says, in which pieces and when."""

import itertools
from collections.abc import Callable, Iterator

import msgspec

from tests.emulators.openai.received import Changes, Predicate, Received


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the model.

    `chunks` is how many pieces the text is streamed in, or the pieces themselves; None leaves it to
    the server's `chunk_size`. `delay_between` is in seconds, before each piece but the first;
    None leaves it to the server's `pace`.
    """

    text: str
    chunks: int | tuple[str, ...] | None = None
    delay_between: float | None = None
    finish_reason: str = "stop"

    def pieces(self, chunk_size: int) -> tuple[str, ...]:
        """Cut the text for streaming; joined again the pieces are the text."""
        match self.chunks:
            case None:
                return _cut(self.text, chunk_size)
            case int(number):
                return _spread(self.text, number)
            case pieces:
                return pieces


Answering = Callable[[Received], str | Answer]


def echo(request: Received) -> str:
    """Answer so that the text proves how much context arrived and what was said last."""
    return f"[{len(request.messages)}] {request.last_user_text}"


class Gate:
    """Holds answers back until a test lets them go on, a step at a time.

    A step is one content chunk; the end of a stream (finish reason, usage, `[DONE]`) is one more,
    and an answer that is not streamed is a single step. Headers and the role chunk are not held.
    """

    def __init__(self, changes: Changes, when: Predicate | None = None) -> None:
        self._changes = changes
        self._when = when
        self._permits = 0
        self._steps = 0
        self._inside = 0
        self._ended = 0
        self._open = False

    async def release(self, steps: int = 1, *, timeout_s: float = 10) -> int:
        """Let `steps` more steps pass and return once they were written.

        Returns how many passed: fewer if a held answer ended (or its client left) meanwhile and no
        other is held; what was not used is taken back. Raises TimeoutError if no
        answer comes to the gate.
        """
        before, ended = self._steps, self._ended
        self._permits += steps
        self._changes.announce()

        def used_up() -> bool:
            stuck = self._ended > ended and not self._inside
            return self._steps - before >= steps or stuck

        await self._changes.until(used_up, timeout_s)
        self._permits = 0
        return self._steps - before

    def open(self) -> None:
        """Let everything pass from here on."""
        self._open = True
        self._changes.announce()

    def holds(self, request: Received) -> bool:
        """Tell whether this gate stands in the way of `request`."""
        return not self._open and (self._when is None or self._when(request))

    async def pass_one(self) -> None:
        """Wait for a permit and take it."""
        await self._changes.until(lambda: self._open or self._permits > 0, None)
        self._permits -= not self._open

    def passed(self) -> None:
        """Note that the step that a permit was taken for has been written."""
        self._steps += 1
        self._changes.announce()

    def entered(self) -> None:
        """Note that an answer is held from here on."""
        self._inside += 1

    def ended(self) -> None:
        """Note that a held answer came to its end or lost its client."""
        self._inside -= 1
        self._ended += 1
        self._changes.announce()


def _cut(text: str, size: int) -> tuple[str, ...]:
    return tuple(text[start : start + size] for start in range(0, len(text), size))


def _spread(text: str, number: int) -> tuple[str, ...]:
    def ends() -> Iterator[int]:
        return (len(text) * index // number for index in range(number + 1))

    return tuple(text[start:end] for start, end in itertools.pairwise(ends()))
