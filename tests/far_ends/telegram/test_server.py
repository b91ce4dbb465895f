"""The Bot API emulator takes calls and gives updates as the real server does."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.emulators.telegram import (
    BotApi,
    MemberStatus,
    Person,
)
from tests.emulators.telegram.probe import Probe


async def test_a_wrong_token_is_unauthorized(api: BotApi, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{api.base_url}/bot42:WRONG/getMe") as response:
        assert response.status == 401
        assert (await response.json())["description"] == "Unauthorized"


async def test_an_unknown_method_is_not_found(bot: Probe) -> None:
    assert (await bot.call("sendTelepathy")).refusal == (404, "Not Found: method not found")


async def test_json_form_multipart_and_query_are_the_same_call(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    form = {"chat_id": str(ada.id), "text": "form"}
    multipart = aiohttp.FormData({"chat_id": str(ada.id), "text": "multipart"}, True)
    url = f"{bot.url}/SENDMESSAGE"
    for sent in (
        bot.session.post(url, data=form),
        bot.session.post(url, data=multipart),
        bot.session.get(url, params={"chat_id": ada.id, "text": "query"}),
        bot.session.post(url, json={"chat_id": ada.id, "text": "json"}),
    ):
        async with sent as response:
            assert response.status == 200
    assert api.chat(ada).texts() == ["/start", "form", "multipart", "query", "json"]
    assert {call.method for call in api.calls} == {"sendMessage"}


async def test_updates_stay_until_an_offset_confirms_them(api: BotApi, bot: Probe, ada: Person) -> None:
    ada.say(ada, "two")
    ada.say(ada, "three")
    first, second, third = (await bot.call("getUpdates")).items
    assert (await bot.call("getUpdates", limit=1)).items == [first]
    assert (await bot.call("getUpdates", offset=second["update_id"])).items == [second, third]
    assert (await bot.call("getUpdates", offset=-1)).items == [third]
    assert [update.payload for update in api.pending_updates] == [third]
    assert third["update_id"] == int(str(first["update_id"])) + 2


async def test_a_long_poll_wakes_at_once(api: BotApi, bot: Probe, ada: Person) -> None:
    (first,) = (await bot.call("getUpdates")).items
    offset = int(str(first["update_id"])) + 1
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.call("getUpdates", offset=offset, timeout=30))
        await api.wait_for(lambda: api.polled)
        ada.say(ada, "now")
    (update,) = poll.result().items
    message = update["message"]
    assert isinstance(message, dict)
    assert message["text"] == "now"


async def test_a_second_poller_ends_the_first_with_a_conflict(api: BotApi, bot: Probe) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(bot.call("getUpdates", timeout=30))
        await api.wait_for(lambda: api.polled)
        second = group.create_task(bot.call("getUpdates", timeout=30))
        await first
        number = api.garbage_update()
    status, description = first.result().refusal
    assert status == 409
    assert str(description).startswith("Conflict: terminated by other getUpdates request;")
    assert [update["update_id"] for update in second.result().items] == [number]


async def test_kinds_of_updates_that_were_not_asked_for_are_not_queued(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    await bot.call("getUpdates", allowed_updates=["callback_query"])
    ada.say(ada, "unheard")
    assert len(api.pending_updates) == 1


async def test_an_update_can_be_delivered_again_after_it_was_confirmed(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    (first,) = (await bot.call("getUpdates")).items
    offset = int(str(first["update_id"])) + 1
    assert (await bot.call("getUpdates", offset=offset)).items == []
    api.redeliver()
    assert (await bot.call("getUpdates", offset=offset)).items == [first]
    assert (await bot.call("getUpdates", offset=offset)).items == []


async def test_a_webhook_gets_each_update_until_it_accepts(api: BotApi, bot: Probe, ada: Person) -> None:
    seen: list[tuple[str | None, int]] = []

    async def receive(request: web.Request) -> web.Response:
        update = await request.json()
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        seen.append((secret, update["update_id"]))
        api.world.changes.notify()
        return web.Response(status=500 if len(seen) == 1 else 200)

    app = web.Application()
    app.add_routes([web.post("/hook", receive)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        assert (await bot.call("setWebhook", url=url, secret_token="s3")).status == 200
        ada.say(ada, "second")
        await api.wait_for(lambda: not api.pending_updates)
        assert [number - seen[0][1] for _, number in seen] == [0, 0, 1]
        assert {secret for secret, _ in seen} == {"s3"}
        assert (await bot.call("getWebhookInfo")).result["url"] == url
        conflict = await bot.call("getUpdates")
        assert conflict.status == 409
        assert "while webhook is active" in str(conflict.body["description"])
        await bot.call("deleteWebhook")
        assert (await bot.call("getUpdates")).items == []
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://bot.example.org/hook", "HTTPS URL must be provided"),
        ("https://bot.example.org:8080/hook", "only on ports 80, 88, 443 or 8443"),
        ("ftp://bot.example.org/hook", "invalid webhook URL"),
    ],
)
async def test_an_address_that_telegram_would_not_knock_at_is_refused(
    bot: Probe, url: str, words: str
) -> None:
    refused = await bot.call("setWebhook", url=url)
    assert refused.status == 400
    assert words in str(refused.body["description"])
    assert (await bot.call("getWebhookInfo")).result["url"] == ""


async def test_a_chat_whose_delivery_is_under_way_holds_up_no_other(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    bob = api.add_person("Bob")
    seen: list[int] = []
    release = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        chat = (await request.json())["message"]["chat"]["id"]
        if chat == ada.id:
            await release.wait()
        seen.append(chat)
        api.world.changes.notify()
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/hook", receive)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        await bot.call("setWebhook", url=url)
        bob.say(bob, "me first")
        await api.wait_for(lambda: bob.id in seen)
        assert seen == [bob.id]
        release.set()
        await api.wait_for(lambda: not api.pending_updates)
        assert seen == [bob.id, ada.id]
    finally:
        release.set()
        await runner.cleanup()


async def test_aiogram_talks_to_it(api: BotApi, ada: Person) -> None:
    from aiogram import Bot as AiogramBot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.exceptions import ClientDecodeError, TelegramBadRequest
    from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

    server = TelegramAPIServer.from_base(api.base_url)
    async with AiogramBot(api.token, session=AiohttpSession(api=server)) as bot:
        assert (await bot.get_me()).has_topics_enabled
        forum = api.add_supergroup("Team", ada, forum=True, bot=MemberStatus.ADMINISTRATOR)
        topic = await bot.create_forum_topic(forum.id, "alpha")
        ada.say(forum, "/session@parley_bot list", thread=topic.message_thread_id)
        ada.send_photo(forum)
        updates = await bot.get_updates(timeout=1)
        assert all(update.event_type for update in updates)
        assert updates[-1].message is not None
        assert updates[-1].message.photo
        button = InlineKeyboardButton(text="Yes", callback_data="y")
        sent = await bot.send_message(
            forum.id,
            "*sure*",
            message_thread_id=topic.message_thread_id,
            parse_mode="MarkdownV2",
            reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]),
        )
        press = ada.press(await forum.wait_text("sure"), "y")
        (update,) = await bot.get_updates(offset=updates[-1].update_id + 1, timeout=1)
        assert update.callback_query is not None
        await update.callback_query.answer("done").as_(bot)
        assert (await press.answered()).text == "done"
        await bot.edit_message_text("over", chat_id=forum.id, message_id=sent.message_id)
        with pytest.raises(TelegramBadRequest, match="message is not modified"):
            await bot.edit_message_text("over", chat_id=forum.id, message_id=sent.message_id)
        await bot.get_chat(forum.id)
        await bot.get_chat_administrators(forum.id)
        assert forum.thread(topic.message_thread_id).texts()[-1] == "over"
        api.garbage_update()
        with pytest.raises(ClientDecodeError):
            await bot.get_updates(offset=update.update_id + 1, timeout=1)


async def test_as_a_process_it_takes_orders_and_ends_on_sigterm(
    session: aiohttp.ClientSession,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.emulators.telegram",
        "--token",
        "7:PROCESS",
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()

    async def order(name: str, **given: object) -> object:
        async with session.post(f"{url}/_control/{name}", data=json.dumps(given)) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    ada = await order("add_person", first_name="Ada")
    assert isinstance(ada, dict)
    await order("say", person=ada["id"], chat=ada["id"], text="hi")
    message = {"chat_id": ada["id"], "text": "hello"}
    async with session.post(f"{url}/bot7:PROCESS/sendMessage", json=message) as response:
        assert response.status == 200
    shown = await order("wait_text", chat=ada["id"], contains="hello")
    assert isinstance(shown, dict)
    assert shown["text"] == "hello"
    seen = await order("visible", chat=ada["id"])
    assert isinstance(seen, list)
    assert [message["text"] for message in seen] == ["hi", "hello"]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
