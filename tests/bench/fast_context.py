"""Fast context: the relevant code among 10,000 files, beside reading them all."""

import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.contest import table

FOLDERS, FILES = 200, 50
ROUNDS = 7
BUDGET = 16_000
QUESTION = "How does the login parser handle invoices?"

_MEASURE = """
import asyncio, os, sys, time
from pathlib import Path
{imports}
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
folder = Path(sys.argv[1])
before = peak()
began = time.perf_counter()
{work}
took = time.perf_counter() - began
print(took, peak() - before)
"""
_FLOOR = _MEASURE.format(
    imports="",
    work="""
for path, _, names in os.walk(folder):
    for name in names:
        with open(os.path.join(path, name), "rb") as file:
            file.read()
""",
)
_OURS = _MEASURE.format(
    imports="from sessions.folder import FolderGround\nfrom tests.folder.tree import asking",
    work=f"asyncio.run(FolderGround(folder).ground(asking({QUESTION!r}), {BUDGET}, 1))",
)
_WORDS = (
    "session store lease turn message window budget parser token auth user login cache index query route "
    "handler render config engine worker queue event payment invoice report mail"
)
_RULES = "*.pyc\n__pycache__/\n/dist\n*.log\n!keep.log\ndocs/_build/\n"


async def fast_context() -> None:
    """One question among 10,000 files with 60 rules in ``.gitignore``."""
    with tempfile.TemporaryDirectory(prefix="bench-") as path:
        folder = Path(path)
        size = _fill(folder)
        programs = {"os.walk and read": _FLOOR, "ours": _OURS}
        found: dict[str, list[tuple[float, int]]] = {name: [] for name in programs}
        for program in programs.values():
            await _measured(program, folder)
        for _ in range(ROUNDS):
            for name, program in programs.items():
                found[name].append(await _measured(program, folder))
    middle = {name: statistics.median(took for took, _ in runs) for name, runs in found.items()}
    rows: list[tuple[str, ...]] = [("work", "wall time", "ratio", "memory more")]
    for name, runs in found.items():
        more = max(grown for _, grown in runs)
        ratio = middle[name] / middle["os.walk and read"]
        rows.append((name, f"{middle[name] * 1e3:.0f} ms", f"{ratio:.2f} x", f"{more / 1e6:.0f} MB"))
    files = f"{FOLDERS * FILES:,} files, {size / 1e6:.0f} MB"
    table(f"The relevant code among {files}; goal: below a second", rows)


def _fill(folder: Path) -> int:
    chance, words, size = random.Random(7), _WORDS.split(), 0
    (folder / ".gitignore").write_text(_RULES + "".join(f"*.x{number}\n" for number in range(54)))
    for number in range(FOLDERS):
        below = folder / f"pkg{number // 20}" / f"mod{number}"
        below.mkdir(parents=True)
        for file in range(FILES):
            text = f'"""The {chance.choice(words)}."""\n' + "".join(_function(chance, words, 16))
            (below / f"{chance.choice(words)}_{file}.py").write_text(text)
            size += len(text)
    return size


def _function(chance: random.Random, words: list[str], count: int) -> list[str]:
    return [
        f"\n\ndef {chance.choice(words)}_{chance.choice(words)}_{at}(value: int) -> int:\n"
        f'    """Return the {chance.choice(words)}."""\n    total = value + {at}\n'
        f"    for one in range({at}):\n        total += one * {chance.randrange(999)}\n    return total\n"
        for at in range(count)
    ]


async def _measured(program: str, folder: Path) -> tuple[float, int]:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    took, grown = done.stdout.split()
    return float(took), int(grown)
