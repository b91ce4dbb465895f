"""The users that deploy/ gives to Redis, for the tests."""

from collections.abc import Sequence
from pathlib import Path

from storage.redis.address import Login
from tests.redis_servers import Server

FILE = Path(__file__).parents[3] / "deploy" / "redis" / "users.acl"
_PASSWORD = "acl-password"


def rules(user: str) -> list[str]:
    """What the file says of a user; passwords have not been filled in."""
    (line,) = (line for line in FILE.read_text().splitlines() if line.split()[1] == user)
    return line.split()[2:]


def commands(user: str) -> set[str]:
    """What a user may call, as in `hget` or `script|load`."""
    return {rule.removeprefix("+") for rule in rules(user) if rule.startswith("+")}


async def admit(servers: Sequence[Server]) -> Login:
    """Make the user parley as the file has it, on each of these; forget what was refused so far."""
    told = [f">{_PASSWORD}" if rule.startswith(">") else rule for rule in rules("parley")]
    for server in servers:
        await server.call("ACL", "SETUSER", "parley", *told)
        await server.call("ACL", "LOG", "RESET")
    return Login("parley", _PASSWORD)


async def refused(servers: Sequence[Server]) -> list[object]:
    """What anybody was refused on any of these, as ACL LOG has it."""
    return [await server.call("ACL", "LOG") for server in servers if await server.call("ACL", "LOG")]
