"""Opens a store by its URL; knows every backend's address and imports only the one that is asked for."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from sessions.errors import SettingError
from storage.clock import utc_now
from storage.redis.address import EXAMPLES as REDIS_EXAMPLES
from storage.redis.address import Login, parse_address

if TYPE_CHECKING:
    # All ports: a program that lists sessions shall not take the time to import them.
    from sessions.ports.store import Store

__all__ = ["BACKENDS", "Login", "open_store", "storage_url"]

BACKENDS = ("sqlite", "file", "memory", "redis")
"""What exists."""

_SQLITE_NAME = "parley.db"
_FILE_NAME = "data"
_FORMS = (
    "sqlite:///absolute/path.db, sqlite:relative.db, "
    "file:///absolute/directory, file:directory, memory: or redis://host:6379/0"
)


@asynccontextmanager
async def open_store(
    url: str, *, clock: Callable[[], datetime] = utc_now, login: Login | None = None
) -> "AsyncIterator[Store]":
    """Open the store of that URL; leaving the context closes it.

    ``memory:``, ``sqlite:///absolute/path.db``, ``sqlite:relative.db``, ``file:///absolute/directory``,
    ``file:directory``, or Redis as in :data:`storage.redis.address.EXAMPLES`, which takes the ``login``
    where the URL has none, has the server's time and not the clock's, and need not be there yet.
    Raises SettingError, which says what to write instead.
    """
    scheme, rest = _split(url)
    match scheme:
        case "memory":
            _check_memory(rest)
            from storage.memory import MemoryStore

            memory = MemoryStore(clock=clock)
            try:
                yield memory
            finally:
                await memory.close()
        case "sqlite":
            path = _path(scheme, rest)
            from storage.sqlite import SqliteStore

            async with SqliteStore.open(path, clock=clock) as sqlite:
                yield sqlite
        case "file":
            path = _path(scheme, rest)
            from storage.file import FileStore

            async with FileStore.open(path, clock=clock) as files:
                yield files
        case _ if scheme in REDIS_EXAMPLES:
            address = parse_address(url, login)
            from storage.redis.store import RedisStore

            async with RedisStore.open(address) as redis:
                yield redis
        case _:
            raise _unknown(scheme)


def storage_url(backend: str, path: str, home: Path) -> str:
    """The URL of a backend's word and a path, which may be empty: then the data lies under ``home``.

    ``backend`` may be a URL itself; then there must be no path. Raises SettingError.
    """
    word = backend.strip()
    if ":" in word:
        if path:
            raise SettingError("Give the storage either as a URL or as a backend with a path, not both.")
        _check(word)
        return word
    match word:
        case "memory":
            if path:
                raise SettingError(
                    "The memory backend takes no path. Leave it out, or choose sqlite or file."
                )
            return "memory:"
        case "sqlite":
            return f"sqlite:{_quoted(path, home / _SQLITE_NAME)}"
        case "file":
            return f"file:{_quoted(path, home / _FILE_NAME)}"
        case "redis":
            if path:
                raise SettingError(
                    "The redis backend takes no path. Write its address instead: redis://localhost:6379/0"
                )
            return "redis://localhost:6379"
        case _:
            raise _unknown(word)


def _check(url: str) -> None:
    scheme, rest = _split(url)
    if scheme == "memory":
        _check_memory(rest)
    elif scheme in REDIS_EXAMPLES:
        parse_address(url)
    elif scheme in BACKENDS:
        _path(scheme, rest)
    else:
        raise _unknown(scheme)


def _split(url: str) -> tuple[str, str]:
    scheme, colon, rest = url.strip().partition(":")
    if not colon:
        raise SettingError(f"A storage URL begins with its backend. Write one like {_FORMS}.")
    return scheme.lower(), rest


def _check_memory(rest: str) -> None:
    if rest not in ("", "//"):
        raise SettingError("The memory backend takes no path. Write memory:")


def _path(scheme: str, rest: str) -> Path:
    example = "sqlite:///absolute/path.db or sqlite:relative.db"
    if scheme == "file":
        example = "file:///absolute/directory or file:directory"
    if "?" in rest or "#" in rest:
        raise SettingError(
            f"A {scheme} URL has no options: write ? as %3F and # as %23, or leave them out."
        )
    if rest.startswith("//"):
        host, slash, tail = rest[2:].partition("/")
        if host not in ("", "localhost") or not slash:
            raise SettingError(
                f"After {scheme}:// comes a third slash and an absolute path. Write {example}."
            )
        rest = f"/{tail}"
    path = _unquoted(scheme, rest)
    if not path.strip("/"):
        raise SettingError(f"The {scheme} URL has no path. Write {example}.")
    return _expanded(path)


def _unquoted(scheme: str, text: str) -> str:
    pieces = text.split("%")
    if any(len(piece) < 2 or not _is_hex(piece[:2]) for piece in pieces[1:]):
        raise SettingError(
            f"The {scheme} URL has a % that is not followed by two hex digits. Write % as %25."
        )
    try:
        path = unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise SettingError(f"The {scheme} URL's percent-encoded bytes are not UTF-8.") from error
    if "\0" in path or not path.isprintable():
        raise SettingError(f"The {scheme} URL has an invisible character in its path. Leave it out.")
    return path


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)


def _quoted(path: str, default: Path) -> str:
    chosen = _expanded(path) if path else default
    return f"//{quote(str(chosen.absolute()))}"


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise SettingError("The storage path begins with ~ and a user whose home is unknown.") from error


def _unknown(scheme: str) -> SettingError:
    # Only a plain word is repeated: anything else may be a secret in the wrong place.
    name = f" {scheme}" if scheme.isalnum() and len(scheme) <= 16 else " of that name"
    return SettingError(
        f"There is no storage backend{name}. There are three: file, sqlite, and redis with its address, "
        "as in redis://localhost:6379. The first two may be followed by a --storage-path, "
        "or stand in a URL: file:///absolute/directory, sqlite:///absolute/path.db."
    )
