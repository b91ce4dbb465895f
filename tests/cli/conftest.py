import os
import subprocess
import sys
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest

from cli.program import main

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "cli")


@dataclass
class Result:
    code: int
    out: str
    error: str


@dataclass
class Parley:
    """The command line as a process of its own, in an empty folder and with an empty home."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, said: str | bytes = "", **environment: str) -> Result:
        done = subprocess.run(
            [*COMMAND, *words],
            input=said.encode() if isinstance(said, str) else said,
            capture_output=True,
            cwd=self.folder,
            env={**self.environment, **environment},
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


class ParleyInside(Parley):
    """The same without a process of its own: for many short commands. Nothing of a process is shared."""

    def __call__(self, *words: str, said: str | bytes = "", **environment: str) -> Result:
        names = ("in", "out", "error")
        paths = [self.folder.parent / f"{self.folder.name}.{name}" for name in names]
        paths[0].write_bytes(said.encode() if isinstance(said, str) else said)
        with ExitStack() as stack:
            typed = stack.enter_context(paths[0].open(encoding="utf-8", errors="replace"))
            for path, redirect in zip(paths[1:], (redirect_stdout, redirect_stderr), strict=True):
                stream = stack.enter_context(path.open("w", encoding="utf-8", errors="replace"))
                stack.enter_context(redirect(stream))
            stack.enter_context(mock.patch.object(sys, "stdin", typed))
            stack.enter_context(
                mock.patch.dict(os.environ, {**self.environment, **environment}, clear=True)
            )
            stack.enter_context(chdir(self.folder))
            code = main(list(words))
        return Result(code, paths[1].read_text("utf-8"), paths[2].read_text("utf-8"))


def clean_environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PARLEY_HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "TERM": "xterm",
        "COLUMNS": "100",
    }


@pytest.fixture
def parley(tmp_path: Path) -> Parley:
    return Parley(tmp_path, clean_environment(tmp_path))


@pytest.fixture
def inside(tmp_path: Path) -> ParleyInside:
    return ParleyInside(tmp_path, clean_environment(tmp_path))
