"""Methods about chats: look them up, their members, their topics, and leaving them."""

from dataclasses import replace

from tests.emulators.telegram.access import check_administrator, find_chat
from tests.emulators.telegram.events import service
from tests.emulators.telegram.model import (
    GENERAL_TOPIC,
    MemberStatus,
    Message,
    ThreadId,
    Topic,
    User,
    UserId,
)
from tests.emulators.telegram.rendering import full_chat_json, member_json, topic_json, user_json
from tests.emulators.telegram.wire import Arguments, JsonObject, bad_request
from tests.emulators.telegram.world import Chat, World

MAX_TOPIC_NAME = 128
"""https://core.telegram.org/bots/api#createforumtopic"""


def get_chat(world: World, arguments: Arguments) -> object:
    return full_chat_json(world, find_chat(world, arguments, write=False))


def get_chat_member(world: World, arguments: Arguments) -> object:
    user_id = UserId(arguments.integer("user_id"))
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    chat = find_chat(world, arguments, write=user_id != world.bot.id)
    user = world.users.get(user_id)
    if user is None or (chat.private and user_id not in chat.members):
        raise bad_request("PARTICIPANT_ID_INVALID")
    return member_json(world, user, chat.status(user_id))


def get_chat_administrators(world: World, arguments: Arguments) -> object:
    chat = find_chat(world, arguments)
    if chat.private:
        raise bad_request("there are no administrators in the private chat")
    return [
        member_json(world, world.users[user_id], status)
        for user_id, status in chat.members.items()
        if status.rules and (user_id == world.bot.id or not world.users[user_id].is_bot)
    ]


def get_chat_member_count(world: World, arguments: Arguments) -> object:
    return sum(status.inside for status in find_chat(world, arguments).members.values())


def leave_chat(world: World, arguments: Arguments) -> object:
    chat = find_chat(world, arguments, write=False)
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    chat.members[world.bot.id] = MemberStatus.LEFT
    service(world, chat, world.bot, {"left_chat_member": user_json(world.bot)})
    world.changes.notify()
    return True


def create_forum_topic(world: World, arguments: Arguments) -> object:
    chat = find_chat(world, arguments)
    check_administrator(world, chat, "create a topic")
    name = _topic_name(arguments)
    topic = open_topic(world, chat, world.bot, name, arguments.integer("icon_color", 7322096))
    return topic_json(topic)


def edit_forum_topic(world: World, arguments: Arguments) -> object:
    chat, topic = _topic(world, arguments, "edit the topic")
    if arguments.has("name"):
        rename_topic(world, chat, world.bot, topic, _topic_name(arguments))
    return True


def close_forum_topic(world: World, arguments: Arguments) -> object:
    chat, topic = _topic(world, arguments, "close the topic")
    if topic.closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    set_topic_closed(world, chat, world.bot, topic, closed=True)
    return True


def reopen_forum_topic(world: World, arguments: Arguments) -> object:
    chat, topic = _topic(world, arguments, "reopen the topic")
    if not topic.closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    set_topic_closed(world, chat, world.bot, topic, closed=False)
    return True


def delete_forum_topic(world: World, arguments: Arguments) -> object:
    chat, topic = _topic(world, arguments, "delete the topic")
    drop_topic(world, chat, topic)
    return True


def open_topic(world: World, chat: Chat, actor: User, name: str, icon_color: int) -> Topic:
    """Create a topic; its number is the number of the service message that tells of it."""
    blank = world.blank(chat, actor)
    content: JsonObject = {"forum_topic_created": {"name": name, "icon_color": icon_color}}
    created = world.post(chat, Message(blank.id, chat.id, actor, blank.at, content=content, service=True))
    topic = Topic(ThreadId(created.id), name, icon_color)
    chat.topics[topic.id] = topic
    world.put(chat, replace(created, thread_id=topic.id))
    return topic


def rename_topic(world: World, chat: Chat, actor: User, topic: Topic, name: str) -> None:
    chat.topics[topic.id] = replace(topic, name=name)
    service(world, chat, actor, {"forum_topic_edited": {"name": name}}, topic.id)


def set_topic_closed(world: World, chat: Chat, actor: User, topic: Topic, *, closed: bool) -> None:
    chat.topics[topic.id] = replace(topic, closed=closed)
    event = "forum_topic_closed" if closed else "forum_topic_reopened"
    service(world, chat, actor, {event: {}}, None if topic.id == GENERAL_TOPIC else topic.id)


def drop_topic(world: World, chat: Chat, topic: Topic) -> None:
    """Delete a topic with its messages; the bot is told nothing, as by the real server."""
    del chat.topics[topic.id]
    for message in list(chat.messages.values()):
        if message.thread_id == topic.id and message.deleted_at is None:
            world.delete(chat, message)
    world.changes.notify()


def _topic(world: World, arguments: Arguments, action: str) -> tuple[Chat, Topic]:
    chat = find_chat(world, arguments)
    check_administrator(world, chat, action)
    topic = chat.topics.get(ThreadId(arguments.integer("message_thread_id")))
    if topic is None:
        raise bad_request("TOPIC_ID_INVALID")
    return chat, topic


def _topic_name(arguments: Arguments) -> str:
    name = arguments.text("name").strip()
    if not name:
        raise bad_request("TOPIC_TITLE_EMPTY")
    return name[:MAX_TOPIC_NAME]
