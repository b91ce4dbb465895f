"""A whole turn over the emulators: a Telegram update in, 200 tokens in 40 chunks, the final text out."""

import asyncio
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.bench.contest import table
from tests.emulators.openai import Answer, ModelServer
from tests.emulators.telegram import BotApi, Flood, Person

TURNS = 30
ROUNDS = 5
CHATS = 50
END = "the end."
ANSWER = " ".join(f"word{number:03d}" for number in range(98)) + " " + END
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Contender:
    """A bot as a process, and the emulators that it alone talks to."""

    name: str
    api: BotApi
    process: asyncio.subprocess.Process

    def cpu(self) -> float:
        """Return the processor seconds that the process has spent."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> int:
        """Return the resident bytes of the process."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE


async def whole_turns() -> None:
    """CPU of one turn in one chat, then many chats at once."""
    async with (
        ModelServer.start() as models,
        _contender("bare aiogram + openai", models, ["-m", "tests.bench.floor_bot"]) as floor,
        _contender("Parley, SQLite", models, ["-m", "cli", "serve"]) as ours,
    ):
        models.serve_fast(Answer(text=ANSWER, chunks=40))
        spent = await _alone([floor, ours])
        rows: list[tuple[str, ...]] = [("bot", "CPU a turn", "ratio", "memory")]
        for contender in (floor, ours):
            mine = spent[contender.name]
            ratio = f"{mine / spent[floor.name]:.2f} x"
            rows.append((contender.name, f"{mine * 1e3:.1f} ms", ratio, _megabytes(contender)))
        table("A whole turn in one chat; goal: at most 0.7 x the floor", rows)
        rows = [("bot", "chats", "turns/s", "first text, median", "last one's", "memory")]
        rows += [await _crowd(contender) for contender in (floor, ours)]
        table(f"{CHATS} chats at once, one turn each", rows)


async def _alone(contenders: list[Contender]) -> dict[str, float]:
    people = {one.name: one.api.add_person("Ada") for one in contenders}
    for one in contenders:
        await _turns(one, people[one.name], 5)
        await _settled(one)
    spent: dict[str, list[float]] = {one.name: [] for one in contenders}
    for _ in range(ROUNDS):
        for one in contenders:
            before = one.cpu()
            await _turns(one, people[one.name], TURNS)
            spent[one.name].append((one.cpu() - before) / TURNS)
    return {name: statistics.median(found) for name, found in spent.items()}


async def _settled(one: Contender) -> None:
    """Wait until what the process does at its start, importing for example, is over."""
    before = -1.0
    while one.cpu() - before > 0.05:
        before = one.cpu()
        await asyncio.sleep(1)


async def _turns(one: Contender, person: Person, count: int) -> None:
    for _ in range(count):
        person.say(person, "tell me something")
        seen = len(one.api.chat(person).visible())
        await one.api.wait_for(lambda seen=seen: _answered(one.api, person, seen + 1), timeout=20)  # type: ignore[misc] # a lambda's default is untyped


def _answered(api: BotApi, person: Person, messages: int) -> bool:
    visible = api.chat(person).visible()
    return len(visible) >= messages and visible[-1].text.endswith(END)


async def _crowd(one: Contender) -> tuple[str, ...]:
    people = [one.api.add_person(f"Person {number}") for number in range(CHATS)]
    began = monotonic()
    for person in people:
        person.say(person, "tell me something")
    firsts = await asyncio.gather(*(_first_text(one, person, began) for person in people))
    for person in people:
        await one.api.wait_for(lambda person=person: _answered(one.api, person, 2), timeout=60)  # type: ignore[misc] # a lambda's default is untyped
    took = monotonic() - began
    return (
        one.name,
        str(CHATS),
        f"{CHATS / took:.0f}",
        f"{statistics.median(firsts) * 1e3:.0f} ms",
        f"{max(firsts) * 1e3:.0f} ms",
        _megabytes(one),
    )


async def _first_text(one: Contender, person: Person, began: float) -> float:
    await one.api.chat(person).wait_text("word000", timeout=60)
    return monotonic() - began


@asynccontextmanager
async def _contender(name: str, models: ModelServer, command: list[str]) -> AsyncIterator[Contender]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as home:
        async with BotApi.start(flood=Flood.off()) as api:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                env=_environment(api, models, home),
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                await api.wait_for(lambda: api.polled, timeout=60)
                yield Contender(name, api, process)
            finally:
                process.send_signal(signal.SIGTERM)
                await process.wait()


def _environment(api: BotApi, models: ModelServer, home: str) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path.cwd()),
        "HOME": home,
        "PARLEY_HOME": home,
        "PARLEY_STORAGE": f"sqlite:///{home}/parley.db",
        "PARLEY_TELEGRAM_TOKEN": "42:TEST",
        "PARLEY_TELEGRAM_API_BASE": api.base_url,
        "PARLEY_ALLOWED": "*",
        "PARLEY_MODEL": "gpt-4o-mini",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": models.base_url,
    }


def _megabytes(one: Contender) -> str:
    return f"{one.memory() / 1e6:.0f} MB"
