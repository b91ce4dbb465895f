"""The nouns of a Discord world, as they stand at this moment."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from tests.emulators.discord.changes import JsonObject


class ChannelKind(IntEnum):
    TEXT = 0
    DM = 1
    NEWS = 5
    NEWS_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


THREAD_KINDS = frozenset({ChannelKind.NEWS_THREAD, ChannelKind.PUBLIC_THREAD, ChannelKind.PRIVATE_THREAD})


class MessageKind(IntEnum):
    DEFAULT = 0
    CHANNEL_NAME_CHANGE = 4
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER = 21


EPHEMERAL = 1 << 6
LOADING = 1 << 7
HAS_THREAD = 1 << 5


@dataclass(slots=True, eq=False)
class User:
    id: int
    name: str
    bot: bool = False
    accepts_dms: bool = True

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(slots=True, eq=False)
class Role:
    id: int
    name: str
    permissions: int
    position: int = 0
    managed: bool = False


@dataclass(slots=True, eq=False)
class Member:
    user: User
    joined_at: datetime
    roles: list[Role] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overwrite:
    target_id: int
    for_member: bool
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, eq=False)
class ThreadState:
    """What a thread has beyond a channel."""

    parent: "Channel"
    owner_id: int
    created_at: datetime
    archive_changed_at: datetime
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive_minutes: int = 4320
    members: dict[int, datetime] = field(default_factory=dict)
    applied_tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Typing:
    user: User
    at: datetime


@dataclass(slots=True, eq=False)
class Channel:
    """A text channel, a forum, a thread or a direct conversation."""

    id: int
    kind: ChannelKind
    name: str
    guild: "Guild | None" = None
    topic: str | None = None
    position: int = 0
    overwrites: list[Overwrite] = field(default_factory=list)
    recipients: list[User] = field(default_factory=list)
    thread: ThreadState | None = None
    messages: dict[int, "Message"] = field(default_factory=dict)
    typing: list[Typing] = field(default_factory=list)
    sent: int = 0

    @property
    def root(self) -> "Channel":
        """The channel whose permissions count."""
        return self if self.thread is None else self.thread.parent

    @property
    def last_message_id(self) -> int | None:
        return max((m.id for m in self.messages.values() if not m.ephemeral), default=None)


@dataclass(frozen=True, slots=True)
class Revision:
    """What a message said from a moment on."""

    at: datetime
    content: str
    components: list[JsonObject]


@dataclass(frozen=True, slots=True)
class Attachment:
    id: int
    filename: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(slots=True, eq=False)
class Message:
    """A message with everything it ever said; a deleted one is kept."""

    id: int
    channel: Channel
    author: User
    created_at: datetime
    content: str = ""
    kind: MessageKind = MessageKind.DEFAULT
    embeds: list[JsonObject] = field(default_factory=list)
    components: list[JsonObject] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    flags: int = 0
    nonce: str | int | None = None
    reply_to: "Message | None" = None
    reference: JsonObject | None = None
    interaction: JsonObject | None = None
    ephemeral_to: User | None = None
    started: Channel | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    history: list[Revision] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        return self.ephemeral_to is not None

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)


@dataclass(slots=True, eq=False)
class Guild:
    id: int
    name: str
    owner_id: int
    joined_at: datetime
    everyone: Role
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
