"""Several processes on one Redis are one service: one receives, all answer, each message once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.emulators.openai import Answer, ModelServer, Received, echo
from tests.emulators.telegram import BotApi, Flood
from tests.emulators.telegram.people import Person
from tests.promises.spots import WAIT, Replica, replica
from tests.redis_servers import standalone, until
from tests.redis_servers.processes import reserved_port

CHATS = 60
LEASE = 8
"""Seconds: nobody loses one while sixty answers are streamed on a busy machine."""

TAKEOVER = LEASE + 1
"""What a look at the log may take is beside the lease."""


async def test_one_poller_feeds_all_and_when_it_is_killed_another_polls_within_a_lease(
    tmp_path: Path, models: ModelServer, telegram: BotApi
) -> None:
    models.answer = _in_a_second
    token = {
        "PARLEY_TELEGRAM_TOKEN": telegram.token,
        "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
        "PARLEY_LEASE_SECONDS": str(LEASE),
    }
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(standalone(tmp_path / "redis"))
        crew = [
            await stack.enter_async_context(replica(tmp_path / name, server, models, token))
            for name in ("one", "two", "three")
        ]
        receiving = await _receiving(crew)
        # By then it has counted the others.
        await receiving.asked_for("muster", times=2)
        people = [telegram.add_person(f"Person {number}") for number in range(CHATS)]
        for person in people:
            person.say(person, "hello")
        for person in people:
            await telegram.chat(person).wait_text("[2] hello", timeout=WAIT)
        shares = [one.log.count("event='turn.committed'") for one in crew]
        assert sum(shares) == CHATS
        assert all(shares)
        await receiving.service.kill()
        for person in people[:9]:
            person.say(person, "and now?")
        others = [one for one in crew if one is not receiving]
        await _receiving(others, within=TAKEOVER)
        for person in people[:9]:
            await telegram.chat(person).wait_text("[4] and now?", timeout=WAIT)
    assert all(_shown(telegram, person) == ["[2] hello", "[4] and now?"] for person in people[:9])
    assert all(_shown(telegram, person) == ["[2] hello"] for person in people[9:])
    assert len(models.requests) == CHATS + 9


async def test_updates_that_are_brought_to_two_processes_at_once_are_answered_once(
    tmp_path: Path, models: ModelServer
) -> None:
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(BotApi.start(flood=Flood.off()))
        server = await stack.enter_async_context(standalone(tmp_path / "redis"))
        addresses = [f"127.0.0.1:{stack.enter_context(reserved_port())}" for _ in range(2)]
        doubler = await stack.enter_async_context(doubling([f"http://{one}/hook" for one in addresses]))
        for address in addresses:
            settings = {
                "PARLEY_TELEGRAM_TOKEN": telegram.token,
                "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
                "PARLEY_TELEGRAM_WEBHOOK_URL": f"{doubler.url}/hook",
                "PARLEY_HTTP": address,
                "PARLEY_LEASE_SECONDS": str(LEASE),
            }
            home = tmp_path / address.rpartition(":")[2]
            one = await stack.enter_async_context(replica(home, server, models, settings))
            await one.logged("telegram.webhook_set")
        people = [telegram.add_person(f"Person {number}") for number in range(10)]
        for text in ("hello", "and now?"):
            for person in people:
                person.say(person, text)
        for person in people:
            await telegram.chat(person).wait_text("[4] and now?", timeout=WAIT)
        await telegram.wait_for(lambda: not telegram.pending_updates, timeout=WAIT)
    assert all(_shown(telegram, person) == ["[2] hello", "[4] and now?"] for person in people)
    assert doubler.statuses.count([200, 200]) == len(models.requests) == 20


@dataclass(frozen=True, slots=True)
class Doubler:
    """Where Telegram brings updates; ``statuses`` is what the processes said to each."""

    url: str
    statuses: list[list[int]]


@asynccontextmanager
async def doubling(targets: Sequence[str]) -> AsyncIterator[Doubler]:
    """Bring everything to all of them at once; it is taken when all have taken it."""
    statuses: list[list[int]] = []
    async with aiohttp.ClientSession() as session:

        async def bring(target: str, body: bytes, headers: dict[str, str]) -> int:
            async with session.post(target, data=body, headers=headers) as answer:
                return answer.status

        async def double(request: web.Request) -> web.Response:
            body = await request.read()
            kept = {name: text for name, text in request.headers.items() if name.startswith("X-")}
            bringing = [bring(target, body, kept) for target in targets]
            statuses.append(list(await asyncio.gather(*bringing)))
            return web.Response(status=max(statuses[-1]))

        app = web.Application()
        app.router.add_post("/hook", double)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield Doubler(f"http://127.0.0.1:{runner.addresses[0][1]}", statuses)
        finally:
            await runner.cleanup()


async def _receiving(crew: Sequence[Replica], within: float = WAIT) -> Replica:
    """Wait until all do what they do: one receives."""

    async def found() -> Replica | None:
        duties = [one.duty for one in crew]
        settled = duties.count("duty.taken") == 1 and "" not in duties
        return crew[duties.index("duty.taken")] if settled else None

    return await until("one receives", found, seconds=within)


def _in_a_second(request: Received) -> Answer:
    return Answer(text=echo(request), chunks=2, delay_between=1.0)


def _shown(telegram: BotApi, person: Person) -> list[str]:
    return [message.text for message in telegram.chat(person).visible() if message.by_bot]


pytestmark = pytest.mark.timeout(300)
