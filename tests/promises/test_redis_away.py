"""What `parley serve` does while Redis is away: nothing is taken, lost or said twice."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bots.telegram.webhook import SECRET_HEADER
from tests.emulators.openai import Gate, ModelServer
from tests.emulators.telegram import BotApi, Flood
from tests.emulators.telegram.people import Person
from tests.promises.spots import WAIT, Replica, replica
from tests.redis_servers import Server, standalone, until
from tests.redis_servers.processes import reserved_port

SECRET = "a-secret_of-the-webhook"
LONGEST_LEASE = {"PARLEY_LEASE_SECONDS": "30"}
"""The process is back within it, however busy the machine."""


@dataclass
class Desk:
    """A process that serves one bot, and how it does."""

    replica: Replica
    telegram: BotApi
    models: ModelServer
    http: str

    async def asked(self, path: str) -> tuple[int, dict[str, object]]:
        async with aiohttp.ClientSession() as session, session.get(self.http + path) as answer:
            return answer.status, await answer.json()

    async def bring(self, update: object) -> int:
        """Bring an update as Telegram would; the status of the answer."""
        headers = {SECRET_HEADER: SECRET}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self.http}/hook", json=update) as answer,
        ):
            return answer.status

    async def ready(self, status: int = 200) -> None:
        """Wait until it says that it is ready, or with 503 that it is not."""

        async def said() -> bool:
            return (await self.asked("/readyz"))[0] == status

        await until(f"/readyz is {status}", said, seconds=WAIT)

    async def alive(self, store: str) -> None:
        """It says that it lives, and how the store does."""
        status, life = await self.asked("/healthz")
        assert (status, life["status"], life["store"]) == (200, "ok", store)

    def shown(self, person: Person) -> list[str]:
        return [message.text for message in self.telegram.chat(person).visible() if message.by_bot]

    async def wait_answer(self, person: Person, text: str) -> None:
        await self.telegram.chat(person).wait_text(text, timeout=WAIT)

    def warnings(self) -> Counter[str]:
        """How often it warned of what."""
        lines = [line for line in self.replica.log.splitlines() if "level='warning'" in line]
        return Counter(re.findall(r"event='([\w.]+)'", "\n".join(lines)))

    def told(self) -> tuple[int, int]:
        """How many lines say that the store went, and that it came back."""
        log = self.replica.log
        return log.count("event='store.away'"), log.count("event='store.back'")


@asynccontextmanager
async def desk(
    home: Path,
    server: Server,
    models: ModelServer,
    number: int,
    *,
    hooked: bool = False,
    reachable: bool = True,
) -> AsyncIterator[Desk]:
    """A process with a bot and a Telegram of its own; ``hooked`` has the updates brought to it."""
    async with AsyncExitStack() as stack:
        starting = BotApi.start(f"{number}:TEST", flood=Flood.off())
        telegram = await stack.enter_async_context(starting)
        for _ in range(number):
            # Each Telegram counts from the same number, and the store takes all of them for one.
            telegram.add_person("somebody else")
        http = f"127.0.0.1:{stack.enter_context(reserved_port())}"
        settings: Mapping[str, str] = {
            "PARLEY_TELEGRAM_TOKEN": telegram.token,
            "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
            "PARLEY_HTTP": http,
            **LONGEST_LEASE,
        }
        if hooked:
            hook = {"PARLEY_TELEGRAM_WEBHOOK_URL": f"http://{http}/hook"}
            settings = {**settings, **hook, "PARLEY_TELEGRAM_WEBHOOK_SECRET": SECRET}
        opened = replica(home, server, models, settings, reachable=reachable)
        yield Desk(await stack.enter_async_context(opened), telegram, models, f"http://{http}")


@dataclass
class Office:
    """A Redis, a process that polls, and one that is brought its updates."""

    server: Server
    models: ModelServer
    polling: Desk
    hooked: Desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("away")
    async with (
        ModelServer.start() as models,
        standalone(folder / "redis") as server,
        desk(folder / "polling", server, models, 10) as polling,
        desk(folder / "hooked", server, models, 20, hooked=True) as hooked,
    ):
        yield Office(server, models, polling, hooked)


async def test_while_redis_is_killed_nothing_is_taken_and_the_running_answer_is_finished_after_it(
    office: Office,
) -> None:
    polling, hooked, models = office.polling, office.hooked, office.models
    await polling.ready()
    await hooked.ready()
    ada, bob = polling.telegram.add_person("Ada"), hooked.telegram.add_person("Bob")
    gate = await _stream(office, ada)
    office.server.kill()
    ada.say(ada, "next")
    bob.say(bob, "brought")
    gate.open()
    await polling.telegram.wait_for(lambda: not polling.telegram.polled, timeout=WAIT)
    update = hooked.telegram.pending_updates[-1].payload
    assert await hooked.bring(update) == 503
    assert polling.telegram.pending_updates
    assert hooked.telegram.pending_updates
    for one in (polling, hooked):
        await one.ready(503)
        await one.alive("away")
        assert one.told() == (1, 0)
        assert set(one.warnings().values()) == {1}
    assert "turn.committed" not in polling.replica.log
    await office.server.start()
    await polling.wait_answer(ada, "[4] next")
    await hooked.wait_answer(bob, "[2] brought")
    for one in (polling, hooked):
        await one.ready()
        await one.alive("answers")
        assert one.told() == (1, 1)
    assert await hooked.bring(update) == 200
    ada.say(ada, "after")
    await polling.wait_answer(ada, "[6] after")
    assert polling.shown(ada) == ["[2] streaming and more", "[4] next", "[6] after"]
    bob.say(bob, "again")
    await hooked.wait_answer(bob, "[4] again")
    assert hooked.shown(bob) == ["[2] brought", "[4] again"]
    assert [request.last_user_text for request in models.requests].count("streaming and more") == 1


async def test_while_redis_says_nothing_the_poller_waits_and_the_running_answer_is_finished_after_it(
    office: Office,
) -> None:
    polling = office.polling
    await polling.ready()
    ada = polling.telegram.add_person("Ada")
    asked = len(office.models.requests)
    gate = await _stream(office, ada)
    office.server.pause()
    ada.say(ada, "next")
    gate.open()
    await polling.ready(503)
    assert (await polling.asked("/healthz"))[0] == 200
    assert polling.telegram.pending_updates
    office.server.resume()
    await polling.wait_answer(ada, "[4] next")
    await polling.ready()
    assert polling.shown(ada) == ["[2] streaming and more", "[4] next"]
    assert len(office.models.requests) == asked + 2


async def test_a_process_that_starts_before_redis_comes_up_with_it(
    office: Office, tmp_path: Path
) -> None:
    async with desk(tmp_path, office.server, office.models, 30, reachable=False) as early:
        await early.ready(503)
        await early.replica.logged("store.away")
        status, life = await early.asked("/healthz")
        assert (status, life["status"]) == (200, "ok")
        await early.replica.way.accept()
        await early.ready()
        assert early.told() == (1, 1)
        ada = early.telegram.add_person("Ada")
        ada.say(ada, "hello")
        await early.wait_answer(ada, "[2] hello")


async def test_a_wrong_password_is_told_at_the_start_in_one_sentence(
    office: Office, tmp_path: Path
) -> None:
    login = {"PARLEY_REDIS_USER": "harness", "PARLEY_REDIS_PASSWORD": "wrong"}
    token = {"PARLEY_TELEGRAM_TOKEN": "42:TEST", "PARLEY_TELEGRAM_API_BASE": "http://127.0.0.1:1"}
    async with replica(tmp_path, office.server, office.models, {**token, **login}) as refused:
        assert refused.service.process is not None
        assert await refused.service.process.wait() == 1
        (told,) = (line for line in refused.log.splitlines() if "event=" not in line)
        assert told.startswith("Error: Redis at 127.0.0.1:")
        assert "refused the user or the password. Correct PARLEY_REDIS_USER" in told


async def _stream(office: Office, person: Person) -> Gate:
    """Begin an answer, of which the first words are shown."""
    gate = office.models.hold(lambda request: request.last_user_text == "streaming and more")
    person.say(person, "streaming and more")
    await gate.release(2, timeout_s=WAIT)
    await office.polling.wait_answer(person, "[2] streaming")
    return gate


pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
