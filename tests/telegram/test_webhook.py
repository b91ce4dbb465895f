"""Updates that Telegram brings: taken once they are durable, by any process, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO

import aiohttp
import pytest

from bots.admission import Admission
from bots.commands import Commands
from bots.telegram import TelegramBot
from bots.telegram.updates import WANTED
from bots.telegram.webhook import SECRET_HEADER, Webhook, derived_secret
from cli.health import Health
from cli.http import LONGEST_BODY, HttpSide
from sessions.engine import Engine
from sessions.errors import SettingError
from sessions.model import EventId, Platform, Session, ThreadRef, WorkspaceId
from sessions.outage import Outage
from sessions.ports.catalog import NewSession
from sessions.threads import ThreadEvents
from tests.commanding import commands_over
from tests.emulators.telegram import BotApi, Fault
from tests.emulators.telegram.wire import JsonObject
from tests.engine.parts import ScriptedModel, until
from tests.telegram.house import QUICK, FrailStore

SECRET = "a-secret_of-the-webhook"
PATH = "/telegram/hook"


@dataclass
class Replica:
    """A process that Telegram brings updates to."""

    url: str
    health: Health
    serving: asyncio.Task[None]

    async def post(self, update: object, secret: str = SECRET) -> int:
        """Bring an update as Telegram would; the status of the answer."""
        return await self.send(json=update, headers={SECRET_HEADER: secret})

    async def send(self, method: str = "POST", **request: object) -> int:
        async with aiohttp.ClientSession() as session:
            asking = session.request(method, self.url, **request)  # type: ignore[arg-type]  # passed through
            async with asking as answer:
                return answer.status


@dataclass
class Town:
    """Replicas over one store and one Telegram."""

    api: BotApi
    store: FrailStore = field(default_factory=FrailStore)
    model: ScriptedModel = field(default_factory=ScriptedModel)
    take_time: timedelta = timedelta(seconds=0.3)
    look_every: timedelta = timedelta(seconds=0.05)

    @asynccontextmanager
    async def replica(self) -> AsyncIterator[Replica]:
        """Run one until the block ends; its webhook is the one that is set then."""
        async with Health((Platform.TELEGRAM,), Outage()) as health:
            health.opened(self.store)
            side = HttpSide(health, f"https://bot.example.org{PATH}")
            async with side.listening("127.0.0.1:0") as port:
                url = f"http://127.0.0.1:{port}{PATH}"
                hook = Webhook(url, SECRET, take_time=self.take_time, look_every=self.look_every)
                side.hang(hook)
                async with self._serving(hook) as (bot, serving):
                    health.bots[Platform.TELEGRAM] = bot
                    yield Replica(url, health, serving)

    @asynccontextmanager
    async def _serving(self, hook: Webhook) -> AsyncIterator[tuple[TelegramBot, asyncio.Task[None]]]:
        bot = TelegramBot(
            self.api.token,
            Admission.parse("*"),
            api_base=self.api.base_url,
            private_pace=QUICK,
            group_pace=QUICK,
            hook=hook,
        )
        async with bot, Engine(self.store, self.model, bot.replies) as engine:
            commands, threads = commands_over(self.store), ThreadEvents(self.store)
            serving = asyncio.create_task(_serve(bot, engine, commands, threads, self.store))
            try:
                yield bot, serving
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving


async def _serve(
    bot: TelegramBot,
    engine: Engine,
    commands: Commands,
    threads: ThreadEvents,
    store: FrailStore,
) -> None:
    await bot.serve(engine, commands, threads, store)


@pytest.fixture
def town(api: BotApi) -> Town:
    return Town(api)


@pytest.fixture
async def replica(town: Town) -> AsyncIterator[Replica]:
    async with town.replica() as replica:
        await town.api.wait_call("getWebhookInfo")
        yield replica


def last_update(api: BotApi) -> JsonObject:
    return api.world.updates.published[-1].payload


async def test_a_message_that_is_brought_is_answered(api: BotApi, replica: Replica) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello")
    await api.wait_for(lambda: not api.pending_updates)
    assert api.chat(ada).texts() == ["hello", "re: hello"]
    (call,) = api.calls_of("setWebhook")
    assert call.params == {
        "url": replica.url,
        "secret_token": SECRET,
        "allowed_updates": list(WANTED),
        "max_connections": 40,
    }
    assert api.calls_of("getUpdates") == []
    assert (await replica.health.readiness()).ready


async def test_what_is_not_from_telegram_is_turned_away_and_nothing_happens(
    api: BotApi, town: Town, replica: Replica, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello")
    update = dict(last_update(api)) | {"update_id": 1}
    for wrong in ("", "wrong", SECRET + "x", "Ä"):
        assert await replica.post(update, wrong) == 401
    assert await replica.send(json=update) == 401
    assert await replica.send("GET", headers={SECRET_HEADER: SECRET}) == 405
    assert len(town.store.accepted) == 1
    assert SECRET not in "".join(capsys.readouterr())


async def test_a_strangers_body_is_not_waited_for(replica: Replica) -> None:
    host, port = replica.url.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(2):
        assert b" 401 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_what_is_no_update_is_refused_and_one_that_cannot_be_read_is_passed_over(
    api: BotApi, replica: Replica
) -> None:
    ada, headers = api.add_person("Ada"), {SECRET_HEADER: SECRET}
    assert await replica.send(data=b"no json", headers=headers) == 400
    assert await replica.send(data=b"[" * 100_000, headers=headers) == 400
    assert await replica.post({"message": {}}) == 400
    assert await replica.send(data=BytesIO(b" " * (LONGEST_BODY + 1)), headers=headers) == 413
    api.garbage_update()
    ada.say(ada, "after")
    await api.chat(ada).wait_text("re: after")
    await api.wait_for(lambda: not api.pending_updates)


async def test_an_update_is_put_off_while_the_store_is_away_and_then_answered_once(
    api: BotApi, town: Town, replica: Replica, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = api.add_person("Ada")
    town.store.away = True
    ada.say(ada, "hello")
    assert await replica.post(last_update(api)) == 503
    assert not (await replica.health.readiness()).ready
    await until(lambda: "webhook_failing" in capsys.readouterr().out)
    assert len(api.pending_updates) == 1
    town.store.away = False
    await api.chat(ada).wait_text("re: hello", timeout=10)
    await api.wait_for(lambda: not api.pending_updates)
    assert await replica.post(last_update(api)) == 200
    assert len(town.store.accepted) == 1
    assert api.chat(ada).texts() == ["hello", "re: hello"]


async def test_two_receivers_of_one_update_make_one_turn(api: BotApi, town: Town) -> None:
    ada = api.add_person("Ada")
    async with town.replica() as one, town.replica() as two:
        await api.wait_call("setWebhook", count=2)
        await until(lambda: one.health.bots[Platform.TELEGRAM].logged_in)
        ada.say(ada, "hello")
        update = last_update(api)
        assert set(await asyncio.gather(one.post(update), two.post(update))) == {200}
        await api.chat(ada).wait_text("re: hello")
        await api.wait_for(lambda: not api.pending_updates)
        assert await two.post(update) == 200
    assert len(town.store.accepted) == 1
    assert api.chat(ada).texts() == ["hello", "re: hello"]


async def test_a_message_behind_a_command_finds_what_it_did_at_another_receiver(
    api: BotApi, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.take_time = timedelta(seconds=30)
    ada, begun, gate, works = api.add_person("Ada"), asyncio.Event(), asyncio.Event(), town.store.create

    async def create(
        workspace: WorkspaceId, new: NewSession, thread: ThreadRef | None, event: EventId
    ) -> Session:
        begun.set()
        await gate.wait()
        return await works(workspace, new, thread, event)

    monkeypatch.setattr(town.store, "create", create)
    async with town.replica() as one, town.replica() as two:
        await api.wait_call("setWebhook", count=2)
        await until(lambda: one.health.bots[Platform.TELEGRAM].logged_in)
        ada.say(ada, "/session start alpha")
        posting = asyncio.create_task(one.post(last_update(api)))
        await begun.wait()
        assert await asyncio.wait({posting}, timeout=0.2) == (set(), {posting})
        gate.set()
        assert await posting == 200
        ada.say(ada, "to alpha")
        assert await two.post(last_update(api)) == 200
        await api.chat(ada).wait_text("re: to alpha")
    session = await town.store.bound(town.store.accepted[-1].place.thread)
    assert session is not None
    assert session.name == "alpha"


async def test_an_update_under_way_is_left_to_others_when_the_process_ends(
    api: BotApi, town: Town
) -> None:
    town.take_time = timedelta(seconds=30)
    ada = api.add_person("Ada")
    async with town.replica() as replica:
        await api.wait_call("getWebhookInfo")
        town.store.away = True
        ada.say(ada, "hello")
        posting = asyncio.create_task(replica.post(last_update(api)))
        await until(lambda: town.store.refused > 1)
        replica.serving.cancel()
        assert await posting == 503
        town.store.away = False
        assert await replica.post(last_update(api)) == 503
    async with town.replica():
        await api.chat(ada).wait_text("re: hello")
    assert len(town.store.accepted) == 1


async def test_an_address_that_telegram_refuses_ends_serving_with_its_words(api: BotApi) -> None:
    hook, store = Webhook("http://bot.example.org/telegram", SECRET), FrailStore()
    bot = TelegramBot(api.token, Admission(), api_base=api.base_url, hook=hook)
    async with bot, Engine(store, ScriptedModel(), bot.replies) as engine:
        with pytest.raises(SettingError, match="HTTPS URL must be provided") as refused:
            await bot.serve(engine, commands_over(store), ThreadEvents(store), store)
    assert "PARLEY_TELEGRAM_WEBHOOK_URL" in str(refused.value)


async def test_a_telegram_that_cannot_be_reached_is_asked_again(api: BotApi, town: Town) -> None:
    ada = api.add_person("Ada")
    api.fail("setWebhook", Fault.reset())
    api.fail("setWebhook", Fault.bad_gateway())
    api.fail("setWebhook", Fault.error(400, "Bad Request: bad webhook: Temporary failure in resolution"))
    api.fail("getWebhookInfo", Fault.reset())
    async with town.replica():
        ada.say(ada, "hello")
        await api.chat(ada).wait_text("re: hello", timeout=15)


async def test_a_webhook_that_somebody_took_down_is_set_again(
    api: BotApi, town: Town, replica: Replica
) -> None:
    async with aiohttp.ClientSession() as session:
        await session.post(f"{api.base_url}/bot{api.token}/deleteWebhook")
    await api.wait_call("setWebhook", count=2)
    ada = api.add_person("Ada")
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello")


def test_the_secret_of_a_token_is_the_same_everywhere_and_can_be_a_header() -> None:
    secret = derived_secret("42:TOKEN")
    assert secret == derived_secret("42:TOKEN") != derived_secret("42:OTHER")
    assert len(secret) == 64
    assert secret.isalnum()
    assert "TOKEN" not in secret
