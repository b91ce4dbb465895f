"""The Bot API emulator judges texts, edits and buttons as the real server does."""

import pytest

from tests.emulators.telegram import (
    BotApi,
    Person,
)
from tests.emulators.telegram.probe import Probe
from tests.emulators.telegram.wire import JsonObject


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
            ("entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 4"),
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
    bot: Probe, ada: Person, params: JsonObject, description: str
) -> None:
    reply = await bot.call("sendMessage", chat_id=ada.id, **params)
    assert reply.refusal == (400, f"Bad Request: {description}")


async def test_callback_data_over_64_bytes_is_invalid(bot: Probe, ada: Person) -> None:
    for length, expected in ((64, 200), (65, 400)):
        keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "d" * length}]]}
        reply = await bot.call("sendMessage", chat_id=ada.id, text="x", reply_markup=keyboard)
        assert reply.status == expected
    assert reply.body["description"] == "Bad Request: BUTTON_DATA_INVALID"


async def test_the_longest_text_is_counted_after_parsing(bot: Probe, ada: Person) -> None:
    text = "**" + "x" * 4094 + "**" + " *y*"
    reply = await bot.call("sendMessage", chat_id=ada.id, text=text[2:], parse_mode="HTML")
    assert reply.status == 400
    text = "<b>" + "x" * 4096 + "</b>"
    reply = await bot.call("sendMessage", chat_id=ada.id, text=text, parse_mode="HTML")
    assert reply.status == 200


async def test_formatting_arrives_as_entities(bot: Probe, ada: Person) -> None:
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


async def test_given_entities_move_with_the_trimmed_text(bot: Probe, ada: Person) -> None:
    entities = [{"type": "pre", "language": "py", "offset": 2, "length": 3}]
    sent = await bot.call("sendMessage", chat_id=ada.id, text="\n x = ", entities=entities)
    assert sent.result["text"] == "x ="
    assert sent.result["entities"] == [{"offset": 0, "length": 3, "type": "pre", "language": "py"}]


async def test_entities_after_the_hundredth_are_dropped(bot: Probe, ada: Person) -> None:
    text = " ".join(["*b*"] * 150)
    sent = await bot.call("sendMessage", chat_id=ada.id, text=text, parse_mode="Markdown")
    entities = sent.result["entities"]
    assert isinstance(entities, list)
    assert len(entities) == 100


async def test_an_edit_must_change_something(api: BotApi, bot: Probe, ada: Person) -> None:
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


async def test_only_own_messages_that_exist_can_be_edited(bot: Probe, ada: Person) -> None:
    hers = ada.say(ada, "mine")
    reply = await bot.call("editMessageText", chat_id=ada.id, message_id=hers.id, text="x")
    assert reply.refusal == (400, "Bad Request: message can't be edited")
    reply = await bot.call("editMessageText", chat_id=ada.id, message_id=99, text="x")
    assert reply.refusal == (400, "Bad Request: message to edit not found")


async def test_a_deleted_message_is_gone_for_everybody(api: BotApi, bot: Probe, ada: Person) -> None:
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


async def test_a_press_gets_one_answer(api: BotApi, bot: Probe, ada: Person) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    await bot.call("sendMessage", chat_id=ada.id, text="sure?", reply_markup=keyboard)
    question = await api.chat(ada).wait_text("sure?")
    press = ada.press(question, "Yes")
    query = (await bot.call("getUpdates")).items[-1]["callback_query"]
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


async def test_drafts_are_shown_until_the_message_comes(api: BotApi, bot: Probe, ada: Person) -> None:
    draft = {"chat_id": ada.id, "draft_id": 7, "can_stop": True}
    assert (await bot.call("sendMessageDraft", **draft, text="thin")).status == 200
    shown = api.chat(ada).thread(None).draft
    assert shown is not None
    assert shown.text == "thin"
    ada.stop_generation()
    stopped = (await bot.call("getUpdates")).items[-1]["stopped_message_generation"]
    assert isinstance(stopped, dict)
    assert stopped["draft_id"] == 7
    await bot.call("sendMessageDraft", **draft, text="thin")
    await bot.call("sendMessage", chat_id=ada.id, text="thing")
    assert api.chat(ada).thread(None).draft is None
    group = api.add_group("Team", ada)
    reply = await bot.call("sendMessageDraft", chat_id=group.id, draft_id=7, text="x")
    assert reply.status == 400


async def test_private_chats_can_have_topics(api: BotApi, bot: Probe, ada: Person) -> None:
    topic = api.groups.create_topic(ada, "alpha")
    ada.say(ada, "hi", thread=topic.id)
    message = (await bot.call("getUpdates")).items[-1]["message"]
    assert isinstance(message, dict)
    assert message["message_thread_id"] == topic.id
    where = {"chat_id": ada.id, "message_thread_id": topic.id}
    assert (await bot.call("sendMessage", **where, text="yo")).status == 200
    assert api.chat(ada).thread(topic.id).texts() == ["hi", "yo"]


async def test_a_link_in_bold_is_found_and_one_in_code_is_not(bot: Probe, ada: Person) -> None:
    text = "<b>see http://a.com</b> <code>http://b.com</code>"
    sent = await bot.call("sendMessage", chat_id=ada.id, text=text, parse_mode="HTML")
    entities = sent.result["entities"]
    assert isinstance(entities, list)
    assert [entity["type"] for entity in entities] == ["bold", "url", "code"]


async def test_commands_are_kept_per_scope_and_language(bot: Probe) -> None:
    commands = [{"command": "session", "description": "Sessions"}]
    assert (await bot.call("setMyCommands", commands=commands, language_code="de")).status == 200
    assert (await bot.call("getMyCommands", language_code="de")).items == commands
    assert (await bot.call("getMyCommands")).items == []
    wrong = [{"command": "Not OK", "description": "x"}]
    reply = await bot.call("setMyCommands", commands=wrong)
    assert reply.refusal == (400, "Bad Request: BOT_COMMAND_INVALID")


async def test_invisible_characters_are_dropped_and_entities_stay_in_place(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    entities = [{"type": "bold", "offset": 4, "length": 1}]
    text = "a\r\n\u202eb"
    sent = await bot.call("sendMessage", chat_id=ada.id, text=text, entities=entities)
    assert sent.result["text"] == "a\nb"
    assert sent.result["entities"] == [{"offset": 2, "length": 1, "type": "bold"}]
    assert ada.say(ada, "/session start \u202ex").text == "/session start x"
    reply = await bot.call("sendMessage", chat_id=ada.id, text="\u200b")
    assert reply.refusal == (400, "Bad Request: text must be non-empty")
    reply = await bot.call("sendMessage", chat_id=ada.id, text="\ud800")
    assert reply.refusal == (400, "Bad Request: strings must be encoded in UTF-8")
