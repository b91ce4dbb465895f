"""Sends messages so that a repeat makes no second one, into archived threads too."""

import hashlib
from collections.abc import Mapping
from typing import Protocol, TypeVar

from bots.discord.events import Anything, Made
from bots.discord.failures import ThreadArchived

LENGTH = 2000
"""Characters, counted as Unicode code points (https://discord.com/developers/docs/resources/message#create-message)."""
_SUPPRESS_EMBEDS = 1 << 2
_MESSAGES = "/channels/{channel_id}/messages"

T = TypeVar("T")


class Rest(Protocol):
    """What makes REST calls: a :class:`bots.discord.connection.Connection`."""

    async def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        ids: Mapping[str, str],
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> T:
        """Make a call. Raises OutletError."""
        ...


def nonce_of(*parts: str) -> str:
    """Return a nonce for a send: Discord takes 25 characters."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


async def send(
    rest: Rest, channel: str, body: dict[str, object], *, nonce: str, reply_to: str = ""
) -> str:
    """Send a message that pings nobody; its id. An archived thread is taken back first."""
    full: dict[str, object] = {
        "allowed_mentions": {"parse": [], "replied_user": False},
        "flags": _SUPPRESS_EMBEDS,
        **body,
        "nonce": nonce,
        "enforce_nonce": True,
    }
    if reply_to:
        full["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
    ids = {"channel_id": channel}
    try:
        made = await rest.call("POST", _MESSAGES, Made, ids, body=full)
    except ThreadArchived:
        await unarchive(rest, channel)
        made = await rest.call("POST", _MESSAGES, Made, ids, body=full)
    return made.id


async def unarchive(rest: Rest, thread: str) -> None:
    """Take an archived thread back. Raises Closed where the bot may not."""
    ids = {"channel_id": thread}
    await rest.call("PATCH", "/channels/{channel_id}", Anything, ids, body={"archived": False})
