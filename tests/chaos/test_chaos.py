from pathlib import Path

import pytest

from tests.chaos.plan import SHORT
from tests.chaos.run import run


async def test_every_message_is_answered_once_and_in_order_while_replicas_and_masters_die(
    tmp_path: Path,
) -> None:
    plan = SHORT.from_environment()
    report = await run(plan, tmp_path)
    assert not report.broken, f"seed {plan.seed}: " + "\n".join(report.broken[:20])
    assert report.verdict.answered + len(report.verdict.interrupted) == plan.messages
    assert report.journal.kills
    assert report.journal.failovers
    print(report)


pytestmark = pytest.mark.timeout(300)
