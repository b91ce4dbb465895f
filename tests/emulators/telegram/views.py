"""What the people in a chat see, in what order, and waiting until they see it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from types import EllipsisType

from tests.emulators.telegram.model import (
    ChatAction,
    ChatId,
    ChatKind,
    Draft,
    Message,
    ThreadId,
    Topic,
)
from tests.emulators.telegram.world import Chat, World


@dataclass(frozen=True, slots=True)
class ThreadView:
    """One thread of a chat: a topic, or with None the chat outside topics (General)."""

    world: World
    chat_id: ChatId
    thread_id: ThreadId | None

    def visible(self, *, service: bool = False) -> list[Message]:
        """Return the messages that are there, oldest first; service messages only if asked for."""
        return [
            message
            for message in _visible(self.world.chats[self.chat_id], service=service)
            if _belongs(self.world.chats[self.chat_id], message, self.thread_id)
        ]

    def texts(self) -> list[str]:
        return [message.text for message in self.visible()]

    @property
    def draft(self) -> Draft | None:
        """The preview that is shown, if the bot streams one here."""
        draft = self.world.chats[self.chat_id].drafts_shown.get(self.thread_id)
        if draft is None or self.world.now() - draft.at > self.world.settings.draft_lifetime:
            return None
        return draft

    def wait_text(
        self, contains: str, *, by_bot: bool | None = True, timeout: float = 5.0
    ) -> Awaitable[Message]:
        """Wait for a message that shows this text; raise `TimeoutError` after `timeout` seconds."""
        view = ChatView(self.world, self.chat_id)
        return view.wait_text(contains, thread=self.thread_id, by_bot=by_bot, timeout=timeout)


@dataclass(frozen=True, slots=True)
class ChatView:
    """A chat as its people see it; `id` is what the bot knows it by."""

    world: World
    id: ChatId

    @property
    def state(self) -> Chat:
        return self.world.chats[self.id]

    @property
    def kind(self) -> ChatKind:
        return self.state.kind

    @property
    def title(self) -> str:
        return self.state.title

    @property
    def topics(self) -> list[Topic]:
        return list(self.state.topics.values())

    @property
    def actions(self) -> list[ChatAction]:
        """Every chat action so far, oldest first."""
        return list(self.state.actions)

    @property
    def drafts(self) -> list[Draft]:
        """Every draft that was ever shown, oldest first."""
        return list(self.state.drafts)

    @property
    def everything(self) -> list[Message]:
        """Every message that was ever here, deleted ones (`deleted_at`) too."""
        return list(self.state.messages.values())

    def message(self, message_id: int) -> Message | None:
        return self.world.message(self.state, message_id)

    def thread(self, thread_id: int | None) -> ThreadView:
        return ThreadView(self.world, self.id, None if thread_id is None else ThreadId(thread_id))

    def visible(self, *, service: bool = False) -> list[Message]:
        """Return what is in all threads together, oldest first."""
        return _visible(self.state, service=service)

    def texts(self) -> list[str]:
        return [message.text for message in self.visible()]

    def wait_text(
        self,
        contains: str,
        *,
        thread: int | EllipsisType | None = ...,
        by_bot: bool | None = True,
        timeout: float = 5.0,
    ) -> Awaitable[Message]:
        """Wait until a message shows this text.

        `thread` left out looks in all threads, None outside topics. `by_bot` None takes messages
        of anybody. Raises `TimeoutError` after `timeout` seconds.
        """

        def found() -> Message | None:
            for message in self.visible():
                wanted = by_bot is None or message.by_bot == by_bot
                here = isinstance(thread, EllipsisType) or _belongs(self.state, message, thread)
                if wanted and here and contains in message.text:
                    return message
            return None

        return self.world.changes.wait_for(found, timeout)


def _visible(chat: Chat, *, service: bool) -> list[Message]:
    return [
        message
        for message in chat.messages.values()
        if message.deleted_at is None and (service or not message.service)
    ]


def _belongs(chat: Chat, message: Message, thread_id: int | None) -> bool:
    """Whether a message is in a thread; reply threads of plain groups are not threads of a chat."""
    if message.thread_id is None or not (chat.is_forum or chat.private):
        return thread_id is None
    return message.thread_id == thread_id
