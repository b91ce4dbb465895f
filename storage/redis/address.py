"""Reads where Redis is and how to talk to it out of a URL and a login; needs no Redis library."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote

from sessions.errors import SettingError

DEFAULT_PORT = 6379
DEFAULT_SENTINEL_PORT = 26379


class Topology(StrEnum):
    """How the servers belong together."""

    STANDALONE = "redis"
    SENTINEL = "redis+sentinel"
    CLUSTER = "redis+cluster"


class Durability(StrEnum):
    """What a durable call waits for: the server itself, or replicas of it as well."""

    LOCAL = "local"
    REPLICATED = "replicated"


@dataclass(frozen=True, slots=True)
class Login:
    """Names and passwords from the settings; what the URL says goes before them."""

    user: str = ""
    password: str = field(default="", repr=False)
    sentinel_user: str = ""
    sentinel_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Node:
    """A server's place. Port 0 means that ``host`` is the path of a Unix socket."""

    host: str
    port: int

    def __str__(self) -> str:
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files; an empty one is left to the system or not sent."""

    ca: str = ""
    cert: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Everything the client needs to know. ``nodes`` are servers, sentinels or the Cluster's first nodes.

    ``timeout`` bounds a call that was sent, ``patience`` how long one that was surely not executed is
    repeated, ``wait`` how long a durable call waits for ``replicas``. No text form shows a password.
    """

    topology: Topology
    nodes: tuple[Node, ...]
    service: str = ""
    database: int = 0
    login: Login = field(default=Login(), repr=False)
    tls: Tls | None = None
    prefix: str = "parley"
    durability: Durability = Durability.LOCAL
    replicas: int = 1
    wait: timedelta = timedelta(seconds=1)
    timeout: timedelta = timedelta(seconds=5)
    patience: timedelta = timedelta(seconds=3)

    @property
    def replicated(self) -> bool:
        """Whether durable calls wait for replicas."""
        return self.durability is Durability.REPLICATED


EXAMPLES = {
    "redis": "redis://localhost:6379/0",
    "rediss": "rediss://redis.example.org:6380/0",
    "redis+sentinel": "redis+sentinel://one:26379,two:26379,three:26379/mymaster",
    "rediss+sentinel": "rediss+sentinel://one:26379,two:26379,three:26379/mymaster",
    "redis+cluster": "redis+cluster://one:6379,two:6379,three:6379",
    "rediss+cluster": "rediss+cluster://one:6379,two:6379,three:6379",
    "redis+unix": "redis+unix:///run/redis/redis.sock",
}
"""The schemes, each with a URL of its kind."""

OPTIONS = {
    "prefix": "parley",
    "durability": "replicated",
    "replicas": "1",
    "wait_ms": "1000",
    "timeout_ms": "5000",
    "patience_ms": "3000",
    "ca": "/etc/parley/ca.pem",
    "cert": "/etc/parley/parley.pem",
    "key": "/etc/parley/parley.key",
    "sentinel_user": "parley",
    "db": "0",
}
"""What may follow the question mark, each with a value of its kind."""


def parse_address(url: str, login: Login | None = None) -> Address:
    """Read a Redis URL; raises SettingError, which repeats no part of it that could be a secret."""
    scheme, mark, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if scheme not in EXAMPLES or not mark:
        raise SettingError(f"A Redis URL is written like one of these: {', '.join(EXAMPLES.values())}.")
    if "#" in rest:
        raise SettingError("A Redis URL has no part after #. In a password write # as %23.")
    body, _, query = rest.partition("?")
    options = _options(scheme, query)
    where, slash, path = body.rpartition("@")[2].partition("/")
    known = _login(body.rpartition("@")[0], login or Login(), options)
    return _address(scheme, where, _decoded(slash + path), known, options)


def _address(scheme: str, where: str, path: str, login: Login, options: Mapping[str, str]) -> Address:
    kind, _, variant = scheme.partition("+")
    if variant == "unix":
        topology, nodes, service, db = _unix(where, path, options)
    else:
        topology, nodes, service, db = _network(scheme, where, path)
    timeout, wait = _times(options)
    return Address(
        topology,
        nodes,
        service,
        db,
        login,
        _tls(kind == "rediss", options),
        _matched(options, "prefix", r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", "parley"),
        Durability(_matched(options, "durability", "local|replicated", "local")),
        int(_matched(options, "replicas", r"[1-9]\d?", "1")),
        wait,
        timeout,
        _milliseconds(options, "patience_ms", 3000),
    )


_Place = tuple[Topology, tuple[Node, ...], str, int]


def _unix(where: str, path: str, options: Mapping[str, str]) -> _Place:
    if where or not path.strip("/"):
        raise _wrong("redis+unix", "has an absolute path after three slashes")
    database = int(_matched(options, "db", r"\d{1,5}", "0"))
    return Topology.STANDALONE, (Node(path, 0),), "", database


def _network(scheme: str, where: str, path: str) -> _Place:
    variant = scheme.partition("+")[2]
    port = DEFAULT_SENTINEL_PORT if variant == "sentinel" else DEFAULT_PORT
    nodes = tuple(_node(scheme, part, port) for part in where.split(","))
    parts = path.strip("/").split("/") if path.strip("/") else []
    match variant:
        case "sentinel":
            if not parts or len(parts) > 2:
                raise _wrong(scheme, "names the service that the sentinels watch after the last slash")
            return Topology.SENTINEL, nodes, parts[0], _database(scheme, parts[1:])
        case "cluster":
            if _database(scheme, parts):
                raise _wrong(scheme, "has no database number: a Cluster has only database 0")
            return Topology.CLUSTER, nodes, "", 0
        case _:
            if len(nodes) > 1:
                raise _wrong(scheme, "names one server")
            return Topology.STANDALONE, nodes, "", _database(scheme, parts)


def _node(scheme: str, text: str, port: int) -> Node:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([\w.-]+))(?::(\d{1,5}))?", text.strip(), re.ASCII)
    if found is None or not 0 < int(found[3] or port) < 65536:
        raise _wrong(scheme, "names servers as host:port, several with commas between them")
    return Node(found[1] or found[2], int(found[3] or port))


def _database(scheme: str, parts: list[str]) -> int:
    if not parts:
        return 0
    if len(parts) > 1 or re.fullmatch(r"\d{1,5}", parts[0], re.ASCII) is None:
        raise _wrong(scheme, "ends with a database number")
    return int(parts[0])


def _login(userinfo: str, login: Login, options: Mapping[str, str]) -> Login:
    user, _, password = userinfo.partition(":")
    return Login(
        _decoded(user) or login.user,
        _decoded(password) or login.password,
        options.get("sentinel_user") or login.sentinel_user,
        login.sentinel_password,
    )


def _tls(wanted: bool, options: Mapping[str, str]) -> Tls | None:
    files = {name: options.get(name, "") for name in ("ca", "cert", "key")}
    given = [name for name, path in files.items() if path]
    if not wanted:
        if given:
            raise SettingError(
                f"The option {given[0]} is for TLS. Write rediss:// instead of redis://, or leave it out."
            )
        return None
    for name in given:
        if not Path(files[name]).is_file():
            raise SettingError(f"The option {name} names no file. Set it like {name}={OPTIONS[name]}")
    if files["key"] and not files["cert"]:
        raise SettingError(f"The option key goes with cert. Add cert={OPTIONS['cert']}")
    return Tls(**files)


def _times(options: Mapping[str, str]) -> tuple[timedelta, timedelta]:
    timeout = _milliseconds(options, "timeout_ms", 5000)
    longest = timeout // timedelta(milliseconds=2)
    wait = _milliseconds(options, "wait_ms", min(1000, longest))
    if wait * 2 > timeout:
        # A durable call may wait for the acknowledgement of the batch before its own.
        raise SettingError(f"wait_ms is at most half of timeout_ms. Set it like wait_ms={longest}")
    return timeout, wait


def _milliseconds(options: Mapping[str, str], name: str, default: int) -> timedelta:
    text = _matched(options, name, r"[1-9]\d{0,6}", str(default))
    return timedelta(milliseconds=int(text))


def _options(scheme: str, query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name not in OPTIONS or (name == "db" and scheme != "redis+unix"):
            raise _no_option(scheme, name)
        if not value or name in found:
            raise _wrong_option(name)
        found[name] = _decoded(value)
    return found


def _no_option(scheme: str, name: str) -> SettingError:
    # Only a plain word is repeated: anything else may be a secret in the wrong place.
    shown = f" {name}" if re.fullmatch(r"[a-z_]{1,20}", name) else " of that name"
    there_are = ", ".join(one for one in OPTIONS if one != "db" or scheme == "redis+unix")
    return SettingError(
        f"A {scheme} URL has no option{shown}. There are: {there_are}. "
        f"For example {EXAMPLES[scheme]}?durability=replicated&prefix=parley"
    )


def _matched(options: Mapping[str, str], name: str, pattern: str, default: str) -> str:
    value = options.get(name, default)
    if re.fullmatch(pattern, value, re.ASCII) is None:
        raise _wrong_option(name)
    return value


def _wrong_option(name: str) -> SettingError:
    return SettingError(
        f"The option {name} of the Redis URL does not fit. Set it once, like {name}={OPTIONS[name]}"
    )


def _wrong(scheme: str, rule: str) -> SettingError:
    return SettingError(
        f"A {scheme} URL {rule}. Write it like {EXAMPLES[scheme]} "
        "(in a user or password, write @ as %40, : as %3A, / as %2F, ? as %3F and % as %25)."
    )


def _decoded(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise SettingError(
            "The Redis URL has a % that is not followed by two hex digits. Write % as %25."
        )
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise SettingError("The Redis URL's percent-encoded bytes are not UTF-8.") from error
    if "\0" in decoded or "\n" in decoded or "\r" in decoded:
        raise SettingError("The Redis URL has an invisible character in it. Leave it out.")
    return decoded
