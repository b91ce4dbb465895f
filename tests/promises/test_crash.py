"""Promises 1 to 6 over a process that is killed at the exact spot, and at random ones."""

import asyncio
import os
import random

import pytest

from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi, Fault
from tests.service import Service

RECOVERY = 60
"""Seconds; a bound for waiting, not a measurement: start of the process, lease, sweep."""


async def test_an_answer_that_was_streaming_at_the_kill_arrives_complete_and_once(
    serving: Service, models: ModelServer, telegram: BotApi
) -> None:
    gate = models.hold()
    ada = telegram.add_person("Ada")
    ada.say(ada, "tell me a story")
    await models.wait_for_request()
    await gate.release(2)
    await telegram.wait_call("sendMessage", answered=True)
    await serving.kill()
    gate.open()
    await serving.start()
    await telegram.chat(ada).wait_text("[2] tell me a story", timeout=RECOVERY)
    assert _bot_texts(telegram, ada.id) == ["[2] tell me a story"]


async def test_an_answer_committed_but_not_shown_is_shown_without_asking_the_model_again(
    serving: Service, models: ModelServer, telegram: BotApi
) -> None:
    stuck = telegram.fail("editMessageText", Fault.hang(), times=None)
    ada = telegram.add_person("Ada")
    ada.say(ada, "hello")
    await telegram.wait_for(lambda: stuck.hits, timeout=RECOVERY)
    await _until_committed(serving, "telegram", ada.id)
    await serving.kill()
    stuck.remove()
    await serving.start()
    await telegram.chat(ada).wait_text("[2] hello", timeout=RECOVERY)
    assert _bot_texts(telegram, ada.id) == ["[2] hello"]
    assert len(models.requests) == 1


async def test_an_answer_shown_but_not_recorded_as_delivered_does_not_appear_twice(
    serving: Service, models: ModelServer, telegram: BotApi
) -> None:
    lost = telegram.fail("editMessageText", Fault.drop_reply(), times=None)
    ada = telegram.add_person("Ada")
    ada.say(ada, "hello")
    await telegram.wait_for(lambda: lost.hits, timeout=RECOVERY)
    await telegram.chat(ada).wait_text("[2] hello", timeout=RECOVERY)
    await serving.kill()
    lost.remove()
    before = len(telegram.calls_of("editMessageText"))
    await serving.start()
    await telegram.wait_call("editMessageText", count=before + 1, timeout=RECOVERY)
    ada.say(ada, "and now?")
    await telegram.chat(ada).wait_text("and now?", by_bot=True, timeout=RECOVERY)
    assert _bot_texts(telegram, ada.id) == ["[2] hello", "[4] and now?"]


async def test_messages_sent_while_nothing_runs_are_answered_in_order_when_it_runs_again(
    serving: Service, telegram: BotApi
) -> None:
    ada = telegram.add_person("Ada")
    await serving.kill()
    for number in range(1, 4):
        ada.say(ada, f"message {number}")
    await serving.start()
    await telegram.chat(ada).wait_text("message 3", by_bot=True, timeout=RECOVERY)
    assert _bot_texts(telegram, ada.id) == ["[2] message 1", "[4] message 2", "[6] message 3"]


async def test_sigterm_lets_the_running_answer_finish_and_ends_with_zero(
    serving: Service, models: ModelServer, telegram: BotApi
) -> None:
    gate = models.hold()
    ada = telegram.add_person("Ada")
    ada.say(ada, "hello")
    await models.wait_for_request()
    ending = asyncio.create_task(serving.stop())
    gate.open()
    assert await ending == 0
    assert _bot_texts(telegram, ada.id) == ["[2] hello"]


async def test_killed_at_random_every_message_is_answered_once_and_in_order(
    serving: Service, telegram: BotApi
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    rounds = int(os.environ.get("PARLEY_CRASH_ROUNDS", "40")) // 10
    people = [telegram.add_person(f"Person {number}") for number in range(4)]
    said = 0
    for _ in range(rounds):
        for _ in range(3):
            said += 1
            for person in people:
                person.say(person, f"message {said} of {person.id}")
        await asyncio.sleep(chance.uniform(0.0, 1.5))
        await serving.kill()
        await serving.start()
        await telegram.wait_for(lambda: telegram.polled, timeout=RECOVERY)
    for person in people:
        last = f"message {said} of {person.id}"
        await telegram.chat(person).wait_text(last, by_bot=True, timeout=RECOVERY)
    for person in people:
        expected = [f"[{2 * n}] message {n} of {person.id}" for n in range(1, said + 1)]
        assert _bot_texts(telegram, person.id) == expected, f"seed {seed}"


def _bot_texts(telegram: BotApi, chat: int) -> list[str]:
    """What the person sees of the bot: empty placeholders that a crash left behind do not count."""
    return [
        message.text
        for message in telegram.chat(chat).visible()
        if message.sender.id == telegram.bot.id and message.text != "…"
    ]


async def _until_committed(serving: Service, platform: str, chat: int) -> None:
    async with asyncio.timeout(RECOVERY):
        while 'agent_messages": 1' not in await serving.command(
            "session", "list", "--workspace", f"{platform}:{chat}", "--json"
        ):
            pass


pytestmark = pytest.mark.timeout(300)
