"""The offline model: answers without a network, so that everything else can be tried."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from datetime import timedelta

from sessions.facts.offline import facts_in, taken_down
from sessions.model import Role, Usage
from sessions.ports.model import Done, Piece, Prompt, Text
from sessions.window import divide_background, estimate_prompt, estimate_tokens
from sessions.workflows.planner import PLANNER, STEP_SYSTEM

CONTEXT_TOKENS = 16_000
LONGEST = 20_000
"""The most words of a long answer."""
_SLOWNESS = 20
_QUOTED = 200

_WORD = re.compile(r"\s*\S+\s*")
# Neighbouring messages may have been joined to paragraphs, with their authors' names before them.
_COMMAND = re.compile(
    r"(?:\A|\n\n)\s*(?:[^:\n]{1,64}: )?(?P<what>long|slow|markdown)\b"
    r"(?:\s+(?P<number>\d{1,9}))?\s*[.!]?\s*\Z",
    re.IGNORECASE,
)
_TOLD_NAME = re.compile(r"\bmy name is\s+(?P<name>[^\s.,!?;:]+)", re.IGNORECASE)
_ASKED_NAME = re.compile(r"\bwhat(?:'s| is) my name\b|\bwho am i\b", re.IGNORECASE)

_INTRODUCTION = """\
I am Parley's *offline model*: no language model is set up, so I only repeat and count. \
For real answers set `PARLEY_MODEL` and `OPENAI_API_KEY`, or `OPENAI_BASE_URL` for a server of your own.
To try things out, say `long 500`, `markdown` or `slow`, or tell me your name and ask for it later."""

_MARKDOWN = """\
# A sample of Markdown

Some **bold**, some *italic*, some `code`, ~~struck~~, and [a link](https://example.org/).

1. A numbered point
2. Another one
   - with a point below it

> A quotation.

```python
def greet(name: str) -> str:
    return f"Hello, {name}: 1 < 2 & 3 > 2"
```

| word  | letters |
| ----- | ------: |
| alpha |       5 |
| beta  |       4 |"""


class OfflineModel:
    """A model that runs here and says so in its first answer of a session.

    The same words get the same answer. It repeats what it was told last and before that, and recalls
    a name from "my name is Ada". As a whole message, ``long 500`` gets an answer of 500 words,
    ``markdown`` one with a table and a code block, ``slow`` one that takes long enough to be stopped.
    Asked for a plan it makes one of three steps; a step of a workflow gets its last paragraph back.
    ``pace`` is the time between two words.
    """

    def __init__(
        self,
        *,
        pace: timedelta = timedelta(milliseconds=15),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._pace = pace.total_seconds()
        self._sleep = sleep

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and answer may have together; a made-up number."""
        return CONTEXT_TOKENS

    async def warm_up(self) -> None:
        """See :meth:`sessions.ports.model.ChatModel.warm_up`: there is nothing to do."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """Stream an answer word by word."""
        words, facts = _said_by_person(prompt)
        answer = taken_down(prompt) or _answer_to_task(prompt, words[-1])
        if answer is None:
            answer = _answer_to(words, facts)
            if not any(message.role is Role.ASSISTANT for message in prompt.messages):
                answer = f"{_INTRODUCTION}\n\n{answer}"
        pause = self._pace * (_SLOWNESS if _command(words[-1])[0] == "slow" else 1)
        for word in _WORD.findall(answer):
            yield Text(word)
            await self._sleep(pause)
        yield Done(Usage(estimate_prompt(prompt), estimate_tokens(answer), estimated=True))


def _said_by_person(prompt: Prompt) -> tuple[list[str], list[str]]:
    """Return what people said, and the facts before the last of it."""
    words = [message.content for message in prompt.messages if message.role is Role.USER] or [""]
    background, words[-1] = divide_background(words[-1])
    return words, facts_in(background)


def _answer_to_task(prompt: Prompt, last: str) -> str | None:
    """Play a plan or a step of a workflow; None for any other prompt."""
    system = prompt.messages[0].content if prompt.messages[0].role is Role.SYSTEM else ""
    if system == PLANNER:
        goal = _quoted(last.rpartition("\n\n")[2])
        steps = (f"Say what is wanted: {goal}", "Do it", "Look at the result and sum it up")
        return json.dumps({"steps": steps}, ensure_ascii=False)
    if system.endswith(STEP_SYSTEM):
        return f"(offline model) {_answer_to([last.rpartition(chr(10) * 2)[2]], [])}"
    return None


def _command(text: str) -> tuple[str, int | None]:
    found = _COMMAND.search(text)
    if found is None:
        return "", None
    number = found["number"]
    return found["what"].lower(), None if number is None else int(number)


def _answer_to(words: list[str], facts: list[str]) -> str:
    match _command(words[-1]):
        case ("long", number):
            return _long_answer(min(number or 500, LONGEST))
        case ("slow", number):
            return "Slowly now, so that you can stop me. " + _long_answer(min(number or 60, LONGEST))
        case ("markdown", _):
            return _MARKDOWN
        case _:
            return _echo(words, facts)


def _echo(words: list[str], facts: list[str]) -> str:
    last = words[-1]
    if _ASKED_NAME.search(last):
        names = [
            found["name"] for one in (*reversed(facts), *words) for found in _TOLD_NAME.finditer(one)
        ]
        return (
            f"You told me that your name is {names[-1]}." if names else "You have not told me your name."
        )
    lines = [f"You said: {_quoted(last)}"]
    if len(words) > 1:
        lines.append(f"Before that: {_quoted(words[-2])}")
    if facts:
        lines.append(f"I remember: {_quoted('; '.join(facts))}")
    if found := _TOLD_NAME.search(last):
        lines.append(f"I shall remember the name {found['name']}.")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def _long_answer(words: int) -> str:
    return "".join(itertools.islice(_endless_words(), words)).strip()


def _endless_words() -> Iterator[str]:
    """Sentences of ten words, paragraphs of five sentences, each telling where in the answer it is."""
    for sentence in itertools.count(1):
        ending = ".\n\n" if sentence % 5 == 0 else ". "
        yield from ("Sentence ", f"{sentence} ", "has ", "ten ", "words ", "so ", "that ", "you ", "can ")
        yield f"count{ending}"
