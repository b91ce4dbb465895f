"""The gateway's and REST's objects, as far as they are read; unknown fields are ignored."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

_EPOCH_MS = 1_420_070_400_000
"""https://discord.com/developers/docs/reference#snowflakes"""
_EPHEMERAL = 1 << 6
"""https://discord.com/developers/docs/resources/message#message-object-message-flags"""


class User(Struct, frozen=True):
    """An account."""

    id: str
    username: str = ""
    global_name: str | None = None
    bot: bool = False


class Member(Struct, frozen=True):
    """A person in a guild; ``permissions`` come with interactions only."""

    nick: str | None = None
    permissions: str = "0"
    user: User | None = None


class Referenced(Struct, frozen=True):
    """The message that another one replies to."""

    author: User | None = None


class Reference(Struct, frozen=True):
    """Where a reply points."""

    message_id: str | None = None


class Asked(Struct, frozen=True):
    """Whose interaction a message answers."""

    user: User | None = None


class Said(Struct, frozen=True):
    """A message; from REST it names no guild."""

    id: str
    channel_id: str
    author: User
    guild_id: str | None = None
    member: Member | None = None
    content: str = ""
    type: int = 0
    mentions: tuple[User, ...] = ()
    mention_roles: tuple[str, ...] = ()
    webhook_id: str | None = None
    referenced_message: Referenced | None = None
    message_reference: Reference | None = None
    interaction_metadata: Asked | None = None
    nonce: str | int | None = None
    attachments: tuple[object, ...] = ()
    flags: int = 0

    @property
    def hidden(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.flags & _EPHEMERAL)


class Option(Struct, frozen=True):
    """An option or a sub-command with its own."""

    name: str
    value: str | int | float | bool | None = None
    focused: bool = False
    options: "tuple[Option, ...]" = ()


class Data(Struct, frozen=True):
    """What was used: a command with its options, or a button."""

    name: str = ""
    custom_id: str = ""
    options: tuple[Option, ...] = ()


class Interaction(Struct, frozen=True):
    """A use of a command, a button, or of autocomplete."""

    id: str
    token: str
    type: int
    application_id: str
    channel_id: str
    data: Data = field(default_factory=Data)
    guild_id: str | None = None
    member: Member | None = None
    user: User | None = None
    message: Said | None = None


class ThreadState(Struct, frozen=True):
    """Whether a thread takes part in the chat."""

    archived: bool = False
    locked: bool = False


class Where(Struct, frozen=True):
    """A channel or thread that was opened, changed or deleted."""

    id: str
    name: str | None = None
    thread_metadata: ThreadState | None = None


class Made(Struct, frozen=True):
    """What a POST made."""

    id: str


Anything = Any
"""An answer that nobody reads."""


def sent_at(snowflake: str) -> datetime:
    """Return when an id was made."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH_MS) / 1000, UTC)


def snowflake_at(moment: datetime) -> int:
    """Return the least id of a moment."""
    return max(0, int(moment.timestamp() * 1000) - _EPOCH_MS) << 22


def display_name(user: User, member: Member | None) -> str:
    """Return how the person is shown in the chat."""
    return (member.nick if member else None) or user.global_name or user.username
