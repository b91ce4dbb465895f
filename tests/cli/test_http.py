"""Health, readiness and webhooks of `parley serve`."""

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from cli import health as health_module
from cli.health import Health
from cli.http import HttpSide
from sessions.errors import SettingError, StoreDamaged, StoreError, StoreUnavailable
from sessions.model import Platform
from sessions.outage import Outage
from tests.cli.conftest import ParleyInside
from tests.emulators.telegram import BotApi, Fault, Flood
from tests.engine.parts import until
from tests.service import service

TOKEN = "42:TEST"


@dataclass
class Now:
    time: float = 1000.0

    def __call__(self) -> float:
        return self.time


@dataclass
class Asked:
    """A store that can be checked, and a bot that may be logged in."""

    logged_in: bool = True
    error: Exception | None = None
    checks: int = 0
    gate: asyncio.Event | None = None

    async def check(self) -> None:
        self.checks += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error


@dataclass
class Side:
    health: Health
    base: str

    async def ask(self, path: str) -> tuple[int, dict[str, object]]:
        return await asked(f"{self.base}{path}")


async def asked(url: str) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()


@asynccontextmanager
async def listening(now: Now, *platforms: Platform) -> AsyncIterator[Side]:
    health = Health(platforms, Outage(now), now)
    async with health, HttpSide(health).listening("127.0.0.1:0") as port:
        yield Side(health, f"http://127.0.0.1:{port}")


async def test_a_process_tells_that_it_lives_and_what_is_missing_until_it_is_ready() -> None:
    now, parts = Now(), Asked(logged_in=False)
    async with listening(now, Platform.TELEGRAM, Platform.DISCORD) as side:
        now.time += 7
        status, life = await side.ask("/healthz")
        assert (status, life["status"], life["uptime_seconds"]) == (200, "ok", 7.0)
        assert (life["holder"], life["store"]) == (None, "not open yet")
        status, ready = await side.ask("/readyz")
        assert (status, ready["ready"]) == (503, False)
        assert "store" in str(ready["missing"])
        side.health.holder = "abc"
        side.health.opened(parts)
        side.health.bots[Platform.TELEGRAM] = side.health.bots[Platform.DISCORD] = parts
        status, ready = await side.ask("/readyz")
        assert status == 503
        assert "store" not in str(ready["missing"])
        assert "telegram" in str(ready["missing"])
        parts.logged_in = True
        assert await side.ask("/readyz") == (200, {"ready": True, "missing": []})
        status, life = await side.ask("/healthz")
        assert (life["holder"], life["store"]) == ("abc", "answers")
        side.health.ending = True
        assert (await side.ask("/readyz"))[0] == 503


@pytest.mark.parametrize(
    "error", [StoreUnavailable("redis://user:secret@h"), StoreDamaged("secret"), ValueError("secret")]
)
async def test_readiness_goes_and_comes_back_with_the_store(error: Exception) -> None:
    now, parts = Now(), Asked()
    async with listening(now) as side:
        side.health.opened(parts)
        assert (await side.ask("/readyz"))[0] == 200
        parts.error = error
        now.time += 1
        status, ready = await side.ask("/readyz")
        assert status == 503
        assert "secret" not in json.dumps(ready)
        assert ("read and written" in json.dumps(ready)) == isinstance(error, StoreError)
        parts.error = None
        now.time += 1
        assert (await side.ask("/readyz"))[0] == 200


async def test_many_who_ask_do_not_hammer_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "WITHIN", 0.05)
    now, parts = Now(), Asked()
    async with listening(now) as side:
        side.health.opened(parts)
        await asyncio.gather(*(side.ask("/readyz") for _ in range(20)))
        assert parts.checks == 1
        parts.gate = asyncio.Event()
        now.time += 1
        answers = await asyncio.gather(*(side.ask("/readyz") for _ in range(20)))
        assert {status for status, _ in answers} == {503}
        now.time += 5
        assert (await side.ask("/readyz"))[0] == 503
        assert parts.checks == 2
        parts.gate.set()
        assert (await side.ask("/readyz"))[0] == 200
        assert parts.checks == 2


async def test_a_process_whose_store_hangs_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "WITHIN", 0.05)
    parts = Asked(gate=asyncio.Event())
    async with listening(Now()) as side:
        side.health.opened(parts)
        assert (await side.ask("/readyz"))[0] == 503


async def test_an_address_that_is_taken_is_said() -> None:
    async with listening(Now()) as side, Health((), Outage()) as health:
        taken = side.base.removeprefix("http://")
        with pytest.raises(SettingError, match="PARLEY_HTTP"):
            async with HttpSide(health).listening(taken):
                raise AssertionError


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"WEBHOOK_URL": "https://bot.example.org/telegram"}, "PARLEY_HTTP"),
        ({"WEBHOOK_SECRET": "abc"}, "PARLEY_TELEGRAM_WEBHOOK_URL"),
        ({"WEBHOOK_URL": "bot.example.org"}, "PARLEY_TELEGRAM_WEBHOOK_URL"),
        ({"WEBHOOK_SECRET": "a.b-leaked"}, "PARLEY_TELEGRAM_WEBHOOK_SECRET"),
        ({"WEBHOOK_SECRET": "leaked" * 50}, "PARLEY_TELEGRAM_WEBHOOK_SECRET"),
    ],
)
def test_half_a_webhook_is_refused(inside: ParleyInside, settings: dict[str, str], named: str) -> None:
    given = {f"PARLEY_TELEGRAM_{name}": value for name, value in settings.items()}
    result = inside("serve", PARLEY_TELEGRAM_TOKEN=TOKEN, **given)
    assert result.code == 2
    assert named in result.error
    assert "leaked" not in result.error


def test_a_webhook_where_health_is_asked_is_refused(inside: ParleyInside) -> None:
    url = "https://bot.example.org/healthz"
    given = {"PARLEY_TELEGRAM_WEBHOOK_URL": url, "PARLEY_HTTP": "127.0.0.1:8080"}
    result = inside("serve", PARLEY_TELEGRAM_TOKEN=TOKEN, **given)
    assert result.code == 2
    assert "PARLEY_TELEGRAM_WEBHOOK_URL" in result.error


@pytest.fixture
async def telegram() -> AsyncIterator[BotApi]:
    async with BotApi.start(TOKEN, flood=Flood.off()) as api:
        yield api


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def settings(telegram: BotApi, port: int, **others: str) -> dict[str, str]:
    return {
        "PARLEY_TELEGRAM_TOKEN": TOKEN,
        "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
        "PARLEY_ALLOWED": "*",
        "PARLEY_HTTP": f"127.0.0.1:{port}",
        **others,
    }


async def until_status(url: str, wanted: int) -> dict[str, object]:
    """Ask until the answer has that status."""
    async with asyncio.timeout(60):
        while True:
            try:
                status, body = await asked(url)
            except aiohttp.ClientError:
                status = 0
            if status == wanted:
                return body
            await asyncio.sleep(0.05)


async def test_served_by_webhook_a_message_is_answered_before_and_after_a_restart(
    tmp_path: Path, telegram: BotApi
) -> None:
    port, ada = free_port(), telegram.add_person("Ada")
    url = f"http://127.0.0.1:{port}/from/telegram"
    others = {"PARLEY_TELEGRAM_WEBHOOK_URL": url, "PARLEY_LEASE_SECONDS": "2"}
    async with service(tmp_path, settings(telegram, port, **others)) as serving:
        ready = await until_status(f"http://127.0.0.1:{port}/readyz", 200)
        assert ready == {"ready": True, "missing": []}
        _, life = await asked(f"http://127.0.0.1:{port}/healthz")
        assert life["holder"]
        ada.say(ada, "my name is Ada")
        await telegram.chat(ada).wait_text("I shall remember the name Ada", timeout=30)
        await serving.kill()
        ada.say(ada, "what is my name?")
        await serving.start()
        await telegram.chat(ada).wait_text("your name is Ada", timeout=60)
        await telegram.wait_for(lambda: not telegram.pending_updates, timeout=30)
        assert await serving.stop() == 0
    secrets = {str(call.params["secret_token"]) for call in telegram.calls_of("setWebhook")}
    assert len(secrets) == 1
    log = (tmp_path / "serve.log").read_text()
    assert secrets.pop() not in log
    assert "Traceback" not in log
    assert telegram.calls_of("getUpdates") == []


async def test_a_store_that_cannot_be_reached_at_first_is_waited_for(
    tmp_path: Path, telegram: BotApi
) -> None:
    port, path = free_port(), tmp_path / "parley.db"
    locked = sqlite3.connect(path, isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    base = f"http://127.0.0.1:{port}"
    async with service(tmp_path, settings(telegram, port)) as serving:
        missing = (await until_status(f"{base}/readyz", 503))["missing"]
        assert "The store cannot be reached yet." in str(missing)
        log = tmp_path / "serve.log"
        await until(lambda: "store.away" in log.read_text(), 60)
        assert (await asked(f"{base}/healthz"))[1]["store"] == "not open yet"
        locked.close()
        await until_status(f"{base}/readyz", 200)
        assert await serving.stop() == 0
    assert (log.read_text().count("store.away"), log.read_text().count("store.back")) == (1, 1)


async def test_a_process_that_waits_for_its_store_ends_when_told(
    tmp_path: Path, telegram: BotApi
) -> None:
    port, path = free_port(), tmp_path / "parley.db"
    locked = sqlite3.connect(path, isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    async with service(tmp_path, settings(telegram, port)) as serving:
        await until_status(f"http://127.0.0.1:{port}/readyz", 503)
        await until(lambda: "store.away" in (tmp_path / "serve.log").read_text(), 60)
        assert await serving.stop() == 0
    locked.close()
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


async def test_a_bot_that_is_not_let_in_yet_is_named(tmp_path: Path, telegram: BotApi) -> None:
    port = free_port()
    telegram.fail("getMe", Fault.bad_gateway(), times=None)
    async with service(tmp_path, settings(telegram, port)):
        await telegram.wait_call("getMe", timeout=60)
        _, ready = await asked(f"http://127.0.0.1:{port}/readyz")
        assert ready["missing"] == ["The bot has not been let in by telegram yet."]
        telegram.heal()
        await until_status(f"http://127.0.0.1:{port}/readyz", 200)
