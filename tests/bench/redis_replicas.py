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
SILENCE_SECONDS = 60
END = "the end."
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """How many chats talk to what model, and for how many seconds they do unmeasured and measured."""

    name: str
    chats: int
    answer: Answer
    unmeasured: float
    measured: float


_TEXT = " ".join(f"word{number:03d}" for number in range(98)) + " " + END

LOADS = (
    Load("the model takes no time, 400 chats", 400, Answer(text=_TEXT, chunks=40), 8, 15),
    Load(
        "the model takes 10 s, 800 chats",
        800,
        Answer(text=f"word {_TEXT}", chunks=("word ", _TEXT), delay_between=10),
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
        """Let that many people be there."""
        made = [self.api.add_person(f"Person {number}") for number in range(chats)]
        self.people = {person.id: person for person in made}

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
            await self._answers(SILENCE_SECONDS)

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
    """Under each load start one replica after the other."""
    for load in LOADS:
        rows = [("replicas", "turns/s", "to one", "cores of each replica", "Redis", "emulators")]
        async with (
            ModelServer.start() as models,
            BotApi.start(flood=Flood.off()) as api,
            server_with(WRITTEN) as server,
            folder() as home,
            AsyncExitStack() as stack,
        ):
            _prepare(models, load.answer)
            crowd, serving, single = Crowd(api), list[Service](), 0.0
            crowd.gather(load.chats)
            for number in range(1, REPLICAS + 1):
                at = home / str(number)
                await asyncio.to_thread(at.mkdir)
                started = service(at, _settings(api, models, server))
                serving.append(await stack.enter_async_context(started))
                await (_first(api) if number == 1 else _stands_by(serving[-1]))
                speed, cores = await _measured(crowd, load, serving, server)
                single = single or speed
                rows.append((str(number), f"{speed:.0f}", f"{speed / single:.2f} x", *cores))
            await crowd.fall_silent()
        table(f"Replicas on one Redis, {os.cpu_count()} processors for everything: {load.name}", rows)


def _prepare(models: ModelServer, answer: Answer) -> None:
    if answer.delay_between is None:
        models.serve_fast(answer)
    else:
        models.answer = lambda _: answer


async def _measured(
    crowd: Crowd, load: Load, serving: list[Service], server: Server
) -> tuple[float, tuple[str, str, str]]:
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
