"""What the bot may reach: chats, threads and messages named in a call, or the server's refusal."""

from tests.emulators.telegram.model import (
    GENERAL_TOPIC,
    ChatId,
    ChatKind,
    MemberStatus,
    Message,
    MessageId,
    ThreadId,
)
from tests.emulators.telegram.wire import Arguments, RefusedError, as_object, bad_request
from tests.emulators.telegram.world import Chat, World


def find_chat(world: World, arguments: Arguments, *, write: bool = True) -> Chat:
    """Find the chat of a call in which the bot may read (and, by default, write)."""
    given = arguments.text("chat_id")
    if not given:
        raise bad_request("chat_id is empty")
    try:
        chat = world.chats[ChatId(int(given))]
    except (ValueError, KeyError):
        raise bad_request("chat not found") from None
    if write and chat.migrated_to is not None:
        raise RefusedError(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            {"migrate_to_chat_id": chat.migrated_to},
        )
    if chat.private:
        return chat
    status = chat.status(world.bot.id)
    if status is MemberStatus.KICKED and (write or chat.kind is ChatKind.SUPERGROUP):
        raise RefusedError(403, f"Forbidden: bot was kicked from the {chat.kind} chat")
    if not status.inside and (write or chat.kind is ChatKind.SUPERGROUP):
        raise RefusedError(403, f"Forbidden: bot is not a member of the {chat.kind} chat")
    return chat


def find_thread(world: World, chat: Chat, arguments: Arguments) -> ThreadId | None:
    """Find the topic of a call; where there are no topics the argument is ignored."""
    given = arguments.integer("message_thread_id")
    if not given or not (chat.is_forum or chat.private):
        return None
    thread_id = ThreadId(given)
    # General is written to without a thread id; its number is refused in a forum.
    if thread_id == GENERAL_TOPIC and chat.is_forum:
        raise bad_request("message thread not found")
    if thread_id not in chat.topics or (chat.private and not world.settings.private_topics):
        raise bad_request("message thread not found")
    return thread_id


def check_may_send(world: World, chat: Chat, thread_id: ThreadId | None) -> None:
    """Raise what the server answers when a message cannot be put there."""
    if chat.blocked:
        raise RefusedError(403, "Forbidden: bot was blocked by the user")
    topic = chat.topics.get(thread_id or GENERAL_TOPIC)
    if topic is not None and topic.closed and not chat.status(world.bot.id).rules:
        raise bad_request("TOPIC_CLOSED")


def find_replied(world: World, chat: Chat, arguments: Arguments) -> MessageId | None:
    """Find the message that a call answers, by `reply_parameters` or `reply_to_message_id`."""
    given = as_object(arguments.structure("reply_parameters", "reply parameters"))
    optional = arguments.flag("allow_sending_without_reply")
    message_id = arguments.integer("reply_to_message_id")
    if given is not None:
        reply = Arguments(given)
        message_id = reply.integer("message_id")
        optional = reply.flag("allow_sending_without_reply")
    if message_id <= 0:
        return None
    message = world.message(chat, message_id)
    if message is None and not optional:
        raise bad_request("message to be replied not found")
    return None if message is None else message.id


def thread_of_reply(chat: Chat, thread_id: ThreadId | None, replied: MessageId | None) -> ThreadId | None:
    """Return the thread that a message belongs to: its topic, or the root that it answers.

    A reply without a topic goes into the topic of the message that it answers.
    """
    if thread_id is not None or replied is None:
        return thread_id
    message = chat.messages[replied]
    if chat.is_forum or chat.private:
        return message.thread_id
    if chat.kind is ChatKind.SUPERGROUP:
        return message.thread_id or ThreadId(message.id)
    return None


def find_message(world: World, chat: Chat, arguments: Arguments, purpose: str) -> Message:
    """Find the message of a call; `purpose` is the server's word for it ("message to edit")."""
    message = world.message(chat, arguments.integer("message_id"))
    if message is None:
        raise bad_request(f"{purpose} not found")
    return message


def check_administrator(world: World, chat: Chat, action: str) -> None:
    """Raise unless the bot may manage topics of this forum; in its private chats it always may."""
    if chat.private and world.settings.private_topics:
        return
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    if not chat.status(world.bot.id).rules:
        raise bad_request(f"not enough rights to {action}")
