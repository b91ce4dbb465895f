"""What the bot is told: updates for what happened where it may look."""

from collections.abc import Mapping

from tests.emulators.telegram.model import ChatKind, MemberStatus, Message, User
from tests.emulators.telegram.rendering import chat_json, member_json, message_json, user_json
from tests.emulators.telegram.wire import JsonObject
from tests.emulators.telegram.world import Chat, World


def tell_message(world: World, message: Message) -> int | None:
    """Queue `message` for a person's message; return the update's id, None if not shown."""
    return _tell(world, "message", message)


def tell_edit(world: World, message: Message) -> int | None:
    return _tell(world, "edited_message", message)


def tell_membership(
    world: World, chat: Chat, actor: User, user: User, old: MemberStatus, new: MemberStatus
) -> None:
    """Queue `my_chat_member` for the bot itself, `chat_member` for others."""
    kind = "my_chat_member" if user.id == world.bot.id else "chat_member"
    bot_status = chat.status(world.bot.id)
    if kind == "chat_member" and not bot_status.rules:
        return
    content: JsonObject = {
        "chat": chat_json(world, chat),
        "from": user_json(actor),
        "date": int(world.now().timestamp()),
        "old_chat_member": member_json(world, user, old),
        "new_chat_member": member_json(world, user, new),
    }
    world.updates.publish(kind, content, chat.id)


def service(
    world: World, chat: Chat, actor: User, content: Mapping[str, object], thread: int | None = None
) -> Message:
    """Post a service message and tell the bot of it, unless the bot caused it."""
    blank = world.blank(chat, actor, thread)
    message = world.post(
        chat,
        Message(
            blank.id,
            chat.id,
            actor,
            blank.at,
            content=content,
            thread_id=blank.thread_id,
            service=True,
        ),
    )
    if actor.id != world.bot.id:
        tell_message(world, message)
    return message


def _tell(world: World, kind: str, message: Message) -> int | None:
    chat = world.chats[message.chat_id]
    if not chat.status(world.bot.id).inside or not _visible_to_bot(world, chat, message):
        return None
    return world.updates.publish(kind, message_json(world, message), chat.id)


def _visible_to_bot(world: World, chat: Chat, message: Message) -> bool:
    """Privacy mode (https://core.telegram.org/bots/features#privacy-mode)."""
    everything = (
        not world.settings.privacy_mode
        or chat.kind is ChatKind.PRIVATE
        or chat.status(world.bot.id).rules
        or message.service
    )
    if everything or _is_command(world, message.text):
        return True
    replied = None if message.reply_to is None else world.message(chat, message.reply_to)
    return (replied is not None and replied.by_bot) or _mentions_bot(world, message)


def _is_command(world: World, text: str) -> bool:
    """Whether a text is a command for this bot or for any bot."""
    if not text.startswith("/"):
        return False
    _, separator, name = text.split()[0].partition("@")
    return not separator or name.lower() == str(world.bot.username).lower()


def _mentions_bot(world: World, message: Message) -> bool:
    wanted = f"@{world.bot.username}".lower()
    return any(
        entity["type"] == "mention" and _covered(message.text, entity).lower() == wanted
        for entity in message.entities
    )


def _covered(text: str, entity: JsonObject) -> str:
    """Cut an entity out of its text; its offsets are UTF-16 units."""
    units = text.encode("utf-16-le")
    start = int(str(entity["offset"])) * 2
    return units[start : start + int(str(entity["length"])) * 2].decode("utf-16-le")
