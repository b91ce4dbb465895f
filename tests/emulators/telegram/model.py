"""Nouns of the emulated world: users, members, topics, messages and what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol, TypeAlias

from tests.emulators.telegram.wire import JsonObject

UserId = NewType("UserId", int)
ChatId = NewType("ChatId", int)
MessageId = NewType("MessageId", int)
ThreadId = NewType("ThreadId", int)

GENERAL_TOPIC = ThreadId(1)


class Located(Protocol):
    """Something with the id of a chat."""

    @property
    def id(self) -> int: ...


ChatLike: TypeAlias = int | Located


class WorldError(Exception):
    """A test asked for something that the people or chats of this world cannot do."""


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


class MemberStatus(StrEnum):
    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    LEFT = "left"
    KICKED = "kicked"

    @property
    def inside(self) -> bool:
        return self not in {MemberStatus.LEFT, MemberStatus.KICKED}

    @property
    def rules(self) -> bool:
        return self in {MemberStatus.CREATOR, MemberStatus.ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    first_name: str
    username: str | None = None
    language: str = "en"
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    id: ThreadId
    name: str
    icon_color: int = 7322096
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """What a message showed from `at` on, until the next revision."""

    at: datetime
    text: str
    entities: tuple[JsonObject, ...]
    reply_markup: JsonObject | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as people see it; `content` holds photo, sticker or service fields of the wire.

    `history` starts with what was sent and ends with what is shown.
    """

    id: MessageId
    chat_id: ChatId
    sender: User
    at: datetime
    text: str = ""
    entities: tuple[JsonObject, ...] = ()
    content: Mapping[str, object] = field(default_factory=dict)
    thread_id: ThreadId | None = None
    reply_to: MessageId | None = None
    reply_markup: JsonObject | None = None
    service: bool = False
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    reactions: tuple[JsonObject, ...] = ()
    history: tuple[Revision, ...] = ()

    @property
    def by_bot(self) -> bool:
        return self.sender.is_bot

    @property
    def is_caption(self) -> bool:
        return bool(self.content) and not self.service

    @property
    def buttons(self) -> tuple[tuple[str, str | None], ...]:
        """Text and callback data of the inline buttons, row after row."""
        rows = (self.reply_markup or {}).get("inline_keyboard")
        if not isinstance(rows, list):
            return ()
        return tuple((button["text"], button.get("callback_data")) for row in rows for button in row)


@dataclass(frozen=True, slots=True)
class Draft:
    """A streamed preview in a private chat; an empty text shows a placeholder."""

    draft_id: int
    thread_id: ThreadId | None
    text: str
    entities: tuple[JsonObject, ...]
    at: datetime
    can_stop: bool = False
    keep_on_stop: bool = False


@dataclass(frozen=True, slots=True)
class ChatAction:
    action: str
    thread_id: ThreadId | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    text: str
    show_alert: bool
    url: str
