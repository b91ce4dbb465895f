"""Methods about messages: send, edit, delete, draft, react, and answers to callback queries."""

from dataclasses import replace

from tests.emulators.telegram.access import (
    check_may_send,
    find_chat,
    find_message,
    find_replied,
    find_thread,
    thread_of_reply,
)
from tests.emulators.telegram.formatting import (
    MAX_TEXT_UNITS,
    FormattedText,
    link_mentions,
    read_text,
)
from tests.emulators.telegram.markup import read_markup
from tests.emulators.telegram.model import (
    CallbackAnswer,
    ChatAction,
    Draft,
    Message,
    ThreadId,
    UserId,
)
from tests.emulators.telegram.rendering import message_json, user_json
from tests.emulators.telegram.wire import Arguments, JsonObject, as_list, as_object, bad_request
from tests.emulators.telegram.world import Chat, World

MAX_DELETED_AT_ONCE = 100
MAX_CALLBACK_TEXT = 200
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send_message(world: World, arguments: Arguments) -> object:
    formatted = _read(world, arguments)
    _check_link_preview(arguments)
    markup = read_markup(arguments)
    chat = find_chat(world, arguments)
    thread_id = find_thread(world, chat, arguments)
    replied = find_replied(world, chat, arguments)
    if formatted.units > MAX_TEXT_UNITS:
        raise bad_request("message is too long")
    thread_id = thread_of_reply(chat, thread_id, replied)
    check_may_send(world, chat, thread_id)
    blank = world.blank(chat, world.bot, thread_id)
    chat.drafts_shown.pop(thread_id, None)
    message = world.post(
        chat,
        replace(
            blank,
            text=formatted.text,
            entities=formatted.entities,
            reply_to=replied,
            reply_markup=markup,
        ),
    )
    return message_json(world, message)


def edit_message_text(world: World, arguments: Arguments) -> object:
    formatted = _read(world, arguments)
    _check_link_preview(arguments)
    markup = read_markup(arguments)
    chat, message = _message_to_edit(world, arguments)
    if formatted.units > MAX_TEXT_UNITS:
        raise bad_request("MESSAGE_TOO_LONG")
    if message.content:
        raise bad_request("there is no text in the message to edit")
    edited = replace(message, text=formatted.text, entities=formatted.entities, reply_markup=markup)
    if edited == message:
        raise bad_request(NOT_MODIFIED)
    return message_json(world, world.revise(chat, edited))


def edit_message_reply_markup(world: World, arguments: Arguments) -> object:
    markup = read_markup(arguments)
    chat, message = _message_to_edit(world, arguments)
    if message.reply_markup == markup:
        raise bad_request(NOT_MODIFIED)
    revised = world.revise(chat, replace(message, reply_markup=markup), hide_edit=True)
    return message_json(world, revised)


def delete_message(world: World, arguments: Arguments) -> object:
    if not arguments.has("chat_id"):
        raise bad_request("Chat identifier is not specified")
    if not arguments.integer("message_id"):
        raise bad_request("Message identifier is not specified")
    chat = find_chat(world, arguments)
    message = find_message(world, chat, arguments, "message to delete")
    _check_may_delete(world, chat, message)
    world.delete(chat, message)
    return True


def delete_messages(world: World, arguments: Arguments) -> object:
    """Delete what is there: messages that are not found are skipped."""
    given = as_list(arguments.structure("message_ids", "message identifiers"))
    if not given:
        raise bad_request("Message identifiers are not specified")
    if len(given) > MAX_DELETED_AT_ONCE:
        raise bad_request("Too many message identifiers specified")
    chat = find_chat(world, arguments)
    found = [world.message(chat, Arguments({"id": item}).integer("id")) for item in given]
    messages = [message for message in found if message is not None]
    for message in messages:
        _check_may_delete(world, chat, message)
    for message in messages:
        world.delete(chat, message)
    return True


def send_chat_action(world: World, arguments: Arguments) -> object:
    action = arguments.text("action")
    if action not in _ACTIONS:
        raise bad_request("Wrong parameter action in request")
    chat = find_chat(world, arguments)
    check_may_send(world, chat, None)
    given = arguments.optional_integer("message_thread_id")
    thread_id = None if given is None else ThreadId(given)
    chat.actions.append(ChatAction(action, thread_id, world.now()))
    world.changes.notify()
    return True


def send_message_draft(world: World, arguments: Arguments) -> object:
    """Show a preview in a private chat (https://core.telegram.org/bots/api#sendmessagedraft)."""
    formatted = _read(world, arguments, may_be_empty=True)
    chat = find_chat(world, arguments)
    if not chat.private:
        raise bad_request("TEXTDRAFT_PEER_INVALID")
    draft_id = arguments.integer("draft_id")
    if draft_id == 0:
        raise bad_request("RANDOM_ID_INVALID")
    thread_id = find_thread(world, chat, arguments)
    if formatted.units > MAX_TEXT_UNITS:
        raise bad_request("MESSAGE_TOO_LONG")
    check_may_send(world, chat, thread_id)
    draft = Draft(
        draft_id,
        thread_id,
        formatted.text,
        formatted.entities,
        world.now(),
        can_stop=arguments.flag("can_stop"),
        keep_on_stop=arguments.flag("keep_on_stop"),
    )
    chat.drafts.append(draft)
    chat.drafts_shown[thread_id] = draft
    world.changes.notify()
    return True


def set_message_reaction(world: World, arguments: Arguments) -> object:
    given = as_list(arguments.structure("reaction", "reaction types")) or []
    reactions = tuple(as_object(item) or {} for item in given)
    if any(item.get("type") not in {"emoji", "custom_emoji", "paid"} for item in reactions):
        raise bad_request("invalid reaction type specified")
    chat = find_chat(world, arguments, write=False)
    message = find_message(world, chat, arguments, "message to react")
    if len(reactions) > 1 or any(item["type"] != "emoji" for item in reactions):
        raise bad_request("REACTION_INVALID")
    world.put(chat, replace(message, reactions=reactions))
    return True


def answer_callback_query(world: World, arguments: Arguments) -> object:
    """Answer once, in time; a second answer finds the query gone."""
    callback = world.callbacks.get(arguments.text("callback_query_id"))
    late = (
        callback is None
        or callback.expired
        or callback.answer is not None
        or world.now() - callback.at > world.settings.callback_lifetime
    )
    if callback is None or late:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = arguments.text("text")
    if len(text) > MAX_CALLBACK_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    callback.answer = CallbackAnswer(text, arguments.flag("show_alert"), arguments.text("url"))
    world.changes.notify()
    return True


def _read(world: World, arguments: Arguments, *, may_be_empty: bool = False) -> FormattedText:
    def user_of(user_id: int) -> JsonObject | None:
        user = world.users.get(UserId(user_id))
        return None if user is None else user_json(user)

    return link_mentions(read_text(arguments, may_be_empty=may_be_empty), user_of)


def _check_link_preview(arguments: Arguments) -> None:
    given = arguments.structure("link_preview_options", "link preview options")
    if given is not None and as_object(given) is None:
        raise bad_request("Object expected as link preview options")


def _message_to_edit(world: World, arguments: Arguments) -> tuple[Chat, Message]:
    if not arguments.has("chat_id") and not arguments.has("message_id"):
        raise bad_request("inline message identifier is not specified")
    chat = find_chat(world, arguments)
    message = find_message(world, chat, arguments, "message to edit")
    if message.sender.id != world.bot.id or message.service:
        raise bad_request("message can't be edited")
    return chat, message


def _check_may_delete(world: World, chat: Chat, message: Message) -> None:
    own = message.sender.id == world.bot.id
    creates_topic = message.service and "forum_topic_created" in message.content
    if creates_topic or not (own or chat.private or chat.status(world.bot.id).rules):
        raise bad_request("message can't be deleted")
