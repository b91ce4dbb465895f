"""Servers that a whole run of tests shares."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests.redis_servers.cluster import Cluster, start_cluster
from tests.redis_servers.processes import ProcessGroup
from tests.redis_servers.sentinel import SentinelSet, start_sentinels
from tests.redis_servers.server import Server, start_standalone

T = TypeVar("T", Server, SentinelSet, Cluster)
Start = Callable[[ProcessGroup, Path], Awaitable[T]]


class ServerPool:
    """One of each topology, started when it is first asked for, and again when a node of it was killed.

    Calls block until the servers are complete and need no event loop, so a fixture of any scope may
    make them; what they return is used from any event loop. Tests keep apart by key prefixes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack, self._started = folder, ExitStack(), 0
        self._standalone: Server | None = None
        self._sentinels: SentinelSet | None = None
        self._cluster: Cluster | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def standalone(self) -> Server:
        if self._standalone is None or not self._standalone.running:
            self._standalone = self._start(start_standalone)
        return self._standalone

    def sentinels(self) -> SentinelSet:
        if self._sentinels is None or not _all_run(*self._sentinels.nodes, *self._sentinels.sentinels):
            self._sentinels = self._start(start_sentinels)
        return self._sentinels

    def cluster(self) -> Cluster:
        if self._cluster is None or not _all_run(*self._cluster.nodes):
            self._cluster = self._start(start_cluster)
        return self._cluster

    def _start(self, start: Start[T]) -> T:
        self._started += 1
        folder = self._folder / str(self._started)
        group = self._stack.enter_context(ProcessGroup())

        async def started() -> T:
            return await start(group, folder)

        # A thread of its own: whoever asks may be inside a running event loop.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, started()).result()


def _all_run(*nodes: Server) -> bool:
    return all(node.running for node in nodes)
