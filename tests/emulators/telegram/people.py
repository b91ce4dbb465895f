"""People act: they write, edit, press buttons and stop answers."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace

from tests.emulators.telegram.access import thread_of_reply
from tests.emulators.telegram.events import tell_edit, tell_membership, tell_message
from tests.emulators.telegram.formatting import (
    MAX_TEXT_UNITS,
    as_typed_by_a_person,
    looks_empty,
    utf16_length,
)
from tests.emulators.telegram.groups import Groups
from tests.emulators.telegram.model import (
    GENERAL_TOPIC,
    CallbackAnswer,
    ChatLike,
    MemberStatus,
    Message,
    MessageId,
    ThreadId,
    Topic,
    User,
    WorldError,
)
from tests.emulators.telegram.rendering import (
    chat_json,
    inaccessible_json,
    message_json,
    user_json,
)
from tests.emulators.telegram.wire import JsonObject
from tests.emulators.telegram.world import Callback, Chat, World


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button; the person sees a spinner until the bot answers."""

    world: World
    callback: Callback

    @property
    def id(self) -> str:
        return self.callback.id

    @property
    def answer(self) -> CallbackAnswer | None:
        return self.callback.answer

    def answered(self, timeout: float = 5.0) -> Awaitable[CallbackAnswer]:
        """Wait for the bot's answer; raise `TimeoutError` after `timeout` seconds."""
        return self.world.changes.wait_for(lambda: self.callback.answer, timeout)

    def expire(self) -> None:
        """Let the query grow too old to be answered."""
        self.callback.expired = True


@dataclass(frozen=True, slots=True)
class Person:
    """A user with hands. Chats are views or ids; a person stands for their private chat."""

    world: World
    user: User

    @property
    def id(self) -> int:
        return self.user.id

    def say(
        self,
        chat: ChatLike,
        text: str,
        *,
        thread: int | None = None,
        reply_to: Message | int | None = None,
    ) -> Message:
        """Write a message; entities are found in it as by the server."""
        formatted = as_typed_by_a_person(text)
        if looks_empty(formatted.text) or utf16_length(formatted.text) > MAX_TEXT_UNITS:
            raise WorldError("a person's message has 1 to 4,096 UTF-16 units")
        state, blank = self._blank(chat, thread, reply_to)
        return self._send(state, replace(blank, text=formatted.text, entities=formatted.entities))

    def send_photo(self, chat: ChatLike, caption: str = "", *, thread: int | None = None) -> Message:
        formatted = as_typed_by_a_person(caption)
        state, blank = self._blank(chat, thread, None)
        number = self.world.next_number()
        sizes = [_file(number, side) | {"width": side, "height": side} for side in (90, 320, 800)]
        return self._send(
            state,
            replace(blank, text=formatted.text, entities=formatted.entities, content={"photo": sizes}),
        )

    def send_sticker(self, chat: ChatLike, emoji: str = "🙂", *, thread: int | None = None) -> Message:
        state, blank = self._blank(chat, thread, None)
        sticker: JsonObject = {
            **_file(self.world.next_number(), 512),
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": emoji,
        }
        return self._send(state, replace(blank, content={"sticker": sticker}))

    def edit(self, message: Message, text: str) -> Message:
        """Change an own message."""
        chat = self.world.chats[message.chat_id]
        current = self.world.message(chat, message.id)
        if current is None or current.sender.id != self.user.id:
            raise WorldError("people edit only their own messages that are still there")
        formatted = as_typed_by_a_person(text)
        edited = replace(current, text=formatted.text, entities=formatted.entities)
        edited = self.world.revise(chat, edited)
        tell_edit(self.world, edited)
        return edited

    def delete(self, message: Message) -> None:
        """Take a message away; bots are not told."""
        chat = self.world.chats[message.chat_id]
        self.world.delete(chat, chat.messages[message.id])

    def press(self, message: Message, button: str) -> Press:
        """Press an inline button, named by its text or its callback data.

        A button of a message that has been edited or deleted since can still be pressed, as on a
        screen that is behind.
        """
        data = next((data for text, data in message.buttons if button in {text, data}), None)
        if data is None:
            raise WorldError(f"message {message.id} has no callback button {button!r}")
        return self.press_data(message, data)

    def press_data(self, message: Message, data: str) -> Press:
        """Send a callback query with any data, as a crafted client can."""
        chat = self.world.chats[message.chat_id]
        number = f"{self.user.id}{self.world.next_number():09d}"
        callback = Callback(number, self.world.now())
        self.world.callbacks[callback.id] = callback
        current = self.world.message(chat, message.id)
        shown = message_json(self.world, current) if current else inaccessible_json(self.world, message)
        content: JsonObject = {
            "id": callback.id,
            "from": user_json(self.user),
            "message": shown,
            "chat_instance": str(chat.id * 7),
            "data": data,
        }
        self.world.updates.publish("callback_query", content, chat.id)
        return Press(self.world, callback)

    def stop_generation(self, thread: int | None = None) -> None:
        """Press the stop button of the draft in the private chat."""
        chat = self.world.chat(self.user.id)
        draft = chat.drafts_shown.get(None if thread is None else ThreadId(thread))
        if draft is None or not draft.can_stop:
            raise WorldError("there is no draft with a stop button")
        if not draft.keep_on_stop:
            del chat.drafts_shown[draft.thread_id]
        content: JsonObject = {"chat": chat_json(self.world, chat), "draft_id": draft.draft_id}
        if draft.thread_id is not None:
            content["message_thread_id"] = draft.thread_id
        self.world.updates.publish("stopped_message_generation", content, chat.id)

    def join(self, chat: ChatLike) -> None:
        Groups(self.world).set_status(chat, self.user, MemberStatus.MEMBER, self.user)

    def leave(self, chat: ChatLike) -> None:
        Groups(self.world).set_status(chat, self.user, MemberStatus.LEFT, self.user)

    def create_topic(self, chat: ChatLike, name: str) -> Topic:
        """Open a topic in a forum or in the private chat."""
        return Groups(self.world).create_topic(chat, name, self.user)

    def block(self, *, blocked: bool = True) -> None:
        """Block the bot, or unblock it."""
        chat = self.world.chat(self.user.id)
        chat.blocked = blocked
        before, after = MemberStatus.MEMBER, MemberStatus.KICKED
        if not blocked:
            before, after = after, before
        tell_membership(self.world, chat, self.user, self.world.bot, before, after)

    def _blank(
        self, chat: ChatLike, thread: int | None, reply_to: Message | int | None
    ) -> tuple[Chat, Message]:
        state = self._chat(chat)
        if thread is not None and thread not in state.topics:
            raise WorldError(f"chat {state.id} has no topic {thread}")
        topic = state.topics.get(ThreadId(thread) if thread is not None else GENERAL_TOPIC)
        if topic is not None and topic.closed and not state.status(self.user.id).rules:
            raise WorldError("the topic is closed")
        number = reply_to.id if isinstance(reply_to, Message) else reply_to
        if number is not None and self.world.message(state, number) is None:
            raise WorldError(f"chat {state.id} has no message {number} to answer")
        replied = None if number is None else MessageId(number)
        thread_id = thread_of_reply(state, None if thread is None else ThreadId(thread), replied)
        return state, replace(self.world.blank(state, self.user, thread_id), reply_to=replied)

    def _chat(self, chat: ChatLike) -> Chat:
        chat_id = chat if isinstance(chat, int) else chat.id
        if chat_id == self.user.id:
            return self.world.open_private_chat(self.user)
        state = self.world.chat(chat_id)
        if not state.status(self.user.id).inside:
            raise WorldError(f"{self.user.first_name} is not in chat {chat_id}")
        if state.migrated_to is not None:
            raise WorldError("the group became a supergroup; people write there")
        return state

    def _send(self, chat: Chat, message: Message) -> Message:
        posted = self.world.post(chat, message)
        tell_message(self.world, posted)
        return posted


def _file(number: int, side: int) -> JsonObject:
    name = f"emulated-{number}-{side}"
    return {"file_id": name, "file_unique_id": f"u{name}", "file_size": side * 100}
