"""A run: people talk while everything dies, then it is waited for, then it is judged."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.house import House, open_house
from tests.chaos.ledger import left_to_do, mistakes
from tests.chaos.plan import Plan
from tests.chaos.report import Report, asked_again, measure
from tests.chaos.town import Chat, bursts, settle
from tests.chaos.trouble import Trouble
from tests.chaos.verdict import Verdict, judge
from tests.redis_servers import until

_EMPTY = 30.0
"""Seconds; a bound for the inboxes to become empty when everything is shown."""


async def run(plan: Plan, folder: Path) -> Report:
    """Play the plan; the processes' logs stay in the folder."""
    async with open_house(plan, folder) as house:
        began = time.monotonic()
        chats, trouble = settle(house.telegram, plan.chats), Trouble(plan, house)
        async with asyncio.TaskGroup() as group:
            group.create_task(trouble.run())
            await _talk(plan, chats)
            trouble.over.set()
        late = await _settled(plan, house, chats)
        seconds = time.monotonic() - began
        codes = [await replica.stop() for replica in house.replicas]
        verdict = judge(house.telegram, chats)
        broken = [*verdict.broken, *(f"{key} has no answer" for key in verdict.unanswered), *late]
        broken += [f"replica {number} ended with {code}" for number, code in enumerate(codes) if code]
        broken += await mistakes(house, chats, verdict.conversations)
        take_overs, answers = measure(house, chats, trouble.journal.kills)
        again = asked_again(house)
    return Report(plan, trouble.journal, verdict, again, take_overs, answers, seconds, broken)


async def _talk(plan: Plan, chats: Sequence[Chat]) -> None:
    chance, loop = plan.chance("questions"), asyncio.get_running_loop()
    due = loop.time()
    for chat, count in bursts(plan, list(chats)):
        for _ in range(count):
            chat.ask(chance)
        due += count / plan.rate
        await asyncio.sleep(due - loop.time())


async def _settled(plan: Plan, house: House, chats: Sequence[Chat]) -> list[str]:
    """Wait until every message has its answer and nothing is left to do; return what did not come."""

    async def answered() -> bool:
        return _is_settled(judge(house.telegram, chats))

    async def done() -> bool:
        return not await left_to_do(house.servers)

    try:
        await until("every message is answered", answered, seconds=plan.settle)
        await until("nothing is left to do", done, seconds=_EMPTY)
    except TimeoutError as error:
        return [str(error)]
    return []


def _is_settled(verdict: Verdict) -> bool:
    return not verdict.unanswered
