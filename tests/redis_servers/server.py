"""One redis-server process in a folder of its own."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from tests.redis_servers.binary import binary, has_tls
from tests.redis_servers.certificates import Certificates
from tests.redis_servers.keys import Holding
from tests.redis_servers.processes import ProcessGroup
from tests.redis_servers.proxy import proxy
from tests.redis_servers.wire import Connection, Word, connected, fields, until

HARNESS = "harness"
PASSWORD = "harness-password"
OPEN_TO_ALL = "user default on nopass ~* &* +@all"

# What is acknowledged survives SIGKILL: without fsync, but written before the reply.
_SETTINGS: Mapping[str, str] = {
    "bind": "127.0.0.1",
    "protected-mode": "no",
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "no",
    "logfile": "redis.log",
    "unixsocket": "redis.sock",
    "aclfile": "users.acl",
    "masteruser": HARNESS,
    "masterauth": PASSWORD,
    "repl-diskless-sync": "yes",
    "repl-diskless-sync-delay": "0",
}


class Server(Holding):
    """A node: its process, and plain connections to it. It belongs to no event loop.

    The user `harness` may do everything under any ACL; `call` and `connect` come as that user.
    """

    def __init__(self, group: ProcessGroup, folder: Path, *, port: int, sentinel: bool = False) -> None:
        self.folder, self.port = folder, port
        self.tls_port: int | None = None
        self._group = group
        self._options = ["--sentinel"] if sentinel else []
        self._user = "" if sentinel else HARNESS
        self._process: subprocess.Popen[bytes] | None = None
        self._paused = False

    def __repr__(self) -> str:
        return f"Server({self.port})"

    @property
    def url(self) -> str:
        if self.tls_port is not None:
            return f"rediss://127.0.0.1:{self.tls_port}"
        return f"redis://127.0.0.1:{self.port}"

    @property
    def unix_socket(self) -> Path:
        """Usable while the folder's path is short: the system allows 107 bytes."""
        return self.folder / "redis.sock"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def awake(self) -> bool:
        """Whether it runs and is not paused."""
        return self.running and not self._paused

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=10)

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nothing is answered. Returns when the process has stopped."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self._paused = True

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._paused = False

    async def start(self) -> None:
        """Run the process in its folder; returns when it answers."""
        self._paused = False
        program: list[str | Path] = [binary(), self.folder / "redis.conf", *self._options]
        self._process = self._group.run(program, folder=self.folder, output=self.folder / "output.log")
        await until(f"{self} answers", self._answers, seconds=10)

    async def restart(self) -> None:
        """Kill the process if it runs, and start it again: same port, same data."""
        if self.running:
            self.kill()
        await self.start()

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """A plain connection that may do everything."""
        return connected(self.port, user=self._user, password=PASSWORD)

    async def call(self, *words: Word) -> object:
        """One command on a connection of its own."""
        async with self.connect() as connection:
            return await connection.call(*words)

    async def info(self, section: str = "") -> dict[str, str]:
        async with self.connect() as connection:
            return fields(await connection.text("INFO", *([section] if section else [])))

    async def masters(self) -> Sequence["Server"]:
        return [self]

    async def _answers(self) -> bool:
        if not self.running:
            raise RuntimeError(f"{self} ended: {self._last_words()}")
        async with self.connect() as connection:
            return await connection.call("PING") == b"PONG"

    def _last_words(self) -> str:
        logs = (self.folder / "redis.log", self.folder / "output.log")
        return "".join(log.read_text() for log in logs if log.exists())[-2000:]


@asynccontextmanager
async def standalone(
    folder: Path,
    *,
    config: Mapping[str, str] | None = None,
    acl: str = "",
    tls: Certificates | None = None,
) -> AsyncIterator[Server]:
    """A server with these directives (values as redis.conf has them) and users (lines of an ACL file).

    With certificates its URL is a rediss one; a server that was built without TLS gets a proxy for it.
    """
    with ProcessGroup() as group:
        if tls is None:
            yield await start_standalone(group, folder, config=config, acl=acl)
        elif has_tls():
            port = group.port()
            server = await start_standalone(
                group, folder, config=_tls_settings(tls, port) | dict(config or {}), acl=acl
            )
            server.tls_port = port
            yield server
        else:
            server = await start_standalone(group, folder, config=config, acl=acl)
            async with proxy(server.port, tls=tls) as front:
                server.tls_port = front.port
                yield server


async def start_standalone(
    group: ProcessGroup, folder: Path, *, config: Mapping[str, str] | None = None, acl: str = ""
) -> Server:
    """The same in a group that somebody else ends."""
    server = prepared(group, folder, group.port(), config=config, acl=acl)
    await server.start()
    return server


def prepared(
    group: ProcessGroup,
    folder: Path,
    port: int,
    *,
    config: Mapping[str, str] | None = None,
    acl: str = "",
) -> Server:
    """A server that is configured but does not run; the port is one that the group holds."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"port": str(port), **_SETTINGS, **(config or {})}
    (folder / "redis.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    harness = f"user {HARNESS} on >{PASSWORD} ~* &* +@all"
    (folder / "users.acl").write_text(f"{acl or OPEN_TO_ALL}\n{harness}\n")
    return Server(group, folder, port=port)


def _tls_settings(tls: Certificates, port: int) -> dict[str, str]:
    return {
        "tls-port": str(port),
        "tls-cert-file": str(tls.certificate),
        "tls-key-file": str(tls.key),
        "tls-ca-cert-file": str(tls.authority),
        "tls-auth-clients": "no",
    }
