"""The Bot API emulator refuses, limits and fails as the real server does."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from tests.emulators.telegram import (
    BotApi,
    Fault,
    Flood,
    MemberStatus,
    Person,
    Settings,
    WorldError,
)

JSON = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: JSON

    @property
    def result(self) -> JSON:
        assert self.status == 200, self.body
        result = self.body["result"]
        assert isinstance(result, dict)
        return result

    @property
    def updates(self) -> list[JSON]:
        assert self.status == 200, self.body
        result = self.body["result"]
        assert isinstance(result, list)
        return result

    @property
    def refusal(self) -> tuple[int, object]:
        return self.status, self.body["description"]


class Bot:
    """A bot that speaks bare HTTP."""

    def __init__(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        self.url = f"{api.base_url}/bot{api.token}"
        self.session = session

    async def call(self, method: str, **params: object) -> Reply:
        async with self.session.post(f"{self.url}/{method}", json=params) as response:
            return Reply(response.status, await response.json())


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield session


@pytest_asyncio.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi.start(flood=Flood.off()) as api:
        yield api


@pytest.fixture
def bot(api: BotApi, session: aiohttp.ClientSession) -> Bot:
    return Bot(api, session)


@pytest.fixture
def ada(api: BotApi) -> Person:
    """A person who has written to the bot; her update is still queued."""
    ada = api.add_person("Ada", username="ada")
    ada.say(ada, "/start")
    return ada


# Requests


async def test_a_wrong_token_is_unauthorized(api: BotApi, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{api.base_url}/bot42:WRONG/getMe") as response:
        assert response.status == 401
        assert (await response.json())["description"] == "Unauthorized"


async def test_an_unknown_method_is_not_found(bot: Bot) -> None:
    assert (await bot.call("sendTelepathy")).refusal == (404, "Not Found: method not found")


async def test_json_form_multipart_and_query_are_the_same_call(
    api: BotApi, bot: Bot, ada: Person
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


# Updates


async def test_updates_stay_until_an_offset_confirms_them(
    api: BotApi, bot: Bot, ada: Person
) -> None:
    ada.say(ada, "two")
    ada.say(ada, "three")
    first, second, third = (await bot.call("getUpdates")).updates
    assert (await bot.call("getUpdates", limit=1)).updates == [first]
    assert (await bot.call("getUpdates", offset=second["update_id"])).updates == [second, third]
    assert (await bot.call("getUpdates", offset=-1)).updates == [third]
    assert [update.payload for update in api.pending_updates] == [third]
    assert third["update_id"] == int(str(first["update_id"])) + 2


async def test_a_long_poll_wakes_at_once(api: BotApi, bot: Bot, ada: Person) -> None:
    (first,) = (await bot.call("getUpdates")).updates
    offset = int(str(first["update_id"])) + 1
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.call("getUpdates", offset=offset, timeout=30))
        await api.wait_for(lambda: api.polled)
        ada.say(ada, "now")
    (update,) = poll.result().updates
    message = update["message"]
    assert isinstance(message, dict)
    assert message["text"] == "now"


async def test_a_second_poller_ends_the_first_with_a_conflict(api: BotApi, bot: Bot) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(bot.call("getUpdates", timeout=30))
        await api.wait_for(lambda: api.polled)
        second = group.create_task(bot.call("getUpdates", timeout=1))
    status, description = first.result().refusal
    assert status == 409
    assert str(description).startswith("Conflict: terminated by other getUpdates request;")
    assert second.result().updates == []


async def test_kinds_of_updates_that_were_not_asked_for_are_not_queued(
    api: BotApi, bot: Bot, ada: Person
) -> None:
    await bot.call("getUpdates", allowed_updates=["callback_query"])
    ada.say(ada, "unheard")
    assert len(api.pending_updates) == 1


async def test_an_update_can_be_delivered_again_after_it_was_confirmed(
    api: BotApi, bot: Bot, ada: Person
) -> None:
    (first,) = (await bot.call("getUpdates")).updates
    offset = int(str(first["update_id"])) + 1
    assert (await bot.call("getUpdates", offset=offset)).updates == []
    api.redeliver()
    assert (await bot.call("getUpdates", offset=offset)).updates == [first]
    assert (await bot.call("getUpdates", offset=offset)).updates == []


# Webhook


async def test_a_webhook_gets_each_update_until_it_accepts(
    api: BotApi, bot: Bot, ada: Person
) -> None:
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
        assert (await bot.call("getUpdates")).updates == []
    finally:
        await runner.cleanup()


# Texts


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        ({"text": "x", "message_thread_id": 99}, "message thread not found"),
        (
            {"text": "a_b", "parse_mode": "MarkdownV2"},
            "can't parse entities: Can't find end of Italic entity at byte offset 1",
        ),
        (
            {"text": "a.", "parse_mode": "MarkdownV2"},
            (
                "can't parse entities: Character '.' is reserved and must be escaped with the "
                "preceding '\\'"
            ),
        ),
        (
            {"text": "<x>", "parse_mode": "HTML"},
            'can\'t parse entities: Unsupported start tag "x" at byte offset 0',
        ),
        ({"text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        (
            {"text": "😀", "entities": [{"type": "bold", "offset": 0, "length": 1}]},
            (
                "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte "
                "offset 4"
            ),
        ),
        (
            {"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 2",
        ),
        (
            {"text": "x", "entities": [{"type": "glow", "offset": 0, "length": 1}]},
            "can't parse MessageEntity: Unsupported type specified",
        ),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_markup": []}, "object expected as reply markup"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
    ],
)
async def test_a_wrong_message_is_refused_in_the_words_of_the_server(
    bot: Bot, ada: Person, params: JSON, description: str
) -> None:
    reply = await bot.call("sendMessage", chat_id=ada.id, **params)
    assert reply.refusal == (400, f"Bad Request: {description}")


async def test_callback_data_over_64_bytes_is_invalid(bot: Bot, ada: Person) -> None:
    for length, expected in ((64, 200), (65, 400)):
        keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "d" * length}]]}
        reply = await bot.call("sendMessage", chat_id=ada.id, text="x", reply_markup=keyboard)
        assert reply.status == expected
    assert reply.body["description"] == "Bad Request: BUTTON_DATA_INVALID"


async def test_the_longest_text_is_counted_after_parsing(bot: Bot, ada: Person) -> None:
    text = "**" + "x" * 4094 + "**" + " *y*"
    reply = await bot.call("sendMessage", chat_id=ada.id, text=text[2:], parse_mode="HTML")
    assert reply.status == 400
    text = "<b>" + "x" * 4096 + "</b>"
    reply = await bot.call("sendMessage", chat_id=ada.id, text=text, parse_mode="HTML")
    assert reply.status == 200


async def test_formatting_arrives_as_entities(bot: Bot, ada: Person) -> None:
    text = "  *b* `c` [l](http://e.com) @someone\n```py\nx\n```\n"
    sent = await bot.call("sendMessage", chat_id=ada.id, text=text, parse_mode="MarkdownV2")
    assert sent.result["text"] == "b c l @someone\nx"
    assert sent.result["entities"] == [
        {"offset": 0, "length": 1, "type": "bold"},
        {"offset": 2, "length": 1, "type": "code"},
        {"offset": 4, "length": 1, "type": "text_link", "url": "http://e.com/"},
        {"offset": 6, "length": 8, "type": "mention"},
        {"offset": 15, "length": 1, "type": "pre", "language": "py"},
    ]


async def test_given_entities_move_with_the_trimmed_text(bot: Bot, ada: Person) -> None:
    entities = [{"type": "pre", "language": "py", "offset": 2, "length": 3}]
    sent = await bot.call("sendMessage", chat_id=ada.id, text="\n x = ", entities=entities)
    assert sent.result["text"] == "x ="
    assert sent.result["entities"] == [{"offset": 0, "length": 3, "type": "pre", "language": "py"}]


async def test_entities_after_the_hundredth_are_dropped(bot: Bot, ada: Person) -> None:
    text = " ".join(["*b*"] * 150)
    sent = await bot.call("sendMessage", chat_id=ada.id, text=text, parse_mode="Markdown")
    entities = sent.result["entities"]
    assert isinstance(entities, list)
    assert len(entities) == 100


# Editing and deleting


async def test_an_edit_must_change_something(api: BotApi, bot: Bot, ada: Person) -> None:
    sent = (await bot.call("sendMessage", chat_id=ada.id, text="one")).result
    where = {"chat_id": ada.id, "message_id": sent["message_id"]}
    status, description = (await bot.call("editMessageText", **where, text="one ")).refusal
    assert status == 400
    assert str(description).startswith("Bad Request: message is not modified: specified new")
    assert (await bot.call("editMessageText", **where, text="two")).result["text"] == "two"
    too_long = await bot.call("editMessageText", **where, text="x" * 4097)
    assert too_long.refusal == (400, "Bad Request: MESSAGE_TOO_LONG")
    message = await api.chat(ada).wait_text("two")
    assert [revision.text for revision in message.history] == ["one", "two"]


async def test_only_own_messages_that_exist_can_be_edited(bot: Bot, ada: Person) -> None:
    hers = ada.say(ada, "mine")
    reply = await bot.call("editMessageText", chat_id=ada.id, message_id=hers.id, text="x")
    assert reply.refusal == (400, "Bad Request: message can't be edited")
    reply = await bot.call("editMessageText", chat_id=ada.id, message_id=99, text="x")
    assert reply.refusal == (400, "Bad Request: message to edit not found")


async def test_a_deleted_message_is_gone_for_everybody(api: BotApi, bot: Bot, ada: Person) -> None:
    sent = (await bot.call("sendMessage", chat_id=ada.id, text="one")).result
    where = {"chat_id": ada.id, "message_id": sent["message_id"]}
    assert (await bot.call("deleteMessage", **where)).status == 200
    again = await bot.call("deleteMessage", **where)
    assert again.refusal == (400, "Bad Request: message to delete not found")
    gone = await bot.call("editMessageText", **where, text="x")
    assert gone.refusal == (400, "Bad Request: message to edit not found")
    assert api.chat(ada).texts() == ["/start"]
    assert api.chat(ada).everything[-1].deleted_at is not None
    several = await bot.call("deleteMessages", chat_id=ada.id, message_ids=[1, 2, 99])
    assert several.status == 200
    assert api.chat(ada).texts() == []


# Chats


async def test_a_chat_that_never_wrote_is_not_found(api: BotApi, bot: Bot) -> None:
    stranger = api.add_person("Eve")
    reply = await bot.call("sendMessage", chat_id=stranger.id, text="x")
    assert reply.refusal == (400, "Bad Request: chat not found")


async def test_blocked_and_kicked_bots_are_forbidden(api: BotApi, bot: Bot, ada: Person) -> None:
    group = api.add_supergroup("Team", ada)
    api.groups.set_status(group, api.bot, MemberStatus.KICKED)
    ada.block()
    reply = await bot.call("sendMessage", chat_id=group.id, text="x")
    assert reply.refusal == (403, "Forbidden: bot was kicked from the supergroup chat")
    reply = await bot.call("sendMessage", chat_id=ada.id, text="x")
    assert reply.refusal == (403, "Forbidden: bot was blocked by the user")


async def test_topics_keep_messages_apart(api: BotApi, bot: Bot, ada: Person) -> None:
    forum = api.add_supergroup("Team", ada, forum=True)
    topic = api.groups.create_topic(forum, "alpha")
    ada.say(forum, "in general")
    ada.say(forum, "in alpha", thread=topic.id)
    general, inside = (await bot.call("getUpdates")).updates[-2:]
    assert isinstance(general["message"], dict)
    assert isinstance(inside["message"], dict)
    assert "message_thread_id" not in general["message"]
    assert inside["message"]["is_topic_message"] is True
    assert inside["message"]["message_thread_id"] == topic.id
    await bot.call("sendMessage", chat_id=forum.id, message_thread_id=topic.id, text="answer")
    assert forum.thread(topic.id).texts() == ["in alpha", "answer"]
    assert forum.thread(None).texts() == ["in general"]
    reply = await bot.call("sendMessage", chat_id=forum.id, message_thread_id=1, text="x")
    assert reply.refusal == (400, "Bad Request: message thread not found")


async def test_a_closed_topic_takes_messages_of_administrators_only(
    api: BotApi, bot: Bot, ada: Person
) -> None:
    bob = api.add_person("Bob")
    forum = api.add_supergroup("Team", ada, bob, forum=True)
    topic = api.groups.create_topic(forum, "alpha")
    api.groups.close_topic(forum, topic.id)
    where = {"chat_id": forum.id, "message_thread_id": topic.id}
    reply = await bot.call("sendMessage", **where, text="x")
    assert reply.refusal == (400, "Bad Request: TOPIC_CLOSED")
    with pytest.raises(WorldError):
        bob.say(forum, "x", thread=topic.id)
    api.groups.set_status(forum, api.bot, MemberStatus.ADMINISTRATOR)
    assert (await bot.call("sendMessage", **where, text="x")).status == 200
    api.groups.delete_topic(forum, topic.id)
    reply = await bot.call("sendMessage", **where, text="x")
    assert reply.refusal == (400, "Bad Request: message thread not found")


async def test_the_bot_manages_topics_as_administrator(api: BotApi, bot: Bot, ada: Person) -> None:
    forum = api.add_supergroup("Team", ada, forum=True)
    reply = await bot.call("createForumTopic", chat_id=forum.id, name="a")
    assert reply.refusal == (400, "Bad Request: not enough rights to create a topic")
    api.groups.set_status(forum, api.bot, MemberStatus.ADMINISTRATOR)
    topic = (await bot.call("createForumTopic", chat_id=forum.id, name="a")).result
    where = {"chat_id": forum.id, "message_thread_id": topic["message_thread_id"]}
    assert (await bot.call("editForumTopic", **where, name="b")).status == 200
    assert (await bot.call("closeForumTopic", **where)).status == 200
    assert [(topic.name, topic.closed) for topic in forum.topics[1:]] == [("b", True)]
    assert (await bot.call("reopenForumTopic", **where)).status == 200
    assert (await bot.call("deleteForumTopic", **where)).status == 200
    assert len(forum.topics) == 1


async def test_a_group_that_became_a_supergroup_names_its_new_id(
    api: BotApi, bot: Bot, ada: Person
) -> None:
    group = api.add_group("Team", ada)
    new = api.groups.migrate(group)
    reply = await bot.call("sendMessage", chat_id=group.id, text="x")
    assert reply.refusal == (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
    )
    assert reply.body["parameters"] == {"migrate_to_chat_id": new.id}
    old_side, new_side = (
        update["message"] for update in (await bot.call("getUpdates")).updates[-2:]
    )
    assert isinstance(old_side, dict)
    assert isinstance(new_side, dict)
    assert old_side["migrate_to_chat_id"] == new.id
    assert new_side["migrate_from_chat_id"] == group.id
    assert (await bot.call("sendMessage", chat_id=new.id, text="x")).status == 200


async def test_members_and_administrators_are_told(api: BotApi, bot: Bot, ada: Person) -> None:
    bob = api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    member = await bot.call("getChatMember", chat_id=group.id, user_id=bob.id)
    assert member.result["status"] == "member"
    api.groups.set_status(group, bob.user, MemberStatus.ADMINISTRATOR)
    administrators = await bot.call("getChatAdministrators", chat_id=group.id)
    assert [entry["status"] for entry in administrators.updates] == ["creator", "administrator"]
    assert (await bot.call("getChat", chat_id=group.id)).result["title"] == "Team"


async def test_privacy_mode_hides_what_is_not_for_the_bot(
    session: aiohttp.ClientSession,
) -> None:
    async with BotApi.start(settings=Settings(privacy_mode=True)) as api:
        ada = api.add_person("Ada")
        group = api.add_group("Team", ada)
        bot = Bot(api, session)
        sent = (await bot.call("sendMessage", chat_id=group.id, text="hello")).result
        before = len(api.pending_updates)
        ada.say(group, "between us")
        ada.say(group, "/start@other_bot")
        assert len(api.pending_updates) == before
        ada.say(group, "hey @parley_bot")
        ada.say(group, "/session list")
        ada.say(group, "yes", reply_to=int(str(sent["message_id"])))
        assert len(api.pending_updates) == before + 3


# Buttons and drafts


async def test_a_press_gets_one_answer(api: BotApi, bot: Bot, ada: Person) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    await bot.call("sendMessage", chat_id=ada.id, text="sure?", reply_markup=keyboard)
    question = await api.chat(ada).wait_text("sure?")
    press = ada.press(question, "Yes")
    query = (await bot.call("getUpdates")).updates[-1]["callback_query"]
    assert isinstance(query, dict)
    assert query["data"] == "y"
    answer = {"callback_query_id": query["id"], "text": "done", "show_alert": True}
    assert (await bot.call("answerCallbackQuery", **answer)).status == 200
    given = await press.answered()
    assert (given.text, given.show_alert) == ("done", True)
    late = await bot.call("answerCallbackQuery", **answer)
    assert late.refusal == (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    )


async def test_drafts_are_shown_until_the_message_comes(api: BotApi, bot: Bot, ada: Person) -> None:
    draft = {"chat_id": ada.id, "draft_id": 7, "can_stop": True}
    assert (await bot.call("sendMessageDraft", **draft, text="thin")).status == 200
    shown = api.chat(ada).thread(None).draft
    assert shown is not None
    assert shown.text == "thin"
    ada.stop_generation()
    stopped = (await bot.call("getUpdates")).updates[-1]["stopped_message_generation"]
    assert isinstance(stopped, dict)
    assert stopped["draft_id"] == 7
    await bot.call("sendMessageDraft", **draft, text="thin")
    await bot.call("sendMessage", chat_id=ada.id, text="thing")
    assert api.chat(ada).thread(None).draft is None
    group = api.add_group("Team", ada)
    reply = await bot.call("sendMessageDraft", chat_id=group.id, draft_id=7, text="x")
    assert reply.status == 400


async def test_private_chats_can_have_topics(api: BotApi, bot: Bot, ada: Person) -> None:
    topic = api.groups.create_topic(ada, "alpha")
    ada.say(ada, "hi", thread=topic.id)
    message = (await bot.call("getUpdates")).updates[-1]["message"]
    assert isinstance(message, dict)
    assert message["message_thread_id"] == topic.id
    where = {"chat_id": ada.id, "message_thread_id": topic.id}
    assert (await bot.call("sendMessage", **where, text="yo")).status == 200
    assert api.chat(ada).thread(topic.id).texts() == ["hi", "yo"]


# Flood control and faults


async def test_a_bot_that_is_too_fast_is_told_to_wait(session: aiohttp.ClientSession) -> None:
    async with BotApi.start(flood=Flood.strict(retry_after=7)) as api:
        ada = api.add_person("Ada")
        ada.say(ada, "hi")
        bot = Bot(api, session)
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
        bot = Bot(api, session)
        replies = [await bot.call("sendMessage", chat_id=group.id, text="x") for _ in range(21)]
        assert [reply.status for reply in replies] == [200] * 20 + [429]


async def test_ordered_faults_hit_once_and_have_the_ordered_effect(
    api: BotApi, bot: Bot, ada: Person
) -> None:
    api.fail("sendMessage", Fault.error(500, "Internal Server Error"))
    api.fail("sendMessage", Fault.flood(1), chat=ada)
    message = {"chat_id": ada.id, "text": "x"}
    assert (await bot.call("sendMessage", **message)).status == 500
    assert (await bot.call("sendMessage", **message)).status == 429
    assert (await bot.call("sendMessage", **message)).status == 429
    assert len(api.flood_violations) == 1
    assert api.chat(ada).texts() == ["/start"]


async def test_a_reply_can_be_lost_after_the_effect(api: BotApi, bot: Bot, ada: Person) -> None:
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


async def test_a_gateway_answers_with_a_page(api: BotApi, bot: Bot) -> None:
    api.fail("getMe", Fault.bad_gateway(), times=None)
    async with bot.session.get(f"{bot.url}/getMe") as response:
        assert response.status == 502
        assert response.content_type == "text/html"
    api.heal()
    assert (await bot.call("getMe")).status == 200


async def test_a_call_can_hang_or_be_late(api: BotApi, bot: Bot, ada: Person) -> None:
    api.fail("sendMessage", Fault.hang(after_effect=True))
    api.fail("getMe", Fault.delay(0.01))
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(_ended(bot, chat_id=ada.id, text="sent"))
        await api.chat(ada).wait_text("sent")
        assert (await bot.call("getMe")).status == 200
        assert not sending.done()
        api.heal()
    assert sending.result()


async def _ended(bot: Bot, **params: object) -> bool:
    """Say whether the connection ended without an answer."""
    try:
        await bot.call("sendMessage", **params)
    except aiohttp.ClientError:
        return True
    return False


async def test_a_crafted_update_is_delivered_as_it_is(api: BotApi, bot: Bot) -> None:
    number = api.garbage_update()
    (update,) = (await bot.call("getUpdates")).updates
    assert update["update_id"] == number
    assert isinstance(update["message"], dict)
    assert "from" not in update["message"]


# With the product's client, and as a process


async def test_aiogram_talks_to_it(api: BotApi, ada: Person) -> None:
    from aiogram import Bot as AiogramBot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.exceptions import TelegramBadRequest
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
        cwd=Path(__file__).parent.parent,
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
