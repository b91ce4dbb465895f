"""Turns a refused call of the Bot API into the error that says what to do about it.

::

    OutletError                    bots.outlet
    ├── Flooded                    429: wait, then ask again
    ├── Unreachable                5xx, time-outs, resets: perhaps applied, ask again
    ├── MessageGone                the message to edit is not there or not ours
    ├── Closed                     the chat takes nothing from us
    │   ├── Migrated               it goes on under another id
    │   ├── TopicGone              the topic was deleted
    │   └── Refused                any other refusal; asking again unchanged will not help
    └── Conflict                   409: somebody else receives this bot's updates
    SettingError                   sessions.errors: 401 and 404, the token is not valid
"""

from datetime import timedelta

from bots.outlet import Closed, Flooded, MessageGone, OutletError, Unreachable
from bots.telegram.schema import Response
from sessions.errors import SettingError

NOT_VALID = (
    "Telegram refused the bot token. Put the token that @BotFather gave you into PARLEY_TELEGRAM_TOKEN."
)


class Migrated(Closed):
    """The group became a supergroup and has a new id."""

    def __init__(self, chat: int) -> None:
        super().__init__(f"the group goes on as {chat}")
        self.chat = chat


class TopicGone(Closed):
    """The topic was deleted."""


class Refused(Closed):
    """The call is not accepted as it is; ``description`` is Telegram's and carries no text of people."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description


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


def error_of(status: int, response: Response) -> OutletError | SettingError:
    """Return the error for an answer that is not ``ok``. The HTTP status counts where codes differ."""
    code = response.error_code or status
    if code == 429:
        return Flooded(timedelta(seconds=max(response.parameters.retry_after, 1.0)))
    if code >= 500:
        return Unreachable(f"Telegram answered {code}")
    if code == 401 or (code == 404 and "method" not in response.description.lower()):
        return SettingError(NOT_VALID)
    if code == 409:
        return Conflict(webhook="webhook" in response.description.lower())
    if response.parameters.migrate_to_chat_id:
        return Migrated(response.parameters.migrate_to_chat_id)
    return _by_words(code, response.description)


def _by_words(code: int, description: str) -> OutletError:
    said = description.lower()
    if "message is not modified" in said:
        return NotModified(description)
    if any(words in said for words in _GONE):
        return MessageGone(description)
    if any(words in said for words in _TOPIC_GONE):
        return TopicGone(description)
    if code == 403 or any(words in said for words in _CLOSED):
        return Closed(description)
    return Refused(code, description)
