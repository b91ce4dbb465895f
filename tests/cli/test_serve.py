"""``parley serve`` as a process against the emulators, and the command line beside it."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import Parley
from tests.emulators.telegram import BotApi, Fault, Flood
from tests.service import Service, service

TOKEN = "42:TEST"


@pytest.fixture
async def telegram() -> AsyncIterator[BotApi]:
    async with BotApi.start(TOKEN, flood=Flood.off()) as api:
        yield api


def settings(telegram: BotApi, **others: str) -> dict[str, str]:
    return {
        "PARLEY_TELEGRAM_TOKEN": TOKEN,
        "PARLEY_TELEGRAM_API_BASE": telegram.base_url,
        "PARLEY_ALLOWED": "*",
        "PARLEY_DRAIN_SECONDS": "5",
        **others,
    }


@pytest.fixture
async def serving(tmp_path: Path, telegram: BotApi) -> AsyncIterator[Service]:
    async with service(tmp_path, settings(telegram, PARLEY_ARCHIVE_AFTER_DAYS="30")) as started:
        await telegram.wait_for(lambda: telegram.polled, timeout=60)
        yield started


async def test_the_command_line_works_beside_the_bot_and_sigterm_finishes_the_running_answer(
    serving: Service, telegram: BotApi, tmp_path: Path
) -> None:
    ada = telegram.add_person("Ada")
    ada.say(ada, "/session start trip-plan")
    await telegram.chat(ada).wait_text("trip-plan", timeout=30)
    ada.say(ada, "my name is Ada")
    await telegram.chat(ada).wait_text("I shall remember the name Ada", timeout=30)
    workspaces = json.loads(await serving.command("workspace", "list", "--json"))["workspaces"]
    key = f"telegram:{ada.id}"
    assert key in [one["key"] for one in workspaces]
    answer = await serving.command("what is my name?", "--session", "trip-plan", "--workspace", key)
    assert "You told me that your name is Ada." in answer
    ada.say(ada, "long 150")
    await telegram.chat(ada).wait_text("Sentence", timeout=30)
    assert await serving.stop() == 0
    assert any("Sentence 15" in text for text in telegram.chat(ada).texts())
    log = (tmp_path / "serve.log").read_text()
    assert re.search(r"duty\.taken.*expiry", log)
    assert log.index("serve.started") < log.index("serve.ending") < log.index("serve.ended")
    assert TOKEN not in log


async def test_a_refused_token_ends_the_process(tmp_path: Path, telegram: BotApi) -> None:
    refused = settings(telegram, PARLEY_TELEGRAM_TOKEN="43:SECRETWORD")
    async with service(tmp_path, refused) as started:
        assert started.process is not None
        async with asyncio.timeout(60):
            assert await started.process.wait() == 1
    log = (tmp_path / "serve.log").read_text()
    assert "Error: " in log
    assert "Traceback" not in log
    assert "PARLEY_TELEGRAM_TOKEN" in log
    assert "SECRETWORD" not in log


@pytest.mark.parametrize(
    ("fault", "number"), [(Fault.hang(), signal.SIGTERM), (Fault.bad_gateway(), signal.SIGINT)]
)
async def test_a_login_that_does_not_get_through_ends_when_told_and_logs_can_be_json(
    tmp_path: Path, telegram: BotApi, fault: Fault, number: signal.Signals
) -> None:
    telegram.fail("getMe", fault, times=None)
    others = {"PARLEY_LOG_FORMAT": "json", "PARLEY_ALLOWED": ""}
    async with service(tmp_path, settings(telegram, **others)) as started:
        await telegram.wait_call("getMe", answered=False, timeout=60)
        assert started.process is not None
        started.process.send_signal(number)
        async with asyncio.timeout(40):  # an import that has begun is waited for
            assert await started.process.wait() == 0
    warning, *logged = (tmp_path / "serve.log").read_text().splitlines()
    assert "PARLEY_ALLOWED is empty" in warning
    events = [json.loads(line)["event"] for line in logged]
    assert events[-2:] == ["serve.ending", "serve.ended"]
    telegram.heal()


def test_without_a_token_there_is_nothing_to_serve(parley: Parley) -> None:
    result = parley("serve")
    assert (result.code, result.out) == (2, "")
    assert "PARLEY_TELEGRAM_TOKEN" in result.error
    assert "PARLEY_DISCORD_TOKEN" in result.error


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PARLEY_ALLOWED", "everybody"),
        ("PARLEY_HTTP", "8080"),
        ("PARLEY_LEASE_SECONDS", "0"),
        ("PARLEY_ARCHIVE_AFTER_DAYS", "soon"),
        ("PARLEY_DELETE_AFTER_DAYS", "30"),
    ],
)
def test_a_setting_that_cannot_work_is_named(parley: Parley, variable: str, value: str) -> None:
    result = parley("serve", PARLEY_TELEGRAM_TOKEN=TOKEN, **{variable: value})
    assert result.code == 2
    assert variable in result.error
