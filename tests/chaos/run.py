"""A run: people talk while everything dies, then it is waited for, then it is judged."""

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from sessions.model import Platform
from tests.chaos.house import House, open_house
from tests.chaos.ledger import left_to_do, mistakes
from tests.chaos.plan import Plan
from tests.chaos.report import Report, asked_again, measure
from tests.chaos.town import Chat, Town, bursts
from tests.chaos.trouble import Trouble
from tests.chaos.verdict import judge
from tests.redis_servers import until
from tests.service import Service

_LOOK_EVERY = 0.5
_GREETINGS = 60.0
_ENDS_WITHIN = 90.0
"""Seconds of a busy machine; what a process has begun to import it imports to the end."""
_EMPTY = 30.0
"""Seconds; a bound for the inboxes to become empty when everything is shown."""


async def run(plan: Plan, folder: Path) -> Report:
    """Play the plan; the processes' logs stay in the folder."""
    async with open_house(plan, folder) as house:
        town, trouble = Town(house.telegram, house.discord, plan.chats), Trouble(plan, house)
        greeted = await _greet(town)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(trouble.run())
            await _talk(plan, town, plan.messages - greeted)
            trouble.over.set()
        late = await _settled(plan, house, town)
        seconds = time.monotonic() - began
        codes = await asyncio.gather(*map(_stop, house.replicas)) if plan.orderly else []
        verdict = judge(town.chats, town.shown())
        broken = [*verdict.broken, *(f"{key} has no answer" for key in verdict.unanswered), *late]
        broken += [f"replica {number} ended with {code}" for number, code in enumerate(codes) if code]
        broken += await mistakes(house, town.chats, verdict.conversations)
        take_overs, answers = measure(house, town, trouble.journal.kills)
        again = asked_again(house)
    return Report(plan, trouble.journal, verdict, again, take_overs, answers, seconds, broken)


async def _stop(replica: Service) -> int:
    """End it in order; one that does not end says in its log where its threads are."""
    process = replica.process
    assert process is not None
    process.terminate()
    asking = asyncio.get_running_loop().call_later(_ENDS_WITHIN, process.send_signal, signal.SIGABRT)
    try:
        return await process.wait()
    finally:
        asking.cancel()


async def _greet(town: Town) -> int:
    """Begin the chats on Discord, which tells a bot of no message that was missed elsewhere."""
    chance, chats = random.Random(0), town.of(Platform.DISCORD)
    for chat in chats:
        chat.ask(chance)
    await _answered(town, chats, _GREETINGS)
    return len(chats)


async def _talk(plan: Plan, town: Town, messages: int) -> None:
    chance, loop = plan.chance("questions"), asyncio.get_running_loop()
    due = loop.time()
    for chat, count in bursts(plan, town.chats, messages):
        for _ in range(count):
            chat.ask(chance)
        due += count / plan.rate
        await asyncio.sleep(due - loop.time())


async def _settled(plan: Plan, house: House, town: Town) -> list[str]:
    """Wait until every message has its answer and nothing is left to do; return what did not come."""

    async def done() -> bool:
        return not await left_to_do(house.servers)

    try:
        await _answered(town, town.chats, plan.settle)
        await until("nothing is left to do", done, seconds=_EMPTY)
    except TimeoutError as error:
        return [str(error)]
    return []


async def _answered(town: Town, chats: Sequence[Chat], seconds: float) -> None:
    missing = list(chats)

    async def answered() -> bool:
        shown = town.shown()
        missing[:] = [chat for chat in missing if judge([chat], shown).unanswered]
        if missing:
            await asyncio.sleep(_LOOK_EVERY)
        return not missing

    await until("every message is answered", answered, seconds=seconds)
