"""Servers that all tests of the client share; a test that breaks one starts its own."""

from collections.abc import Iterator

import pytest

from tests.redis_servers import Cluster, SentinelSet, Server, ServerPool


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerPool]:
    with ServerPool(tmp_path_factory.mktemp("redis")) as pool:
        yield pool


@pytest.fixture
def server(servers: ServerPool) -> Server:
    return servers.standalone()


@pytest.fixture
def sentinel_set(servers: ServerPool) -> SentinelSet:
    return servers.sentinels()


@pytest.fixture
def servers_in_cluster(servers: ServerPool) -> Cluster:
    return servers.cluster()
