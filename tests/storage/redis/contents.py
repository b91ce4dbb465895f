"""All that a store keeps, in a form that two runs have in common."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tests.redis_servers import Connection, Server
from tests.redis_servers.wire import as_text

_WORKSPACE = re.compile(r"\{b\d{3}\}:([0-9a-f]{16})$")
_MARK = re.compile(r"(?<=>) [0-9a-f]{8}(?=')")
"""What says which call settled a thread: random."""
_BUCKET = re.compile(r"^\{b\d{3}\}")


@dataclass(frozen=True, slots=True)
class Contents:
    """What was below a prefix; workspaces, whose ids are random, are named by their chats.

    ``unled`` are the ids of workspaces that no chat's key leads to, which are left out of ``keys``.
    """

    keys: Mapping[str, list[str]]
    names: Mapping[str, str]
    unled: tuple[str, ...]

    def anonymous(self, said: object) -> str:
        """What a store said, with the workspaces' names for their ids."""
        return _renamed(repr(said), self.names)


async def contents(server: Server, prefix: str) -> Contents:
    """Read everything but the times to live."""
    found = await server.keys_of(f"{prefix}:")
    async with server.connect() as connection:
        held = {
            name.removeprefix(f"{prefix}:"): await _value(connection, name, key.type)
            for name, key in found.items()
        }
    leads = {as_text(value) for name, value in held.items() if name.startswith("k:")}
    ids = {match[1]: name for name in held if (match := _WORKSPACE.match(name))}
    unled = tuple(id_ for id_ in ids if id_ not in leads)
    names = {id_: _chat(held[name]).replace(id_, "itself") for id_, name in ids.items()}
    kept = defaultdict[str, list[str]](list)
    for name, value in held.items():
        if not any(id_ in name for id_ in unled):
            # Workspaces of two runs share their buckets by chance only.
            kept[_BUCKET.sub("", _renamed(name, names))] += [
                _MARK.sub("", line) for line in _lines(value, names)
            ]
    return Contents({name: sorted(lines) for name, lines in kept.items()}, names, unled)


async def _value(connection: Connection, name: str, kind: str) -> object:
    """Bytes, a list, or a mapping."""
    match kind:
        case "string":
            return await connection.call("GET", name)
        case "list":
            return await connection.rows("LRANGE", name, 0, -1)
        case "hash":
            return _mapping(await connection.rows("HGETALL", name))
        case _:
            return _mapping(await connection.rows("ZRANGE", name, 0, -1, "WITHSCORES"))


def _mapping(flat: list[object]) -> dict[bytes, object]:
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {name: value for name, value in pairs if isinstance(name, bytes)}


def _chat(meta: object) -> str:
    assert isinstance(meta, dict)
    return f"<{as_text(meta[b'key'])}>"


def _lines(value: object, names: Mapping[str, str]) -> list[str]:
    items = value.items() if isinstance(value, dict) else [value]
    return [_renamed(repr(item), names) for item in items]


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for id_, name in names.items():
        text = text.replace(id_, name)
    return text
