"""What each refusal of the Bot API means to us."""

import msgspec
import pytest

from bots.outlet import Closed, Flooded, LoggedOut, MessageGone, Unreachable
from bots.telegram.refusals import Conflict, Migrated, NotModified, Refused, TopicGone, error_of
from bots.telegram.schema import Response


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (400, "Bad Request: message is not modified: specified new message content", NotModified),
        (400, "Bad Request: message to edit not found", MessageGone),
        (400, "Bad Request: message can't be edited", MessageGone),
        (400, "Bad Request: MESSAGE_ID_INVALID", MessageGone),
        (400, "Bad Request: message thread not found", TopicGone),
        (400, "Bad Request: TOPIC_CLOSED", Closed),
        (400, "Bad Request: chat not found", Closed),
        (400, "Bad Request: not enough rights to send text messages to the chat", Closed),
        (403, "Forbidden: bot was blocked by the user", Closed),
        (403, "Forbidden: bot was kicked from the supergroup chat", Closed),
        (400, "Bad Request: can't parse entities: whatever", Refused),
        (404, "Not Found: method not found", Refused),
        (401, "Unauthorized", LoggedOut),
        (404, "Not Found", LoggedOut),
        (409, "Conflict: terminated by other getUpdates request", Conflict),
        (429, "Too Many Requests: retry after 7", Flooded),
        (500, "Internal Server Error", Unreachable),
        (502, "Bad Gateway", Unreachable),
    ],
)
def test_a_refusal_is_told_apart(status: int, description: str, kind: type[Exception]) -> None:
    error = error_of(status, Response(ok=False, error_code=status, description=description))
    assert type(error) is kind


@pytest.mark.parametrize(
    ("description", "loggable"),
    [
        ("Bad Request: TOPIC_CLOSED", "400 TOPIC_CLOSED"),
        ("Bad Request: wrong HTTP URL https://secret.example", "400"),
        (
            'Bad Request: can\'t parse entities: unsupported tag "SECRET_TAG" at byte 3',
            "400",
        ),
    ],
)
def test_what_a_description_quotes_is_not_kept(description: str, loggable: str) -> None:
    error = error_of(400, Response(ok=False, error_code=400, description=description))
    assert str(error) == loggable


def test_a_flood_says_how_long_it_lasts() -> None:
    body = b'{"ok":false,"error_code":429,"description":"Too Many","parameters":{"retry_after":7}}'
    error = error_of(429, msgspec.json.decode(body, type=Response))
    assert isinstance(error, Flooded)
    assert error.retry_after.total_seconds() == 7


def test_an_upgraded_group_says_its_new_id() -> None:
    body = b'{"ok":false,"error_code":400,"description":"x","parameters":{"migrate_to_chat_id":-1007}}'
    error = error_of(400, msgspec.json.decode(body, type=Response))
    assert isinstance(error, Migrated)
    assert error.chat == -1007
