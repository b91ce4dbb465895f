"""Says before the start what is wrong with a server, and which setting to correct."""

from sessions.errors import SettingError
from storage.redis.address import EXAMPLES, Address, Node, Topology
from storage.redis.dialing import ASK_LIMIT, Wire, dial
from storage.redis.failures import Refusal, Unreachable, raised, unwelcome
from storage.redis.topology import Map, map_of

OLDEST = (6, 2)
"""The oldest version that knows all that the scripts use."""

_MODES = {"standalone": Topology.STANDALONE, "sentinel": Topology.SENTINEL, "cluster": Topology.CLUSTER}


async def check(address: Address) -> None:
    """Ask every node that is needed. Raises SettingError, StoreUnavailable."""
    where = map_of(address)
    try:
        await where.survey()
        for node in where.nodes():
            await _check_node(address, node, where)
    except Unreachable as failure:
        raise raised(failure) from failure


async def _check_node(address: Address, node: Node, where: Map) -> None:
    wire = await dial(address, node, limit=min(address.timeout, ASK_LIMIT * 2))
    try:
        await _check_kind(wire, address)
        await where.greet(wire)
        await _check_rights(wire, address)
    except Refusal as refusal:
        raise unwelcome(refusal, node, address) from refusal
    finally:
        await wire.close()


async def _check_kind(wire: Wire, address: Address) -> None:
    try:
        # In RESP2 the answer is a list of names and values: https://redis.io/docs/latest/commands/hello/
        said = await wire.ask("HELLO", 2)
    except Refusal as refusal:
        if refusal.code == "NOPERM":
            return
        raise _too_old(wire.node) from refusal
    facts = dict(zip(said[::2], said[1::2], strict=False)) if isinstance(said, list) else {}
    version = facts.get(b"version")
    if isinstance(version, bytes):
        parts = version.split(b".")
        if all(part.isdigit() for part in parts[:2]) and tuple(map(int, parts[:2])) < OLDEST:
            raise _too_old(wire.node)
    mode = facts.get(b"mode")
    kind = _MODES.get(mode.decode()) if isinstance(mode, bytes) else None
    _check_mode(kind, wire.node, address)


def _check_mode(kind: Topology | None, node: Node, address: Address) -> None:
    if kind is Topology.SENTINEL:
        raise SettingError(
            f"Redis at {node} is a sentinel. Write PARLEY_STORAGE={EXAMPLES['redis+sentinel']}"
        )
    if kind is Topology.CLUSTER and address.topology is not Topology.CLUSTER:
        raise SettingError(
            f"Redis at {node} belongs to a Cluster. Write PARLEY_STORAGE={EXAMPLES['redis+cluster']}"
        )


async def _check_rights(wire: Wire, address: Address) -> None:
    sha = await wire.ask("SCRIPT", "LOAD", "return 1")
    if isinstance(sha, bytes):
        await wire.ask("EVALSHA", sha, 0)
    if address.replicated:
        await wire.ask("WAIT", 0, 1)


def _too_old(node: Node) -> SettingError:
    return SettingError(
        f"Redis at {node} is older than 6.2. Update it, or name another in PARLEY_STORAGE."
    )
