"""Of several replicas one listens to the gateway; any answers, and another listens when it is gone."""

from datetime import timedelta

from sessions.model import Holder
from storage.memory import MemoryStore
from tests.discord.stage import ScriptedModel, Stage, bound_thread
from tests.emulators.discord.small_world import place

LEASE = timedelta(seconds=3)


async def test_one_of_two_listens_and_the_other_answers_by_http_alone() -> None:
    async with place() as at:
        receiving = Stage(at, MemoryStore(), ScriptedModel())
        helping = Stage(at, receiving.store, ScriptedModel())
        async with receiving.running(lanes=0), helping.running(listens=False):
            thread = await bound_thread(helping)
            at.person.say(thread, "again")
            at.person.dm("hello")
            await at.discord.channel(thread).wait_text("You said: again")
            await at.discord.dm(at.ada).wait_text("You said: hello")
            assert len(at.discord.gateway.connected) == 1
        assert receiving.model.questions == []
        assert len(at.discord.channel(thread).by_bot()) == 2


async def test_a_standby_listens_when_the_other_has_ended_and_reads_what_was_missed() -> None:
    async with place() as at:
        ending = Stage(at, MemoryStore(), ScriptedModel())
        async with ending.running(lease=LEASE):
            thread = await bound_thread(ending)
            at.person.dm("hello")
            await at.discord.dm(at.ada).wait_text("You said: hello")
            standing_by = Stage(at, ending.store, ScriptedModel())
            async with standing_by.running(lease=LEASE, listens=False):
                assert len(at.discord.gateway.connected) == 1
                await ending.down()
                at.person.say(thread, "missed")
                at.person.dm("missed, too")
                await at.discord.wait_connected()
                await at.discord.channel(thread).wait_text("You said: missed")
                await at.discord.dm(at.ada).wait_text("You said: missed, too")
                at.person.say(thread, "live")
                await at.discord.channel(thread).wait_text("You said: live")
            assert len(at.discord.channel(thread).by_bot()) == 3
            assert len(at.discord.dm(at.ada).by_bot()) == 2


async def test_a_process_that_lost_the_role_and_has_it_again_reads_what_was_missed() -> None:
    async with place() as at:
        on = Stage(at, MemoryStore(), ScriptedModel())
        async with on.running(lease=LEASE):
            thread = await bound_thread(on)
            (role,) = on.store._root.roles.values()
            await on.store.leave_role(role.role, role.holder)
            assert await on.store.hold_role(role.role, Holder("stalled"), LEASE)
            await at.discord.wait_for(lambda: not at.discord.gateway.connected)
            at.person.say(thread, "missed")
            await at.discord.channel(thread).wait_text("You said: missed")
            at.person.say(thread, "live")
            await at.discord.channel(thread).wait_text("You said: live")
        assert on.model.questions == ["first", "missed", "live"]
