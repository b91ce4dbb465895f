"""A Redis server: JSON documents under the keys of sessions, whatever prefix they have."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sessions.errors import StoreUnavailable, UsageError
from sessions.moving import Found, Owner
from storage.foreign.praisonai.pairs import read_key
from storage.foreign.praisonai.values import UnreadableError

if TYPE_CHECKING:
    from redis import Redis

_SECONDS = 5.0
_PATTERNS = ("*session:*:meta", "*session:*:events")
_AT_ONCE = 500


def read_server(url: str, owner: Owner) -> Iterator[Found]:
    """Everything under keys of sessions. Raises UsageError for a URL that is none, StoreUnavailable."""
    from redis import Redis
    from redis.exceptions import AuthenticationError, RedisError, ResponseError
    from redis.exceptions import ConnectionError as NoConnection

    try:
        client = Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    except ValueError as error:
        raise UsageError(
            "The Redis URL cannot be read. Write one like redis://localhost:6379/0"
        ) from error
    now = datetime.now(UTC)

    def load(key: str) -> bytes | None:
        try:
            found = client.get(key.encode("utf-8", "surrogateescape"))
        except ResponseError as error:
            raise UnreadableError("it is no text in Redis") from error
        return found if isinstance(found, bytes) else None

    try:
        with client:
            for key in _keys(client):
                yield from read_key(key, key, load, now, owner)
    except RedisError as error:
        # Not the error's own words: they may name a password.
        if isinstance(error, NoConnection) and not isinstance(error, AuthenticationError):
            raise StoreUnavailable(
                "The Redis server to import from cannot be reached. Check its address, and that it runs."
            ) from error
        raise StoreUnavailable(
            f"The Redis server to import from does not answer as it should ({type(error).__name__})."
        ) from error


def _keys(client: "Redis") -> Iterator[str]:
    for pattern in _PATTERNS:
        for key in client.scan_iter(match=pattern, count=_AT_ONCE):
            yield key.decode("utf-8", "surrogateescape")
