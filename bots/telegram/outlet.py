"""Where one answer is shown in Telegram: sends, edits and deletes the messages of a reply."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import msgspec
import structlog

from bots.outlet import Asked, MessageGone, Unreachable
from bots.telegram.keyboards import keyboard_of
from bots.telegram.refusals import Migrated, NotModified, Refused, TopicGone
from bots.telegram.rendering import Part, Renderer, mark_repeat
from bots.telegram.schema import (
    DeleteMessage,
    EditMessageText,
    Keyboard,
    NoPreview,
    ReplyTo,
    SendChatAction,
    SendMessage,
    Sent,
    Undress,
)
from bots.telegram.updates import Change, Moved, Removed, thread_of
from bots.telegram.wire import CALL_TIME, Wire
from bots.wording import deciding
from sessions.model import ThreadRef

PLACEHOLDER = Part("…")
_NO_PREVIEW = NoPreview()

log = structlog.get_logger(__name__)

Sendable = TypeVar("Sendable", SendMessage, EditMessageText)


class TelegramOutlet:
    """Implements :class:`bots.outlet.Outlet`: one answer, in its thread, under its question.

    What Telegram refuses with formatting goes out once more as plain text. ``discovered`` is told when
    the chat turns out to have another id (the answer goes on there) or the topic to be gone.
    """

    def __init__(
        self,
        wire: Wire,
        renderer: Renderer,
        thread: ThreadRef,
        reply_to: str,
        discovered: Callable[[Change], None],
    ) -> None:
        self._wire = wire
        self._renderer = renderer
        self._thread = thread
        self._chat = int(thread.chat)
        self._topic = int(thread.thread or 0)
        self._reply_to = int(reply_to) if reply_to else 0
        self._discovered = discovered

    @property
    def chat(self) -> str:
        """Telegram counts what is sent by chat, whatever the topic."""
        return self._thread.chat

    @property
    def time_out(self) -> timedelta:
        """Also where one call follows another, without formatting or into the chat's new id."""
        return CALL_TIME

    @property
    def placeholder(self) -> Part:
        """An ellipsis."""
        return PLACEHOLDER

    @property
    def can_find(self) -> bool:
        """Bots cannot look messages up."""
        return False

    def render(self, text: str, note: str) -> tuple[Part, ...]:
        """See :meth:`bots.outlet.Outlet.render`."""
        return self._renderer.render(text, note)

    def mark_repeat(self, part: Part) -> Part:
        """See :meth:`bots.outlet.Outlet.mark_repeat`."""
        return mark_repeat(part)

    def offer(self, part: Part, asked: Asked) -> Part:
        """See :meth:`bots.outlet.Outlet.offer`."""
        return replace(part, asked=asked)

    async def send(self, part: Part, index: int, keyboard: Keyboard | None = None) -> str:
        """Send a message; the first one as a reply to the question."""
        async with _in_time():
            try:
                return await self._send(part, index, keyboard)
            except Migrated as moved:
                self._move(moved.chat)
                return await self._send(part, index, keyboard)
            except TopicGone:
                self._discovered(Removed(self._thread))
                raise

    async def edit(self, message: str, part: Part, keyboard: Keyboard | None = None) -> None:
        """Bring a message to this content; MessageGone after a migration too."""
        body = EditMessageText(
            chat_id=self._chat,
            message_id=int(message),
            text=part.text,
            entities=part.entities,
            reply_markup=keyboard or _offered(part),
            link_preview_options=_NO_PREVIEW,
        )
        try:
            async with _in_time():
                await self._formatted("editMessageText", body)
        except NotModified:
            return
        except Migrated as moved:
            self._move(moved.chat)
            raise MessageGone("the chat has another id") from moved
        except TopicGone:
            self._discovered(Removed(self._thread))
            raise

    async def undress(self, message: str) -> None:
        """Take a message's buttons away; fine if it has none."""
        try:
            await self._wire.call("editMessageReplyMarkup", Undress(self._chat, int(message)), Sent)
        except (NotModified, MessageGone, Migrated):
            return

    async def delete(self, message: str) -> None:
        """Delete a message; fine if it is gone, too old to be deleted, or left behind in another chat."""
        try:
            await self._wire.call("deleteMessage", DeleteMessage(self._chat, int(message)), bool)
        except (MessageGone, Migrated, Refused):
            return

    async def find(self, index: int) -> str | None:
        """Never found: see ``can_find``."""
        return None

    async def typing(self) -> None:
        """Show "typing" for five seconds."""
        await self._wire.call("sendChatAction", SendChatAction(self._chat, "typing", self._topic), bool)

    async def _send(self, part: Part, index: int, keyboard: Keyboard | None) -> str:
        body = SendMessage(
            chat_id=self._chat,
            text=part.text,
            entities=part.entities,
            message_thread_id=self._topic,
            reply_parameters=ReplyTo(self._reply_to) if index == 0 and self._reply_to else None,
            reply_markup=keyboard or _offered(part),
            link_preview_options=_NO_PREVIEW,
        )
        sent = await self._formatted("sendMessage", body)
        return str(sent.message_id)

    async def _formatted(self, method: str, body: Sendable) -> Sent:
        """Call with formatting and, where it is refused, without."""
        try:
            return await self._wire.call(method, body, Sent)
        except Refused as refused:
            log.warning("telegram.refused", method=method, code=str(refused))
            if refused.status != 400 or not body.entities:
                raise
        return await self._wire.call(method, msgspec.structs.replace(body, entities=()), Sent)

    def _move(self, chat: int) -> None:
        """Go on in the chat's new id. Its message numbers are others, so nothing is replied to there."""
        thread = thread_of(chat, self._topic)
        self._discovered(Moved(self._thread, thread))
        self._thread, self._chat, self._reply_to = thread, chat, 0


@dataclass(frozen=True, slots=True)
class Outlets:
    """Makes outlets for any thread of the bot's chats."""

    wire: Wire
    renderer: Renderer
    discovered: Callable[[Change], None]

    def at(self, thread: ThreadRef, question: str) -> TelegramOutlet:
        """Return the outlet under a message of the thread."""
        return TelegramOutlet(self.wire, self.renderer, thread, question, self.discovered)


def _offered(part: Part) -> Keyboard | None:
    return keyboard_of((deciding(part.asked),)) if part.asked else None


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(CALL_TIME.total_seconds()):
            yield
    except TimeoutError as error:
        raise Unreachable("no answer in time") from error
