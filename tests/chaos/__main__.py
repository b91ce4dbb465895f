"""Runs the full size and prints its report; a run that broke a promise ends with 1 and its logs stay."""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import FULL
from tests.chaos.run import run


def main() -> int:
    # The emulators tell of every connection that a killed process leaves behind.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    plan = FULL.from_environment()
    folder = Path(tempfile.mkdtemp(prefix="parley-chaos-"))
    print(f"seed {plan.seed}; logs in {folder}; {plan.seconds / 60:.0f} minutes and some", flush=True)
    report = asyncio.run(run(plan, folder))
    (folder / "report.md").write_text(f"{report}\n")
    print(report)
    for one in report.broken:
        print(one, file=sys.stderr)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
