"""The Bot API emulator knows topics, members and migrations as the real server does."""

import aiohttp
import pytest

from tests.emulators.telegram import (
    BotApi,
    MemberStatus,
    Person,
    Settings,
    WorldError,
)
from tests.emulators.telegram.probe import Probe


async def test_a_chat_that_never_wrote_is_not_found(api: BotApi, bot: Probe) -> None:
    stranger = api.add_person("Eve")
    reply = await bot.call("sendMessage", chat_id=stranger.id, text="x")
    assert reply.refusal == (400, "Bad Request: chat not found")


async def test_blocked_and_kicked_bots_are_forbidden(api: BotApi, bot: Probe, ada: Person) -> None:
    group = api.add_supergroup("Team", ada)
    api.groups.set_status(group, api.bot, MemberStatus.KICKED)
    ada.block()
    reply = await bot.call("sendMessage", chat_id=group.id, text="x")
    assert reply.refusal == (403, "Forbidden: bot was kicked from the supergroup chat")
    reply = await bot.call("sendMessage", chat_id=ada.id, text="x")
    assert reply.refusal == (403, "Forbidden: bot was blocked by the user")


async def test_topics_keep_messages_apart(api: BotApi, bot: Probe, ada: Person) -> None:
    forum = api.add_supergroup("Team", ada, forum=True)
    topic = api.groups.create_topic(forum, "alpha")
    ada.say(forum, "in general")
    ada.say(forum, "in alpha", thread=topic.id)
    general, inside = (await bot.call("getUpdates")).items[-2:]
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
    api: BotApi, bot: Probe, ada: Person
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


async def test_the_bot_manages_topics_as_administrator(api: BotApi, bot: Probe, ada: Person) -> None:
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
    api: BotApi, bot: Probe, ada: Person
) -> None:
    group = api.add_group("Team", ada)
    new = api.groups.migrate(group)
    reply = await bot.call("sendMessage", chat_id=group.id, text="x")
    assert reply.refusal == (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
    )
    assert reply.body["parameters"] == {"migrate_to_chat_id": new.id}
    old_side, new_side = (update["message"] for update in (await bot.call("getUpdates")).items[-2:])
    assert isinstance(old_side, dict)
    assert isinstance(new_side, dict)
    assert old_side["migrate_to_chat_id"] == new.id
    assert new_side["migrate_from_chat_id"] == group.id
    assert (await bot.call("sendMessage", chat_id=new.id, text="x")).status == 200


async def test_members_and_administrators_are_told(api: BotApi, bot: Probe, ada: Person) -> None:
    bob = api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    member = await bot.call("getChatMember", chat_id=group.id, user_id=bob.id)
    assert member.result["status"] == "member"
    api.groups.set_status(group, bob.user, MemberStatus.ADMINISTRATOR)
    administrators = await bot.call("getChatAdministrators", chat_id=group.id)
    assert [entry["status"] for entry in administrators.items] == ["creator", "administrator"]
    assert (await bot.call("getChat", chat_id=group.id)).result["title"] == "Team"


async def test_privacy_mode_hides_what_is_not_for_the_bot(
    session: aiohttp.ClientSession,
) -> None:
    async with BotApi.start(settings=Settings(privacy_mode=True)) as api:
        ada = api.add_person("Ada")
        group = api.add_group("Team", ada)
        bot = Probe(api, session)
        sent = (await bot.call("sendMessage", chat_id=group.id, text="hello")).result
        before = len(api.pending_updates)
        ada.say(group, "between us")
        ada.say(group, "/start@other_bot")
        assert len(api.pending_updates) == before
        ada.say(group, "hey @parley_bot")
        ada.say(group, "/session list")
        ada.say(group, "yes", reply_to=int(str(sent["message_id"])))
        assert len(api.pending_updates) == before + 3


async def test_an_answer_without_a_thread_goes_where_its_question_is(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    forum = api.add_supergroup("Team", ada, forum=True)
    topic = api.groups.create_topic(forum, "alpha")
    question = ada.say(forum, "why?", thread=topic.id)
    reply = {"message_id": question.id}
    sent = await bot.call("sendMessage", chat_id=forum.id, text="so", reply_parameters=reply)
    assert sent.result["message_thread_id"] == topic.id
    assert forum.thread(topic.id).texts() == ["why?", "so"]


async def test_replies_in_a_plain_supergroup_carry_the_number_of_their_root(
    api: BotApi, bot: Probe, ada: Person
) -> None:
    team = api.add_supergroup("Team", ada)
    root = ada.say(team, "root")
    ada.say(team, "reply", reply_to=root)
    message = (await bot.call("getUpdates")).items[-1]["message"]
    assert isinstance(message, dict)
    assert message["message_thread_id"] == root.id
    assert "is_topic_message" not in message
    assert team.thread(None).texts() == ["root", "reply"]
    stray = await bot.call("sendMessage", chat_id=team.id, message_thread_id=77, text="x")
    assert "message_thread_id" not in stray.result


async def test_people_come_go_and_open_topics(api: BotApi, bot: Probe, ada: Person) -> None:
    forum = api.add_supergroup("Team", ada, forum=True)
    bob = api.add_person("Bob")
    with pytest.raises(WorldError):
        bob.say(forum, "let me in")
    bob.join(forum)
    topic = bob.create_topic(forum, "alpha")
    bob.leave(forum)
    events = [update["message"] for update in (await bot.call("getUpdates")).items[-3:]]
    assert all(isinstance(event, dict) for event in events)
    kinds = ("new_chat_members", "forum_topic_created", "left_chat_member")
    assert all(kind in str(event) for kind, event in zip(kinds, events, strict=True))
    assert forum.topics[-1].id == topic.id


async def test_leaving_and_returning_is_told(api: BotApi, bot: Probe, ada: Person) -> None:
    team = api.add_supergroup("Team", ada)
    assert (await bot.call("leaveChat", chat_id=team.id)).status == 200
    reply = await bot.call("sendMessage", chat_id=team.id, text="x")
    assert reply.refusal == (403, "Forbidden: bot is not a member of the supergroup chat")
    before = len(api.pending_updates)
    ada.say(team, "alone")
    assert len(api.pending_updates) == before
    api.groups.set_status(team, api.bot, MemberStatus.MEMBER)
    joined, greeting = (update.payload for update in api.pending_updates[before:])
    assert "my_chat_member" in joined
    assert "message" in greeting
