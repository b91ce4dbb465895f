"""A prompt's overhead: the time from the start of the process until the model is asked, and memory."""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.contest import table
from tests.emulators.openai import ModelServer, Received

ROUNDS = 15
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Lap:
    """Seconds until the model was asked (or the process ended, if it asks none), and bytes at most."""

    seconds: float
    peak: int


async def prompt_overhead() -> None:
    """`parley "hello" --session a` until its request arrives, beside `python -c "import openai"`."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as home:
        async with ModelServer.start() as models:
            ours = ["-m", "cli", "hello", "--session", "a"]
            contenders = {
                'python -c "import openai"': ["-c", "import openai"],
                'parley "hello" --session a': ours,
                "the same with --history 5 --memory": [*ours, "--history", "5", "--memory"],
            }
            laps: dict[str, list[Lap]] = {name: [] for name in contenders}
            for measured in (False, *[True] * ROUNDS):
                for name, arguments in contenders.items():
                    lap = await _lap(arguments, models, home)
                    laps[name] += [lap] * measured
    _print(laps)


async def _lap(arguments: list[str], models: ModelServer, home: str) -> Lap:
    # As for everybody whose interpreter keeps what it compiled; the first, unmeasured lap fills it in.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "PARLEY_HOME": home,
        "OPENAI_BASE_URL": models.base_url,
        "OPENAI_API_KEY": "sk-test",
        "PARLEY_MODEL": "gpt-4o-mini",
    }
    asked: list[float] = []

    def answer(_: Received) -> str:
        asked.append(time.perf_counter())
        return "Hello."

    models.answer = answer
    began = time.perf_counter()
    peak = await asyncio.to_thread(_run, [sys.executable, *arguments], environment)
    return Lap((asked[0] if asked else time.perf_counter()) - began, peak)


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end and return its peak memory."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return used.ru_maxrss * _KIB


def _print(laps: dict[str, list[Lap]]) -> None:
    first = next(iter(laps.values()))
    floor, least = _median(first, lambda lap: lap.seconds), _median(first, lambda lap: lap.peak)
    rows = [("until the model is asked", "wall time", "ratio", "peak memory", "ratio")]
    for name, found in laps.items():
        seconds, peak = _median(found, lambda lap: lap.seconds), _median(found, lambda lap: lap.peak)
        rows.append(
            (
                name,
                f"{seconds * 1e3:.0f} ms",
                f"{seconds / floor:.2f} x",
                f"{peak / 1e6:.0f} MB",
                f"{peak / least:.2f} x",
            )
        )
    table("A prompt's overhead; the peak is of the whole command", rows)


def _median(laps: list[Lap], figure: Callable[[Lap], float]) -> float:
    return statistics.median(map(figure, laps))
