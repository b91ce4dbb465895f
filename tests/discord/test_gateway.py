"""What happens to messages when the gateway, the far end or the process fails."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bots.admission import Admission
from bots.discord import DiscordBot
from sessions.engine import Engine
from sessions.errors import SettingError, StoreUnavailable
from sessions.model import Holder, Inbound, Platform, RoleName, Workspace, WorkspaceKey
from sessions.ports.turns import Accepted, Claim, Known, Proposal
from sessions.threads import ThreadEvents
from storage.memory import MemoryStore
from tests.commanding import commands_over
from tests.discord.stage import ScriptedModel, Stage, bound_thread, stage
from tests.emulators.discord import FaultKind, Intent, Settings
from tests.emulators.discord.small_world import place

MESSAGES = "/channels/{channel_id}/messages"


class Away(MemoryStore):
    """A store that cannot be reached for a while."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        if self.times:
            self.times -= 1
            raise StoreUnavailable("away")
        return await super().accept(inbound, proposal, claim, known)


async def test_a_dropped_line_resumes_and_every_message_is_answered_once() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        sessions = on.at.discord.gateway.sessions
        on.at.discord.gateway.drop()
        await on.at.discord.wait_for(lambda: not on.at.discord.gateway.connected)
        on.at.person.say(thread, "while away")
        await on.at.discord.wait_connected()
        on.at.person.say(thread, "back")
        await on.at.discord.channel(thread).wait_text("You said: back")
        assert on.at.discord.gateway.sessions == sessions
        assert on.model.questions == ["first", "while away", "back"]


async def test_messages_missed_by_a_refused_resume_are_read_over_rest_and_no_older_chatter() -> None:
    async with stage() as on:
        thread = on.at.person.open_thread(on.at.general, "talk").id
        on.at.person.say(thread, "just us")
        on.at.person.say(thread, "first", mentions_bot=True)
        await on.at.discord.channel(thread).wait_text("You said: first")
        on.at.person.dm("hi")
        dm = on.at.discord.dm(on.at.ada)
        await dm.wait_text("You said: hi")
        await miss(on, lambda: say_everywhere(on, thread))
        await on.at.discord.channel(thread).wait_text("You said: missed in a thread")
        await on.at.view.wait_text("You said: missed mention")
        await dm.wait_text("You said: missed in private")
        assert sorted(on.model.questions) == sorted(
            ["first", "hi", "missed in a thread", "missed mention", "missed in private"]
        )


def say_everywhere(on: Stage, thread: int) -> None:
    on.at.person.say(thread, "missed in a thread")
    on.at.person.say(on.at.general, "missed mention", mentions_bot=True)
    on.at.person.say(on.at.general, "not for the bot")
    on.at.person.dm("missed in private")


async def test_messages_of_a_process_that_is_down_are_answered_by_the_next() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        on.at.person.dm("hi")
        dm = on.at.discord.dm(on.at.ada)
        await dm.wait_text("You said: hi")
        await on.down()
        say_everywhere(on, thread)
        async with on.restarted():
            await on.at.discord.channel(thread).wait_text("You said: missed in a thread")
            await on.at.view.wait_text("You said: missed mention")
            await dm.wait_text("You said: missed in private")
        assert sorted(on.model.questions[2:]) == sorted(
            ["missed in a thread", "missed mention", "missed in private"]
        )


async def test_an_event_that_cannot_be_read_is_skipped_alone() -> None:
    async with stage() as on:
        sessions = on.at.discord.gateway.sessions
        for name in ("MESSAGE_CREATE", "INTERACTION_CREATE", "THREAD_UPDATE", "GUILD_ROLE_CREATE"):
            on.at.discord.gateway.garbage(name)
        on.at.person.dm("hello")
        await on.at.discord.dm(on.at.ada).wait_text("You said: hello")
        assert on.at.discord.gateway.sessions == sessions


async def test_a_gateway_that_talks_nonsense_is_connected_to_anew() -> None:
    async with stage() as on:
        on.at.discord.gateway.send_raw("not json")
        await on.at.discord.wait_for(lambda: not on.at.discord.gateway.connected)
        on.at.person.dm("hello")
        await on.at.discord.wait_connected()
        view = on.at.discord.dm(on.at.ada)
        on.at.person.dm("again")
        await view.wait_text("You said: again")


async def test_a_store_that_is_away_delays_a_message_and_loses_none() -> None:
    async with stage(store=Away(3)) as on:
        on.at.person.dm("one")
        on.at.person.dm("two")
        await on.at.discord.dm(on.at.ada).wait_text("You said: two")
        assert on.model.questions == ["one", "two"]


async def test_a_slow_store_fails_no_interaction() -> None:
    gate = asyncio.Event()

    class Slow(MemoryStore):
        async def workspace(self, key: WorkspaceKey, title: str = "") -> Workspace:
            await gate.wait()
            return await super().workspace(key, title)

    async with stage(store=Slow()) as on:
        used = on.at.person.slash(on.at.discord.dm(on.at.ada), "session", "list")
        await used.acknowledged()
        gate.set()
        shown = await used.response()
        assert "No sessions yet" in shown.content
        assert on.at.discord.failed_interactions == []


async def test_answers_can_be_finished_after_serving_has_ended() -> None:
    async with stage() as on:
        on.model.hold()
        on.at.person.dm("hello")
        view = on.at.discord.dm(on.at.ada)
        await view.wait_text("…")
        assert on.serving is not None
        on.serving.cancel()
        await on.at.discord.wait_for(lambda: not on.at.discord.gateway.connected)
        on.model.release()
        await view.wait_text("You said: hello")


async def test_a_command_that_is_under_way_shows_its_outcome_when_serving_ends() -> None:
    async with stage() as on:
        on.at.discord.fail(FaultKind.DELAY, "POST", "/channels/{channel_id}/threads", seconds=1.2)
        used = on.at.person.slash(on.at.general, "session", "start", name="alpha")
        await used.acknowledged()
        await on.down()
        assert "alpha" in (await used.response()).content


async def test_a_far_end_that_fails_at_first_is_logged_in_to_later() -> None:
    async with place() as at:
        at.discord.fail(FaultKind.RESET, "GET", "/users/@me")
        async with DiscordBot(at.discord.token, Admission(), api_base=at.discord.api_base) as bot:
            assert bot.replies.platforms == {Platform.DISCORD}


async def test_neither_the_token_nor_what_people_say_is_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with stage() as on:
        on.at.discord.fail(FaultKind.HTTP_ERROR, "POST", MESSAGES, status=500)
        on.at.person.dm("a secret")
        view = on.at.discord.dm(on.at.ada)
        await view.wait_text("You said: a secret")
        await on.at.person.slash(view, "session", "start", name="a secret name").response()
    logged = "".join(capfd.readouterr()) + caplog.text
    assert "inbound.accepted" in logged
    assert "secret" not in logged
    assert "Bot TEST" not in logged
    assert "/callback" not in logged


async def test_an_answer_that_a_process_left_half_written_is_begun_anew_by_the_next() -> None:
    model = ScriptedModel(lambda _: ["Hel", "lo"])
    async with place() as at:
        view, on = at.discord.dm(at.ada), Stage(at, MemoryStore(), model)
        model.hold()
        async with on.running(drain=0.0):
            at.person.dm("hello")
            await view.wait_text("…")
            model.release(1)
            await view.wait_text("Hel")
        model.release()
        async with on.running():
            await view.wait_text("Hello")
        assert [message.content for message in view.by_bot()] == ["Hello"]


async def test_a_refused_token_names_the_setting_and_not_the_token() -> None:
    async with place() as at:
        bot = DiscordBot("WRONG-TOKEN", Admission(), api_base=at.discord.api_base)
        with pytest.raises(SettingError) as refused:
            await bot.__aenter__()
        assert "PARLEY_DISCORD_TOKEN" in str(refused.value)
        assert "WRONG-TOKEN" not in str(refused.value)


async def test_without_the_content_intent_it_says_where_to_switch_it_on() -> None:
    async with place(Settings(privileged_intents=Intent(0))) as at:
        store = MemoryStore()
        async with (
            DiscordBot(at.discord.token, Admission(), api_base=at.discord.api_base) as bot,
            Engine(store, ScriptedModel(), bot.replies) as engine,
        ):
            with pytest.raises(SettingError, match="Message Content"):
                await bot.serve(engine, commands_over(store), ThreadEvents(store), store)


async def test_two_bots_of_one_process_keep_their_far_ends_apart() -> None:
    async with stage() as one, stage() as other:
        one.at.person.dm("one")
        other.at.person.dm("other")
        await one.at.discord.dm(one.at.ada).wait_text("You said: one")
        await other.at.discord.dm(other.at.ada).wait_text("You said: other")


class TwoMinds(MemoryStore):
    """A store that lost who holds a role, as in a failover."""

    async def hold_role(self, role: RoleName, holder: Holder, duration: timedelta) -> bool:
        return True


async def test_two_replicas_that_both_listen_answer_each_message_and_command_once() -> None:
    async with stage(store=TwoMinds()) as on, Stage(on.at, on.store, on.model).running():
        await on.at.discord.wait_for(lambda: len(on.at.discord.gateway.connected) == 2)
        thread = await bound_thread(on)
        used = on.at.person.slash(on.at.general, "session", "start", name="alpha")
        assert "alpha" in (await used.response()).content
        taken = on.at.person.slash(thread, "session", "start", name="alpha")
        assert (await taken.response()).ephemeral_to == on.at.ada.id
        dm = on.at.discord.dm(on.at.ada)
        on.at.person.dm(attachments=["cat.png"])
        on.at.person.dm("hello")
        await dm.wait_text("You said: hello")
        assert [t.name for t in on.at.discord.threads(on.at.general)] == ["talk", "alpha"]
        assert len(on.at.discord.channel(thread).by_bot()) == 2
        assert len(dm.by_bot()) == 2
        assert on.model.questions == ["first", "hello"]


async def test_a_failing_far_end_delays_an_answer_and_doubles_nothing() -> None:
    async with stage() as on:
        on.at.discord.fail(FaultKind.HTTP_ERROR, "POST", MESSAGES, status=503)
        on.at.person.dm("hello")
        view = on.at.discord.dm(on.at.ada)
        await view.wait_text("You said: hello")
        assert len(view.by_bot()) == 1


async def miss(on: Stage, say: object) -> None:
    """Let the gateway forget the session and things be said before there is a new one."""
    assert callable(say)
    on.at.discord.gateway.refuse_resumes()
    on.at.discord.gateway.close(4000)
    await on.at.discord.wait_for(lambda: not on.at.discord.gateway.connected)
    say()
    await on.at.discord.wait_connected()
