"""What goes wrong with a server, and the words for it; never a key, a message or a password."""

import errno
import re
import socket
import ssl
from dataclasses import dataclass
from enum import Enum, auto

from sessions.errors import SettingError, StoreError, StoreUnavailable
from storage.redis.address import EXAMPLES, Address, Node


class Refusal(Exception):
    """An error reply. ``code`` is its first word, or that of the error which ended a script."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.code = text.partition(" ")[0]
        if inner := _IN_SCRIPT.search(text):
            self.code = inner[1]


_IN_SCRIPT = re.compile(r"@user_script: ?\d+: -([A-Z]+)\b")
"""Redis 6.2 puts a refused write of a script behind the line; Redis 7 gives the code first."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A call that got no reply; ``sent`` is False if it was surely not executed."""

    why: str
    sent: bool


class Unreachable(Exception):
    """No usable connection came about. ``advice`` is set if a setting has to be corrected first."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice


class Remedy(Enum):
    """What is done about an error reply to a call that was not executed."""

    LOAD = auto()  # the server does not know the script
    GO = auto()  # another node has the slot
    GO_ONCE = auto()  # another node has the key while the slot moves
    PAUSE = auto()  # it will pass
    LOOK = auto()  # this is no master any more, or the Cluster is rearranging itself
    NONE = auto()


_REMEDIES = {
    "NOSCRIPT": Remedy.LOAD,
    "MOVED": Remedy.GO,
    "ASK": Remedy.GO_ONCE,
    "TRYAGAIN": Remedy.PAUSE,
    "LOADING": Remedy.PAUSE,
    "BUSY": Remedy.PAUSE,
    "READONLY": Remedy.LOOK,
    "MASTERDOWN": Remedy.LOOK,
    "CLUSTERDOWN": Remedy.LOOK,
}

_UNAVAILABLE = {
    "OOM": "is out of memory. Give it more (maxmemory)",
    "NOREPLICAS": "takes no writes while too few replicas are connected (min-replicas-to-write)",
    "MISCONF": "takes no writes because it cannot save to its disk. See its log",
    "BUSY": "is busy with a slow script of somebody",
    "LOADING": "is still loading its data",
    "TRYAGAIN": "is moving the data to another node",
    "READONLY": "is a replica, which takes no writes",
    "MASTERDOWN": "is a replica without its master",
    "CLUSTERDOWN": "belongs to a Cluster that is down",
    "NOSCRIPT": "forgets its scripts",
    "MOVED": "belongs to a Cluster. Write PARLEY_STORAGE=redis+cluster://…",
    "ASK": "is moving the data to another node",
    "NOAUTH": "wants a password. Set PARLEY_REDIS_PASSWORD",
    "WRONGPASS": "refused the user or the password. Correct PARLEY_REDIS_USER or PARLEY_REDIS_PASSWORD",
    "NOPERM": "refused the user a command, key or channel. Correct its ACL, or PARLEY_REDIS_USER",
}


def remedy(refusal: Refusal) -> Remedy:
    """Say what to do before the call is repeated; all these mean that it was not executed."""
    return _REMEDIES.get(refusal.code, Remedy.NONE)


def refused(refusal: Refusal, node: Node, what: str) -> StoreError:
    """Translate an error reply that stays; ``what`` is the script's or command's name."""
    if said := _UNAVAILABLE.get(refusal.code):
        return StoreUnavailable(f"Redis at {node} {said}.")
    where = re.search(r"(?:@user_script|user_script):\s?(\d+)", refusal.text)
    line = f", line {where[1]}" if where else ""
    return StoreError(f"Redis at {node} refused {what}{line}: {refusal.code}")


def lost(gone: Lost, node: Node) -> StoreUnavailable:
    """Translate a lost call."""
    return StoreUnavailable(f"Redis at {node} {gone.why}.")


def raised(failure: Unreachable) -> StoreError | SettingError:
    """Translate for who starts the program: a setting to correct goes before waiting."""
    if failure.advice:
        return SettingError(failure.advice)
    return StoreUnavailable(f"{failure.why}. Start it or correct PARLEY_STORAGE.")


def unreachable(node: Node, error: BaseException, *, tls: bool) -> Unreachable:
    """Put an error of the network into words."""
    return Unreachable(f"Redis at {node} cannot be reached: {_network(error, tls=tls)}")


def unwelcome(refusal: Refusal, node: Node, address: Address, *, sentinel: bool = False) -> Unreachable:
    """Put an error reply to the greeting into words, and say which setting to correct."""
    prefix = "PARLEY_REDIS_SENTINEL" if sentinel else "PARLEY_REDIS"
    who = "The sentinel" if sentinel else "Redis"
    users = "the option sentinel_user" if sentinel else "PARLEY_REDIS_USER"
    text = refusal.text.lower()
    if refusal.code == "NOAUTH":
        why = f"{who} at {node} wants a password"
        return Unreachable(why, f"{why}. Set {prefix}_PASSWORD.")
    if refusal.code == "WRONGPASS" or "password" in text:
        why = f"{who} at {node} refused the user or the password"
        return Unreachable(why, f"{why}. Correct {users} or {prefix}_PASSWORD, or the URL.")
    if refusal.code == "NOPERM":
        what = re.search(r"'([a-z|-]{1,40})' command", refusal.text)
        needed = what[1].upper() if what else "something"
        why = f"{who} at {node} refused its user {needed}, which is needed"
        return Unreachable(why, f"{why}. Correct the user's ACL, or {users}.")
    if "db index" in text or "select" in text:
        why = f"Redis at {node} has no database {address.database}"
        return Unreachable(why, f"{why}. Correct the number at the end of PARLEY_STORAGE.")
    if "cluster support disabled" in text:
        why = f"Redis at {node} is in no Cluster"
        return Unreachable(why, f"{why}. Write PARLEY_STORAGE={EXAMPLES['redis']}, or name its nodes.")
    if sentinel and "unknown command" in text:
        why = f"Redis at {node} is no sentinel"
        return Unreachable(why, f"{why}. Name sentinels, or write PARLEY_STORAGE={EXAMPLES['redis']}")
    return Unreachable(f"{who} at {node} {_UNAVAILABLE.get(refusal.code, f'answered {refusal.code}')}")


def _network(error: BaseException, *, tls: bool) -> str:
    causes = _causes(error)
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted ({cause.verify_message}; see the option ca)"
            case ssl.SSLError():
                return "the TLS handshake failed (is it rediss://, and the certificate wanted?)"
            case socket.gaierror():
                return "its name is not known"
            case TimeoutError():
                return "it does not answer, or does not speak TLS" if tls else "it does not answer"
            case OSError():
                return _os(cause)
    # What redis-py says about a connection that ended holds addresses only.
    return "it closed the connection" + ("" if tls else " (if it speaks TLS, write rediss://)")


def _os(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "connection refused"
    return (error.strerror or "the connection failed").lower()


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
