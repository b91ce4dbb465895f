"""The world as the Bot API writes it down: users, chats, members and messages in JSON."""

from tests.emulators.telegram.model import (
    ChatKind,
    MemberStatus,
    Message,
    MessageId,
    Topic,
    User,
    UserId,
)
from tests.emulators.telegram.wire import JsonObject
from tests.emulators.telegram.world import Chat, World


def user_json(user: User) -> JsonObject:
    result: JsonObject = {"id": user.id, "is_bot": user.is_bot, "first_name": user.first_name}
    if user.username:
        result["username"] = user.username
    if not user.is_bot:
        result["language_code"] = user.language
    return result


def me_json(world: World) -> JsonObject:
    return {
        **user_json(world.bot),
        "can_join_groups": True,
        "can_read_all_group_messages": not world.settings.privacy_mode,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": world.settings.private_topics,
        "allows_users_to_create_topics": world.settings.private_topics,
    }


def chat_json(world: World, chat: Chat) -> JsonObject:
    result: JsonObject = {"id": chat.id, "type": chat.kind.value}
    if chat.private:
        user = world.users[UserId(chat.id)]
        result["first_name"] = user.first_name
        if user.username:
            result["username"] = user.username
        return result
    result["title"] = chat.title
    if chat.is_forum:
        result["is_forum"] = True
    return result


def full_chat_json(world: World, chat: Chat) -> JsonObject:
    accent: JsonObject = {"accent_color_id": 0, "max_reaction_count": 11}
    gifts = {
        "unlimited_gifts": False,
        "limited_gifts": False,
        "unique_gifts": False,
        "premium_subscription": False,
        "gifts_from_channels": False,
    }
    return {**chat_json(world, chat), **accent, "accepted_gift_types": gifts}


def member_json(world: World, user: User, status: MemberStatus) -> JsonObject:
    result: JsonObject = {"user": user_json(user), "status": status.value}
    match status:
        case MemberStatus.CREATOR:
            result["is_anonymous"] = False
        case MemberStatus.ADMINISTRATOR:
            result |= {"can_be_edited": False, **_administrator_rights()}
        case MemberStatus.KICKED:
            result["until_date"] = 0
        case MemberStatus.MEMBER | MemberStatus.LEFT:
            pass
    return result


def topic_json(topic: Topic) -> JsonObject:
    return {
        "message_thread_id": topic.id,
        "name": topic.name,
        "icon_color": topic.icon_color,
    }


def message_json(world: World, message: Message, *, with_reply: bool = True) -> JsonObject:
    chat = world.chats[message.chat_id]
    result: JsonObject = {"message_id": message.id}
    if message.thread_id is not None:
        result["message_thread_id"] = message.thread_id
    result["from"] = user_json(message.sender)
    result["chat"] = chat_json(world, chat)
    result["date"] = int(message.at.timestamp())
    if message.edited_at is not None:
        result["edit_date"] = int(message.edited_at.timestamp())
    if message.thread_id is not None and message.thread_id in chat.topics:
        result["is_topic_message"] = True
    if with_reply:
        result |= _replied(world, chat, message)
    result |= message.content
    result |= _text(message)
    if message.reply_markup is not None and "inline_keyboard" in message.reply_markup:
        result["reply_markup"] = message.reply_markup
    return result


def inaccessible_json(world: World, message: Message) -> JsonObject:
    """Write a deleted message down as a callback query carries it."""
    chat = chat_json(world, world.chats[message.chat_id])
    return {"chat": chat, "message_id": message.id, "date": 0}


def _text(message: Message) -> JsonObject:
    if not message.text:
        return {}
    name, entities = ("caption", "caption_entities") if message.is_caption else ("text", "entities")
    result: JsonObject = {name: message.text}
    if message.entities:
        result[entities] = list(message.entities)
    return result


def _replied(world: World, chat: Chat, message: Message) -> JsonObject:
    """Write what a message answers.

    A message in a topic of a supergroup that answers no other refers to the service message that
    created the topic.
    """
    origin = message.reply_to
    if origin is None and chat.kind is ChatKind.SUPERGROUP and message.thread_id in chat.topics:
        creation = chat.messages.get(_first_of(message))
        origin = creation.id if creation is not None and creation.id != message.id else None
    replied = None if origin is None else world.message(chat, origin)
    if replied is None:
        return {}
    return {"reply_to_message": message_json(world, replied, with_reply=False)}


def _first_of(message: Message) -> MessageId:
    return MessageId(message.thread_id or 0)


def _administrator_rights() -> JsonObject:
    allowed = (
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_change_info",
        "can_invite_users",
        "can_pin_messages",
        "can_manage_topics",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
        "can_send_welcome_messages",
    )
    return {"is_anonymous": False, "can_promote_members": False, **dict.fromkeys(allowed, True)}
