"""Real Redis servers for the tests: processes on loopback ports, and a proxy in front of them."""

from tests.redis_servers.binary import binary, has_tls, version
from tests.redis_servers.certificates import Certificates, certificates
from tests.redis_servers.cluster import Cluster, cluster
from tests.redis_servers.frames import Request
from tests.redis_servers.keys import Holding, Key
from tests.redis_servers.link import Trip
from tests.redis_servers.outside import OutsideProxies, outside_proxies
from tests.redis_servers.pool import ServerPool
from tests.redis_servers.proxy import Proxies, Proxy, proxies, proxy
from tests.redis_servers.sentinel import SentinelSet, sentinels
from tests.redis_servers.server import Server, standalone
from tests.redis_servers.wire import Connection, ReplyError, connected, encoded, until

__all__ = [
    "Certificates",
    "Cluster",
    "Connection",
    "Holding",
    "Key",
    "OutsideProxies",
    "Proxies",
    "Proxy",
    "ReplyError",
    "Request",
    "SentinelSet",
    "Server",
    "ServerPool",
    "Trip",
    "binary",
    "certificates",
    "cluster",
    "connected",
    "encoded",
    "has_tls",
    "outside_proxies",
    "proxies",
    "proxy",
    "sentinels",
    "standalone",
    "until",
    "version",
]
