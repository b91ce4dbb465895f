"""Turns a refused call of the Bot API into the error that says what to do about it.

::

    OutletError                    bots.outlet
    ├── Flooded                    429: wait, then ask again
    ├── Unreachable                5xx, time-outs, resets: perhaps applied, ask again
    │   └── LoggedOut              401, 404: the token is not valid; polling ends, sends wait
    ├── MessageGone                the message to edit is not there or not ours
    ├── Closed                     the chat takes nothing from us
    │   ├── Migrated               it goes on under another id
    │   ├── TopicGone              the topic was deleted
    │   └── Refused                any other refusal; asking again unchanged will not help
    └── Conflict                   409: somebody else receives this bot's updates
"""

import re
from datetime import timedelta

from bots.outlet import Closed, Flooded, LoggedOut, MessageGone, OutletError, Unreachable
from bots.telegram.schema import Response


class Migrated(Closed):
    """The group became a supergroup and has a new id."""

    def __init__(self, chat: int) -> None:
        super().__init__(f"the group goes on as {chat}")
        self.chat = chat


class TopicGone(Closed):
    """The topic was deleted."""


class Refused(Closed):
    """The call is not accepted as it is. ``words`` are Telegram's and may quote what was sent."""

    def __init__(self, status: int, said: str, words: str = "") -> None:
        super().__init__(said)
        self.status = status
        self.words = words


class Conflict(OutletError):
    """Updates go elsewhere: to another poller, or (``webhook``) to a webhook."""

    def __init__(self, *, webhook: bool) -> None:
        super().__init__("a webhook is set" if webhook else "another process polls")
        self.webhook = webhook


class NotModified(OutletError):
    """The message has this content already."""


_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message to delete not found",
    "message can't be deleted",
    "message_id_invalid",
    "there is no text in the message to edit",
)
_TOPIC_GONE = ("message thread not found", "topic_deleted", "topic_id_invalid")
_CLOSED = (
    "chat not found",
    "topic_closed",
    "user is deactivated",
    "peer_id_invalid",
    "chat_write_forbidden",
    "not enough rights to send",
    "have no rights to send",
    "need administrator rights",
    "chat_restricted",
    "chat_admin_required",
)


_WORD = re.compile(r"(?:[\w ]+: )?([A-Z]+(?:_[A-Z]+)+)", re.ASCII)
"""A description that is nothing but one of Telegram's own words, such as TOPIC_CLOSED."""


def error_of(status: int, response: Response) -> OutletError:
    """Return the error for an answer that is not ``ok``. The HTTP status counts where codes differ."""
    code = response.error_code or status
    if code == 429:
        return Flooded(timedelta(seconds=max(response.parameters.retry_after, 1.0)))
    if code >= 500:
        return Unreachable(f"Telegram answered {code}")
    if code == 401 or (code == 404 and "method" not in response.description.lower()):
        return LoggedOut(str(code))
    if code == 409:
        return Conflict(webhook="webhook" in response.description.lower())
    if response.parameters.migrate_to_chat_id:
        return Migrated(response.parameters.migrate_to_chat_id)
    return _by_words(code, response.description)


def _by_words(code: int, description: str) -> OutletError:
    said, loggable = description.lower(), _loggable(code, description)
    if "message is not modified" in said:
        return NotModified(loggable)
    if any(words in said for words in _GONE):
        return MessageGone(loggable)
    if any(words in said for words in _TOPIC_GONE):
        return TopicGone(loggable)
    if code == 403 or any(words in said for words in _CLOSED):
        return Closed(loggable)
    return Refused(code, loggable, description)


def _loggable(code: int, description: str) -> str:
    """Return what may be logged: descriptions can quote addresses and tags of what was to be sent."""
    word = _WORD.fullmatch(description)
    return f"{code} {word[1]}" if word is not None else str(code)
