"""Updates are confirmed when they are durable, once, whatever breaks in between."""

import asyncio
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta

import pytest

from bots.admission import Admission
from bots.telegram import TelegramBot
from bots.telegram.polling import Batch, Poller
from bots.telegram.wire import Wire
from sessions.engine import Engine
from sessions.errors import SettingError
from sessions.threads import ThreadEvents
from tests.commanding import commands_over
from tests.emulators.telegram import BotApi, Fault
from tests.engine.parts import until
from tests.telegram.house import House, all_taken


async def test_the_offset_stays_while_the_store_is_away(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    await api.wait_for(lambda: api.polled)
    house.store.away = True
    ada.say(ada, "hello")
    await api.wait_for(lambda: api.calls_of("getUpdates"))
    await until(lambda: house.store.refused >= 3)
    assert len(api.pending_updates) == 1
    house.store.away = False
    await api.chat(ada).wait_text("re: hello")
    await all_taken(api)
    assert len(house.store.accepted) == 1


async def test_a_process_that_ends_before_it_accepted_is_given_the_update_again(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api)
    house.store.away = True
    async with house.serving():
        ada.say(ada, "hello")
        await until(lambda: house.store.refused > 0)
    assert len(api.pending_updates) == 1
    house.store.away = False
    async with house.serving():
        await api.chat(ada).wait_text("re: hello")
    assert api.chat(ada).texts() == ["hello", "re: hello"]


async def test_a_redelivered_update_makes_no_second_turn(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello")
    api.redeliver()
    ada.say(ada, "next")
    await api.chat(ada).wait_text("re: next")
    await all_taken(api)
    assert api.chat(ada).texts() == ["hello", "re: hello", "next", "re: next"]
    assert len(house.model.prompts) == 2


async def test_a_redelivered_command_has_no_second_outcome(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "/session start alpha")
    await api.chat(ada).wait_text("Started session")
    api.redeliver()
    ada.say(ada, "next")
    await api.chat(ada).wait_text("re: next")
    assert len([text for text in api.chat(ada).texts() if "Started" in text]) == 1


async def test_an_update_that_cannot_be_read_is_skipped_alone(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api)
    ada.say(ada, "before")
    api.garbage_update()
    ada.say(ada, "after")
    async with house.serving():
        await api.chat(ada).wait_text("re: before")
        await api.chat(ada).wait_text("re: after")
        await all_taken(api)


async def test_another_poller_is_waited_out(
    api: BotApi, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = api.add_person("Ada")
    refusal = Fault.error(409, "Conflict: terminated by other getUpdates request")
    api.fail("getUpdates", refusal, times=3)
    await api.wait_for(lambda: api.polled)
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello", timeout=10)
    assert capsys.readouterr().out.count("updates_go_elsewhere") == 1


async def test_a_webhook_is_taken_down_and_nothing_dropped(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api)
    ada.say(ada, "hello")
    refusal = Fault.error(
        409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
    )
    api.fail("getUpdates", refusal)
    async with house.serving():
        call = await api.wait_call("deleteWebhook", timeout=30)
        assert call.params.get("drop_pending_updates") is False
        await api.chat(ada).wait_text("re: hello")


async def test_a_far_end_that_is_broken_for_a_while_is_waited_for(
    api: BotApi, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = api.add_person("Ada")
    await api.wait_for(lambda: api.polled)
    for fault in (Fault.bad_gateway(), Fault.reset(), Fault.half_body(), Fault.error(500, "Internal")):
        api.fail("getUpdates", fault)
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello", timeout=15)
    assert len(house.store.accepted) == 1
    assert capsys.readouterr().out.count("telegram.unreachable") <= 1


async def test_a_far_end_that_is_not_there_at_start_is_waited_for(
    api: BotApi, capsys: pytest.CaptureFixture[str]
) -> None:
    ada, house = api.add_person("Ada"), House(api)
    api.fail("getMe", Fault.reset(), times=3)
    ada.say(ada, "hello")
    async with house.serving():
        await api.chat(ada).wait_text("re: hello", timeout=15)
    assert capsys.readouterr().out.count("telegram.unreachable") == 1


async def test_a_token_that_is_refused_ends_serving_and_is_not_shown(
    api: BotApi, capsys: pytest.CaptureFixture[str]
) -> None:
    house, secret = House(api), "WRONG-TOKEN"
    bot = TelegramBot(f"42:{secret}", Admission.parse("*"), api_base=api.base_url)
    async with bot, Engine(house.store, house.model, bot.replies) as engine:
        commands, threads = commands_over(house.store), ThreadEvents(house.store)
        with pytest.raises(SettingError, match="PARLEY_TELEGRAM_TOKEN") as refused:
            await bot.serve(engine, commands, threads, house.store)
    assert secret not in repr(refused.value)
    assert secret not in capsys.readouterr().out


@pytest.mark.parametrize("token", ["", "42", "42:", "x:y", "42:a/b", "42:a b", "42:…"])
def test_what_is_no_token_is_said_so_at_once(token: str) -> None:
    with pytest.raises(SettingError, match="PARLEY_TELEGRAM_TOKEN"):
        TelegramBot(token, Admission())


@pytest.mark.parametrize("base", ["api.telegram.org", "ftp://a.b", "http://", "http://[x", ""])
def test_what_is_no_address_is_said_so_at_once(base: str) -> None:
    with pytest.raises(SettingError, match="PARLEY_TELEGRAM_API_BASE"):
        TelegramBot("42:x", Admission(), api_base=base)


async def test_nothing_secret_and_nothing_said_is_logged(
    api: BotApi, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = api.add_person("Ada")
    for method in ("sendMessage", "editMessageText", "getUpdates"):
        api.fail(method, Fault.reset())
        api.fail(method, Fault.error(400, "Bad Request: something else"))
    ada.say(ada, "my-secret-text one")
    ada.say(ada, "/session show my-secret-name")
    ada.say(ada, "my-secret-text two")
    await api.chat(ada).wait_text("two", timeout=15)
    await all_taken(api)
    logged = "".join(capsys.readouterr())
    assert "my-secret" not in logged
    assert api.token.partition(":")[2] not in logged


async def test_an_offset_is_not_named_again_after_a_quiet_poll(api: BotApi) -> None:
    """Telegram may number updates anew, from below, after a quiet week."""
    ada, taken = api.add_person("Ada"), list[int]()

    async def take(batch: Batch) -> None:
        taken.extend(number for number, _ in batch)

    async def no_webhook() -> None:
        """There is none."""

    ada.say(ada, "hello")
    async with Wire(api.token, api.base_url) as wire:
        polling = asyncio.create_task(Poller(wire, no_webhook, timedelta(seconds=1)).run(take))
        await api.wait_for(lambda: len(api.calls_of("getUpdates")) >= 3)
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
    offsets = [call.params.get("offset") for call in api.calls_of("getUpdates")]
    assert offsets[:3] == [None, taken[0] + 1, None]
    assert not api.pending_updates


async def test_a_command_waits_for_the_store(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    await api.wait_for(lambda: api.polled)
    house.store.away = True
    ada.say(ada, "/session start alpha")
    await until(lambda: house.store.refused > 0)
    assert len(api.pending_updates) == 1
    house.store.away = False
    await api.chat(ada).wait_text("Started session alpha")


async def test_a_command_whose_admission_got_no_reply_is_carried_out_at_once(
    api: BotApi, house: House
) -> None:
    ada = api.add_person("Ada")
    await api.wait_for(lambda: api.polled)
    house.store.loses_replies = 2
    ada.say(ada, "/session start alpha")
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello")
    assert await house.names(ada.id) == {"alpha"}
    assert len([text for text in api.chat(ada).texts() if "Started" in text]) == 1


def test_serving_starts_without_aiogram() -> None:
    code = "import sys, bots.telegram; print('aiogram' in sys.modules)"
    printed = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60)
    assert printed.strip() == "False"
