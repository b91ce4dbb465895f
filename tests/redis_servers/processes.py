"""Processes and loopback ports that surely end with whoever took them."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

BUS_OFFSET = 10_000
_PORTS = range(10_000, 20_000)
_ATTEMPTS = 200


class ProcessGroup:
    """Processes that are killed together: on leaving the context, and also if this process is killed.

    Their group is led by a shell that waits for the end of its input, which only this process holds.
    Nothing here belongs to an event loop, and leaving never waits for one.
    """

    def __enter__(self) -> Self:
        self._held = ExitStack()
        self._running: list[subprocess.Popen[bytes]] = []
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", "read _; kill -KILL 0"], stdin=subprocess.PIPE, process_group=0
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._guard.pid, signal.SIGKILL)
        for process in (*self._running, self._guard):
            process.wait(timeout=10)
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._held.close()

    def run(
        self, command: Sequence[str | Path], *, folder: Path, output: Path
    ) -> subprocess.Popen[bytes]:
        """Start a process whose output is appended to a file."""
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as file:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=self._guard.pid,
            )
        self._running = [running for running in self._running if running.poll() is None]
        self._running.append(process)
        return process

    def port(self, *, bus: bool = False) -> int:
        """A loopback port that nobody else gets before the context ends; with bus also port + 10,000."""
        return self._held.enter_context(reserved_port(bus=bus))


@contextmanager
def reserved_port(*, bus: bool = False) -> Iterator[int]:
    """Keep a loopback port, below those of outgoing connections, for a server that will listen on it.

    A socket stays bound to it without listening. It allows the address to be used again only after it
    is bound: whoever then asks for reuse (a server) gets the port, whoever does not (the next
    reservation) does not.
    """
    with ExitStack() as held:
        for _ in range(_ATTEMPTS):
            port = random.SystemRandom().choice(_PORTS)
            with suppress(OSError), ExitStack() as bound:
                for number in (port, port + BUS_OFFSET) if bus else (port,):
                    _hold(bound.enter_context(socket.socket()), number)
                held.enter_context(bound.pop_all())
                break
        else:
            raise OSError("no free loopback port")
        yield port


def _hold(socket_: socket.socket, port: int) -> None:
    socket_.bind(("127.0.0.1", port))
    socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
