"""The table of methods, and the way of one call through flood control to its method."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.emulators.telegram import methods_bot as bot
from tests.emulators.telegram import methods_chats as chats
from tests.emulators.telegram import methods_messages as messages
from tests.emulators.telegram.flood import FloodGate
from tests.emulators.telegram.model import ChatId, ChatKind
from tests.emulators.telegram.webhook import Webhook
from tests.emulators.telegram.wire import ApiCall, Arguments, RefusedError, as_list, bad_request
from tests.emulators.telegram.world import World

MAX_POLL_SECONDS = 50
MAX_POLL_UPDATES = 100
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)

Method = Callable[[World, Arguments], object]

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "getMe": bot.get_me,
        "setMyCommands": bot.set_my_commands,
        "getMyCommands": bot.get_my_commands,
        "deleteMyCommands": bot.delete_my_commands,
        "setMyName": bot.set_my_name,
        "getMyName": bot.get_my_name,
        "setMyDescription": bot.set_my_description,
        "getMyDescription": bot.get_my_description,
        "setMyShortDescription": bot.set_my_short_description,
        "getMyShortDescription": bot.get_my_short_description,
        "setChatMenuButton": bot.accept,
        "setMyDefaultAdministratorRights": bot.accept,
        "sendMessage": messages.send_message,
        "editMessageText": messages.edit_message_text,
        "editMessageReplyMarkup": messages.edit_message_reply_markup,
        "deleteMessage": messages.delete_message,
        "deleteMessages": messages.delete_messages,
        "sendChatAction": messages.send_chat_action,
        "sendMessageDraft": messages.send_message_draft,
        "setMessageReaction": messages.set_message_reaction,
        "answerCallbackQuery": messages.answer_callback_query,
        "getChat": chats.get_chat,
        "getChatMember": chats.get_chat_member,
        "getChatMemberCount": chats.get_chat_member_count,
        "getChatAdministrators": chats.get_chat_administrators,
        "leaveChat": chats.leave_chat,
        "createForumTopic": chats.create_forum_topic,
        "editForumTopic": chats.edit_forum_topic,
        "closeForumTopic": chats.close_forum_topic,
        "reopenForumTopic": chats.reopen_forum_topic,
        "deleteForumTopic": chats.delete_forum_topic,
    }
)
PACED = frozenset({"sendMessage", "editMessageText", "editMessageReplyMarkup"})
"""Methods that flood control counts."""
STOPPED = PACED | {"sendMessageDraft"}
"""Methods that a chat refuses, and counts as violations, until `retry_after` has passed."""

_OWN = ("getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo", "logOut", "close")
_CANONICAL = {name.lower(): name for name in (*METHODS, *_OWN)}


class Dispatcher:
    """Answers calls; a method name is matched whatever its case, as by the real server."""

    def __init__(self, world: World, gate: FloodGate, webhook: Webhook) -> None:
        self._world = world
        self._gate = gate
        self._webhook = webhook
        self.logged_out = False

    async def answer(self, call: ApiCall) -> object:
        """Return the result of a call or raise `RefusedError`."""
        arguments = Arguments(call.params)
        match call.method:
            case "getUpdates":
                return await self._get_updates(arguments)
            case "setWebhook":
                self._webhook.set(arguments)
                self._allow(arguments)
                return True
            case "deleteWebhook":
                kept = {"drop_pending_updates": arguments.flag("drop_pending_updates")}
                self._webhook.set(Arguments(kept))
                return True
            case "getWebhookInfo":
                return self._webhook.info()
            case "logOut" | "close":
                self.logged_out = call.method == "logOut"
                return True
            case name if name in METHODS:
                return self._run(call, arguments)
            case _:
                raise RefusedError(404, "Not Found: method not found")

    def _run(self, call: ApiCall, arguments: Arguments) -> object:
        chat_id = call.chat_id
        if call.method not in STOPPED or chat_id is None:
            return METHODS[call.method](self._world, arguments)
        chat = self._world.chats.get(ChatId(chat_id))
        group = chat is not None and chat.kind is not ChatKind.PRIVATE
        now = time.monotonic()
        self._gate.check_open(call, chat_id, now)
        if call.method not in PACED:
            return METHODS[call.method](self._world, arguments)
        self._gate.admit(chat_id, now, group=group)
        result = METHODS[call.method](self._world, arguments)
        self._gate.spend(chat_id, now, group=group)
        return result

    async def _get_updates(self, arguments: Arguments) -> object:
        if self._webhook.target is not None:
            raise RefusedError(409, WEBHOOK_ACTIVE)
        self._allow(arguments)
        limit = min(max(arguments.integer("limit", MAX_POLL_UPDATES), 1), MAX_POLL_UPDATES)
        seconds = min(max(arguments.integer("timeout"), 0), MAX_POLL_SECONDS)
        return await self._world.updates.poll(arguments.integer("offset"), limit, seconds)

    def _allow(self, arguments: Arguments) -> None:
        if not arguments.has("allowed_updates"):
            return
        kinds = as_list(arguments.structure("allowed_updates", "allowed updates"))
        if kinds is None:
            raise bad_request("allowed_updates must be an Array of String")
        self._world.updates.allow(frozenset(str(kind) for kind in kinds))


def canonical(name: str) -> str:
    """Spell a method's name as the documentation does."""
    return _CANONICAL.get(name.lower(), name)
