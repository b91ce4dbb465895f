"""`parley serve` as a real process against the emulators: started, killed, started again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass
class Service:
    """One process after the other over the same settings; its log goes to ``home``/serve.log."""

    home: Path
    settings: Mapping[str, str]
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start the process; it serves some seconds later."""
        with (self.home / "serve.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "cli",
                "serve",
                cwd=self.home,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """End it by SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it by SIGTERM and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def command(self, *words: str) -> str:
        """Run a command of the command line over the same store and return what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli",
            *words,
            cwd=self.home,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return out.decode()

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the service is given: nothing of the surroundings but the path."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.home),
            "PARLEY_HOME": str(self.home),
            "PARLEY_STORAGE": f"sqlite:///{self.home}/parley.db",
            **self.settings,
        }

    async def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.returncode is None:
            self.process.send_signal(how)
        try:
            async with asyncio.timeout(40):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


@asynccontextmanager
async def service(home: Path, settings: Mapping[str, str]) -> AsyncIterator[Service]:
    """Start the service; whatever runs of it at the end is killed."""
    serving = Service(home, settings)
    await serving.start()
    try:
        yield serving
    finally:
        await serving.kill()
