"""The Bot API emulator limits and fails as it is told."""

import asyncio

import aiohttp
import pytest

from tests.emulators.telegram import (
    BotApi,
    Fault,
    Flood,
    Person,
)
from tests.emulators.telegram.probe import Probe


async def test_a_bot_that_is_too_fast_is_told_to_wait(session: aiohttp.ClientSession) -> None:
    async with BotApi.start(flood=Flood.strict(retry_after=7)) as api:
        ada = api.add_person("Ada")
        ada.say(ada, "hi")
        bot = Probe(api, session)
        assert (await bot.call("sendMessage", chat_id=ada.id, text="1")).status == 200
        reply = await bot.call("sendMessage", chat_id=ada.id, text="2")
        assert reply.refusal == (429, "Too Many Requests: retry after 7")
        assert reply.body["parameters"] == {"retry_after": 7}
        assert not api.flood_violations
        await bot.call("sendMessage", chat_id=ada.id, text="3")
        assert [call.params["text"] for call in api.flood_violations] == ["3"]
        assert api.chat(ada).texts() == ["hi", "1"]


async def test_a_group_takes_twenty_messages_a_minute(session: aiohttp.ClientSession) -> None:
    async with BotApi.start(flood=Flood(per_chat_second=None)) as api:
        group = api.add_group("Team", api.add_person("Ada"))
        bot = Probe(api, session)
        replies = [await bot.call("sendMessage", chat_id=group.id, text="x") for _ in range(21)]
        assert [reply.status for reply in replies] == [200] * 20 + [429]


async def test_ordered_faults_hit_once_and_have_the_ordered_effect(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    api.fail("sendMessage", Fault.error(500, "Internal Server Error"))
    api.fail("sendMessage", Fault.flood(1), chat=ada)
    message = {"chat_id": ada.id, "text": "x"}
    assert (await bot.call("sendMessage", **message)).status == 500
    assert (await bot.call("sendMessage", **message)).status == 429
    assert (await bot.call("sendMessage", **message)).status == 429
    assert len(api.flood_violations) == 1
    assert api.chat(ada).texts() == ["/start"]


async def test_a_reply_can_be_lost_after_the_effect(api: BotApi, bot: Probe, ada: Person) -> None:
    api.fail("sendMessage", Fault.drop_reply())
    with pytest.raises(aiohttp.ClientError):
        await bot.call("sendMessage", chat_id=ada.id, text="sent")
    assert api.chat(ada).texts() == ["/start", "sent"]
    api.fail("sendMessage", Fault.reset())
    with pytest.raises(aiohttp.ClientError):
        await bot.call("sendMessage", chat_id=ada.id, text="lost")
    assert api.chat(ada).texts() == ["/start", "sent"]
    api.fail("sendMessage", Fault.half_body())
    with pytest.raises(aiohttp.ClientError):
        await bot.call("sendMessage", chat_id=ada.id, text="half")
    assert api.chat(ada).texts() == ["/start", "sent", "half"]


async def test_a_gateway_answers_with_a_page(api: BotApi, bot: Probe) -> None:
    api.fail("getMe", Fault.bad_gateway(), times=None)
    async with bot.session.get(f"{bot.url}/getMe") as response:
        assert response.status == 502
        assert response.content_type == "text/html"
    api.heal()
    assert (await bot.call("getMe")).status == 200


async def test_a_call_can_hang_or_be_late(api: BotApi, bot: Probe, ada: Person) -> None:
    api.fail("sendMessage", Fault.hang(after_effect=True))
    api.fail("getMe", Fault.delay(0.01))
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(_ended(bot, chat_id=ada.id, text="sent"))
        await api.chat(ada).wait_text("sent")
        assert (await bot.call("getMe")).status == 200
        assert not sending.done()
        api.heal()
    assert sending.result()


async def _ended(bot: Probe, **params: object) -> bool:
    """Say whether the connection ended without an answer."""
    try:
        await bot.call("sendMessage", **params)
    except aiohttp.ClientError:
        return True
    return False


async def test_a_crafted_update_is_delivered_as_it_is(api: BotApi, bot: Probe) -> None:
    number = api.garbage_update()
    (update,) = (await bot.call("getUpdates")).items
    assert update["update_id"] == number
    assert isinstance(update["message"], dict)
    assert "from" not in update["message"]


async def test_it_ends_although_calls_are_waiting(session: aiohttp.ClientSession) -> None:
    async with asyncio.TaskGroup() as group, BotApi.start() as api:
        ada = api.add_person("Ada")
        bot = Probe(api, session)
        poll = group.create_task(bot.call("getUpdates", timeout=30))
        await api.wait_for(lambda: api.polled)
        api.fail("sendMessage", Fault.hang())
        hanging = group.create_task(_ended(bot, chat_id=ada.id, text="never"))
        await api.wait_call("sendMessage", answered=False)
    assert poll.result().items == []
    assert hanging.result()


async def test_drafts_are_refused_too_while_a_chat_is_closed(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    api.fail("sendMessageDraft", Fault.flood(1))
    draft = {"chat_id": ada.id, "draft_id": 1, "text": "x"}
    assert (await bot.call("sendMessageDraft", **draft)).status == 429
    assert (await bot.call("sendMessageDraft", **draft)).status == 429
    assert [call.method for call in api.flood_violations] == ["sendMessageDraft"]
    assert api.chat(ada).drafts == []
