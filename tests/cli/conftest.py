import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

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
