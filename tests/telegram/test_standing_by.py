"""Of several replicas one polls; any answers, and another polls when it is gone."""

from contextlib import AsyncExitStack
from datetime import timedelta

from sessions.engine import EngineSettings
from sessions.model import Holder
from tests.emulators.telegram import BotApi
from tests.engine.parts import ScriptedModel, until
from tests.telegram.house import House, all_taken

LEASE = timedelta(seconds=3)
QUICK = EngineSettings(lease=LEASE)
RECEIVER = EngineSettings(lease=LEASE, max_lanes=0)
"""A process that runs no turns of its own."""


def refused_polls(api: BotApi) -> int:
    return sum(call.status == 409 for call in api.calls_of("getUpdates"))


async def test_one_of_two_polls_and_the_other_answers(api: BotApi) -> None:
    ada, receiving = api.add_person("Ada"), House(api)
    helping = House(api, receiving.store, ScriptedModel())
    async with receiving.serving(RECEIVER):
        await api.wait_for(lambda: api.polled)
        async with helping.serving(QUICK):
            for number in range(3):
                ada.say(ada, f"question {number}")
                await api.chat(ada).wait_text(f"re: question {number}", timeout=10)
            ada.say(ada, "/session start alpha")
            await api.chat(ada).wait_text("Started session")
            await all_taken(api)
            assert refused_polls(api) == 0
    assert receiving.model.prompts == []
    assert len(helping.model.prompts) == 3


async def test_a_standby_polls_when_the_other_has_ended(api: BotApi) -> None:
    ada, ending = api.add_person("Ada"), House(api)
    standing_by = House(api, ending.store)
    async with AsyncExitStack() as stack:
        async with ending.serving(QUICK):
            ada.say(ada, "one")
            await api.chat(ada).wait_text("re: one")
            await all_taken(api)
            await stack.enter_async_context(standing_by.serving(QUICK))
            await until(lambda: ending.store.stood_by > 0)
        ada.say(ada, "two")
        await api.chat(ada).wait_text("re: two", timeout=LEASE.total_seconds())
    assert api.chat(ada).texts() == ["one", "re: one", "two", "re: two"]


async def test_who_lost_the_role_polls_no_more_until_it_has_it_again(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api)
    async with house.serving(QUICK):
        await api.wait_for(lambda: api.polled)
        (role,) = house.store._root.roles.values()
        await house.store.leave_role(role.role, role.holder)
        assert await house.store.hold_role(role.role, Holder("another"), LEASE)
        await until(lambda: house.store.stood_by >= 1)
        polls = len(api.calls_of("getUpdates"))
        ada.say(ada, "hello")
        await until(lambda: house.store.stood_by >= 3)
        assert len(api.calls_of("getUpdates")) == polls
        await api.chat(ada).wait_text("re: hello", timeout=10)
