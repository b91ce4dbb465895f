"""Runs contenders in turn, round after round, so that noise meets them alike, and compares medians."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

Lap = Callable[[], Awaitable[int]]
"""Does some operations and returns how many."""


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds of wall time per operation, the median over the rounds."""

    seconds: float
    rounds: int


async def compete(laps: Mapping[str, Lap], rounds: int) -> dict[str, Result]:
    """Run every lap once unmeasured, then all of them in turn, ``rounds`` times."""
    times: dict[str, list[float]] = {name: [] for name in laps}
    for lap in laps.values():
        await lap()
    for _ in range(rounds):
        for name, lap in laps.items():
            began = perf_counter()
            count = await lap()
            times[name].append((perf_counter() - began) / count)
    return {name: Result(statistics.median(found), rounds) for name, found in times.items()}


def table(title: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows under a title; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print(f"\n{title}")
    for number, row in enumerate(rows):
        print(
            "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
    print(flush=True)


def micros(seconds: float) -> str:
    """Render seconds as microseconds."""
    return f"{seconds * 1e6:,.0f} µs"
