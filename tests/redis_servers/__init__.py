"""Real Redis servers for the tests: processes on loopback ports, and a proxy in front of them."""

from tests.redis_servers.binary import binary, version
from tests.redis_servers.cluster import Cluster, cluster
from tests.redis_servers.keys import Holding, Key
from tests.redis_servers.pool import ServerPool
from tests.redis_servers.sentinel import SentinelSet, sentinels
from tests.redis_servers.server import Server, standalone
from tests.redis_servers.wire import Connection, connected, until

__all__ = [
    "Cluster",
    "Connection",
    "Holding",
    "Key",
    "SentinelSet",
    "Server",
    "ServerPool",
    "binary",
    "cluster",
    "connected",
    "sentinels",
    "standalone",
    "until",
    "version",
]
