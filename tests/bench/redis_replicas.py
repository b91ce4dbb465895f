"""One, two and three `parley serve` on one Redis: turns per second over the emulators.

A chat says the next thing as soon as it is answered. Where a turn is short, processors are what there is
too little of, and replicas share them with the emulators. Where the model takes its time, it is lanes,
and each replica brings its own.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tests.bench.contest import table
from tests.bench.redis_turns import WRITTEN, folder, server_with
from tests.emulators.openai import Answer, ModelServer
from tests.emulators.telegram import BotApi, Flood, Person
from tests.redis_servers import Server
from tests.service import Service, service

REPLICAS = 3
START_SECONDS = 60
END = "the end."
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """How many chats talk, to what model, and for how many seconds they do unmeasured and measured."""

    name: str
    chats: int
    answer: Answer
    unmeasured: float
    measured: float


_WORDS = " ".join(f"word{number:03d}" for number in range(98))

LOADS = (
    Load("fast model, 64 chats", 64, Answer(text=f"{_WORDS} {END}", chunks=40), 5, 15),
    Load(
        "model takes 10 s, 800 chats",
        800,
        Answer(text=f"{_WORDS} {END}", chunks=("word ", f"{_WORDS} {END}"), delay_between=10),
        22,
        20,
    ),
)


@dataclass(slots=True)
class Crowd:
    """People in chats of their own; counts the answers that are there to the end."""

    api: BotApi
    people: dict[int, Person] = field(default_factory=dict)
    answered: int = 0
    _waiting: set[int] = field(default_factory=set)
    _seen: int = 0

    def gather(self, chats: int) -> None:
        """Let nobody but that many people be there."""
        made = [self.api.add_person(f"Person {number}") for number in range(chats)]
        self.people = {person.id: person for person in made}
        self._waiting.clear()

    async def talk(self, seconds: float) -> float:
        """Talk for that long; returns the answers per second. What is asked stays asked."""
        began, before = monotonic(), self.answered
        self._ask([chat for chat in self.people if chat not in self._waiting])
        while (left := began + seconds - monotonic()) > 0:
            try:
                self._ask(await self._answers(left))
            except TimeoutError:
                break
        return (self.answered - before) / (monotonic() - began)

    async def fall_silent(self) -> None:
        """Wait until everybody is answered."""
        while self._waiting:
            await self._answers(60)

    def _ask(self, chats: list[int]) -> None:
        for chat in chats:
            self._waiting.add(chat)
            self.people[chat].say(self.people[chat], "tell me something")

    async def _answers(self, seconds: float) -> list[int]:
        """Wait for calls of the bot and return the chats whose answer is complete with them."""
        calls = await self.api.wait_for(lambda: self.api.calls[self._seen :], timeout=seconds)
        self._seen += len(calls)
        ended = [call.chat_id for call in calls if str(call.params.get("text", "")).endswith(END)]
        answered = [chat for chat in ended if chat in self._waiting]
        self._waiting.difference_update(answered)
        self.answered += len(answered)
        return [chat for chat in answered if chat is not None]


async def redis_replicas() -> None:
    """Start one replica after the other; each time the same loads."""
    rows: dict[str, list[tuple[str, ...]]] = {
        load.name: [("replicas", "turns/s", "to one", "cores of each replica", "Redis", "emulators")]
        for load in LOADS
    }
    single: dict[str, float] = {}
    async with (
        ModelServer.start() as models,
        BotApi.start(flood=Flood.off()) as api,
        server_with(WRITTEN) as server,
        folder() as home,
        AsyncExitStack() as stack,
    ):
        crowd, serving = Crowd(api), list[Service]()
        for number in range(1, REPLICAS + 1):
            settings = _settings(api, models, server)
            await asyncio.to_thread((home / str(number)).mkdir)
            serving.append(await stack.enter_async_context(service(home / str(number), settings)))
            await (_first(api) if number == 1 else _stands_by(serving[-1]))
            for load in LOADS:
                models.serve_fast(load.answer)
                speed, cores = await _measured(crowd, load, serving, server)
                ratio = f"{speed / single.setdefault(load.name, speed):.2f} x"
                rows[load.name].append((str(number), f"{speed:.0f}", ratio, *cores))
    for name, found in rows.items():
        table(f"Replicas on one Redis, {os.cpu_count()} processors for everything: {name}", found)


async def _measured(
    crowd: Crowd, load: Load, serving: list[Service], server: Server
) -> tuple[float, tuple[str, str, str]]:
    crowd.gather(load.chats)
    await crowd.talk(load.unmeasured)
    processes = [
        *(one.process.pid for one in serving if one.process is not None),
        server.pid,
        os.getpid(),
    ]
    began, before = monotonic(), [_cpu(process) for process in processes]
    speed = await crowd.talk(load.measured)
    took = monotonic() - began
    cores = [f"{(_cpu(one) - was) / took:.2f}" for one, was in zip(processes, before, strict=True)]
    await crowd.fall_silent()
    return speed, (" + ".join(cores[:-2]), cores[-2], cores[-1])


async def _first(api: BotApi) -> None:
    await api.wait_for(lambda: api.polled, timeout=START_SECONDS)


async def _stands_by(one: Service) -> None:
    log = one.home / "serve.log"
    async with asyncio.timeout(START_SECONDS):
        while "duty.standing_by" not in log.read_text():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.05)


def _settings(api: BotApi, models: ModelServer, server: Server) -> dict[str, str]:
    return {
        "PARLEY_STORAGE": server.url,
        "PARLEY_TELEGRAM_TOKEN": "42:TEST",
        "PARLEY_TELEGRAM_API_BASE": api.base_url,
        "PARLEY_ALLOWED": "*",
        "PARLEY_MODEL": "gpt-4o-mini",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": models.base_url,
    }


def _cpu(process: int) -> float:
    """The processor seconds that the process has spent."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK
