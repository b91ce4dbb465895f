"""Slash commands and autocomplete, and who may see and do what."""

import asyncio
from datetime import datetime, timedelta

import pytest

from sessions.model import OPEN, EventId, SessionKey
from storage.memory import MemoryStore
from tests.discord.stage import bound_thread, ref, stage
from tests.emulators.discord import FaultKind, Permission, Settings
from tests.emulators.discord.small_world import Place

CALLBACK = "/interactions/{interaction_id}/{token}/callback"
THREADS = "/channels/{channel_id}/threads"
COMMANDS = "/applications/{application_id}/commands"


async def test_the_commands_are_told_to_discord_only_when_they_changed() -> None:
    async with stage() as on:
        async with on.running():
            await on.at.discord.wait_for(lambda: len(on.at.discord.calls_to("GET", COMMANDS)) == 2)
        assert len(on.at.discord.calls_to("PUT", COMMANDS)) == 1


async def test_start_in_a_text_channel_opens_a_thread_that_is_bound() -> None:
    async with stage() as on:
        used = on.at.person.slash(on.at.general, "session", "start", name="Release notes")
        shown = await used.response()
        (thread,) = on.at.discord.threads(on.at.general)
        assert thread.name == "Release notes"
        assert f"<#{thread.id}>" in shown.content
        assert shown.ephemeral_to is None
        view = on.at.discord.channel(thread)
        assert "Status: active" in (await view.wait_text("Started session")).content
        bound = await on.store.bound(ref(thread.id))
        assert bound is not None
        assert (bound.name, bound.audience) == ("Release notes", OPEN)
        assert await on.store.bound(ref(on.at.general.id)) is None
        on.at.person.say(thread, "hello")
        await view.wait_text("You said: hello")
        assert on.at.discord.failed_interactions == []


async def test_start_where_no_thread_may_be_opened_says_why_and_binds_the_channel() -> None:
    def forbid(at: Place) -> str:
        at.guild.set_role(at.guild.noun.everyone, Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)
        role = next(r for r in at.guild.noun.roles.values() if r.managed)
        at.guild.set_role(role, Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)
        at.guild.join(at.ada, may=Permission.USE_APPLICATION_COMMANDS)
        return "*"

    async with stage(allowed=forbid) as on:
        shown = await on.at.person.slash(on.at.general, "session", "start", name="alpha").response()
        assert "Create Public Threads" in shown.content
        bound = await on.store.bound(ref(on.at.general.id))
        assert bound is not None
        assert bound.name == "alpha"


async def test_a_thread_whose_opening_has_no_reply_is_opened_once() -> None:
    async with stage() as on:
        on.at.discord.fail(FaultKind.DROP_REPLY, "POST", THREADS)
        shown = await on.at.person.slash(on.at.general, "session", "start", name="alpha").response()
        (thread,) = on.at.discord.threads(on.at.general)
        bound_here = await on.store.bound(ref(thread.id)) or await on.store.bound(ref(on.at.general.id))
        assert bound_here is not None
        assert "alpha" in shown.content


async def test_start_in_a_thread_and_in_private_binds_right_there() -> None:
    async with stage() as on:
        thread = on.at.person.open_thread(on.at.general, "talk")
        for channel in (thread, on.at.discord.dm(on.at.ada)):
            shown = await on.at.person.slash(channel, "session", "start", name="alpha").response()
            assert "Started session" in shown.content
            bound = await on.store.bound(ref(channel.id))
            assert bound is not None
            assert bound.name == "alpha"


async def test_a_session_is_listed_shown_and_resumed_in_another_thread() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        first = await on.store.bound(ref(thread))
        assert first is not None
        other = on.at.person.open_thread(on.at.general, "other")
        listed = await on.at.person.slash(other, "session", "list").response()
        assert listed.ephemeral_to == on.at.ada.id
        assert first.name in listed.content
        resumed = await on.at.person.slash(other, "session", "resume", session="1").response()
        assert "Resumed session" in resumed.content
        assert resumed.ephemeral_to is None
        on.at.person.say(other, "second")
        await on.at.discord.channel(other).wait_text("You said: second")
        assert [m.content for m in on.model.prompts[-1].messages[1:]] == [
            "first",
            "You said: first",
            "second",
        ]
        shown = await on.at.person.slash(other, "session", "show").response()
        assert "4 (2 user, 2 agent)" in shown.content


@pytest.mark.parametrize(
    "name",
    ["x" * 300, "../../x", "a/b", "a:b", "a\nb", "a\0b", "🦊", "\u202eabc", "-rf", "[/bold]", "42"],
)
async def test_a_strange_name_is_taken_literally_or_refused_clearly(name: str) -> None:
    async with stage() as on:
        dm = on.at.discord.dm(on.at.ada)
        shown = await on.at.person.slash(dm, "session", "start", name=name).response()
        bound = await on.store.bound(ref(dm.id))
        if bound is None:
            assert shown.ephemeral_to == on.at.ada.id
            assert "⚠️" in shown.content
        else:
            assert bound.name == name
        assert on.at.discord.failed_interactions == []


async def test_a_mistake_is_told_to_the_person_alone() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        for words, options in (
            (("session", "resume"), {"session": "nothing"}),
            (("session", "resume"), {"session": "7"}),
            (("session", "list"), {"page": 99}),
            (("session", "list"), {"page": -1}),
            (("session", "delete"), {"session": "nothing"}),
        ):
            shown = await on.at.person.slash(thread, *words, **options).response()
            assert shown.ephemeral_to == on.at.ada.id
            assert shown.content.startswith("⚠️")


async def test_autocomplete_offers_the_names_that_go_on_as_typed() -> None:
    async with stage() as on:
        dm = on.at.discord.dm(on.at.ada)
        for number in range(30):
            await on.at.person.slash(dm, "session", "start", name=f"alpha {number}").response()
        await on.at.person.slash(dm, "session", "start", name="beta").response()
        for word in ("resume", "show", "delete"):
            choices = await on.at.person.autocomplete(dm, "session", word, session="be")
            assert [choice.value for choice in choices] == ["beta"]
        assert len(await on.at.person.autocomplete(dm, "session", "resume", session="")) == 25


async def test_a_private_channels_sessions_are_invisible_and_not_resumable_outside() -> None:
    async with stage() as on:
        secret = on.at.guild.text("secret", only_for=[on.at.ada, on.at.discord.bot])
        shown = await on.at.person.slash(secret, "session", "start", name="plans").response()
        assert "plans" in shown.content
        (thread,) = on.at.discord.threads(secret)
        inside = await on.store.bound(ref(thread.id))
        assert inside is not None
        assert inside.audience == f"discord:channel:{secret.id}"
        bob = on.at.discord.user("bob")
        on.at.guild.join(bob)
        stranger = on.at.discord.person(bob)
        outside = on.at.person.open_thread(on.at.general, "talk")
        for person, word in ((on.at.person, "belongs to a private channel"), (stranger, "There is no")):
            assert await person.autocomplete(outside, "session", "resume", session="") == []
            listed = await person.slash(outside, "session", "list").response()
            assert "plans" not in listed.content
            refused = await person.slash(outside, "session", "resume", session="plans").response()
            assert word in refused.content
        assert await on.store.bound(ref(outside.id)) is None
        listed = await on.at.person.slash(thread, "session", "list").response()
        assert "plans" in listed.content


async def test_a_private_channel_is_offered_only_what_can_be_resumed_there() -> None:
    async with stage() as on:
        await bound_thread(on)
        secret = on.at.guild.text("secret", only_for=[on.at.ada, on.at.discord.bot])
        await on.at.person.slash(secret, "session", "start", name="plans").response()
        (thread,) = on.at.discord.threads(secret)
        for word, count in (("resume", 1), ("show", 2), ("delete", 2)):
            choices = await on.at.person.autocomplete(thread, "session", word, session="")
            assert len(choices) == count
            assert "plans" in [choice.value for choice in choices]


async def test_a_private_threads_session_stays_inside() -> None:
    async with stage() as on:
        private = on.at.person.open_thread(on.at.general, "us", private=True)
        on.at.person.add_to_thread(private, on.at.discord.bot)
        on.at.person.say(private, "hush", mentions_bot=True)
        await on.at.discord.channel(private).wait_text("You said: hush")
        bound = await on.store.bound(ref(private.id))
        assert bound is not None
        assert bound.audience == f"discord:channel:{private.id}"
        shown = await on.at.person.slash(private, "session", "show").response()
        assert bound.name in shown.content


async def test_stop_ends_the_running_answer_and_what_waits_follows() -> None:
    async with stage() as on:
        on.model.script = lambda p: ["half", f" whole {p.messages[-1].content}"]
        on.model.hold()
        on.at.person.dm("one")
        on.at.person.dm("two")
        view = on.at.discord.dm(on.at.ada)
        on.model.release(1)
        await view.wait_text("half")
        listed = await on.at.person.slash(view, "session", "list").response()
        assert "1 session" in listed.content
        stopped = await on.at.person.slash(view, "stop").response()
        assert "Stopping" in stopped.content
        await view.wait_text("Stopped")
        on.model.release()
        await view.wait_text("whole two")
        assert on.at.discord.failed_interactions == []


async def test_a_stop_that_is_carried_out_late_stops_no_later_answer() -> None:
    asked, gate = asyncio.Event(), asyncio.Event()

    class Slow(MemoryStore):
        async def stop(
            self,
            session: SessionKey,
            event: EventId,
            *,
            turn: EventId | None = None,
            said_at: datetime | None = None,
        ) -> EventId | None:
            asked.set()
            await gate.wait()
            return await super().stop(session, event, turn=turn, said_at=said_at)

    async with stage(store=Slow()) as on:
        view = on.at.discord.dm(on.at.ada)
        on.model.hold()
        on.at.person.dm("one")
        await view.wait_text("…")
        stopping = on.at.person.slash(view, "stop")
        await asked.wait()
        on.model.release(1)
        await view.wait_text("You said: one")
        on.at.person.dm("two")
        await view.wait_text("…")
        gate.set()
        assert "Stopping" not in (await stopping.response()).content
        on.model.release(1)
        await view.wait_text("You said: two")


async def test_retry_runs_the_last_turn_again_under_a_message_of_its_own() -> None:
    async with stage() as on:
        answers = iter((["bad"], ["good"]))
        on.model.script = lambda _: next(answers)
        on.at.person.dm("hello")
        view = on.at.discord.dm(on.at.ada)
        await view.wait_text("bad")
        said = await on.at.person.slash(view, "retry").response()
        assert "again" in said.content
        answer = await view.wait_text("good")
        assert answer.reply_to == said.id
        assert on.model.questions == ["hello", "hello"]


async def test_retry_of_nothing_is_told_to_the_person_alone() -> None:
    async with stage() as on:
        dm = on.at.discord.dm(on.at.ada)
        shown = await on.at.person.slash(dm, "retry").response()
        assert "No session is bound here" in shown.content
        assert shown.ephemeral_to == on.at.ada.id


async def test_typed_commands_are_messages_here() -> None:
    async with stage() as on:
        on.at.person.dm("/session list")
        await on.at.discord.dm(on.at.ada).wait_text("You said: /session list")


async def test_a_slow_thread_is_waited_for_after_an_acknowledgement() -> None:
    async with stage(Settings(answer_deadline=timedelta(seconds=1))) as on:
        on.at.discord.fail(FaultKind.DELAY, "POST", THREADS, seconds=1.2)
        used = on.at.person.slash(on.at.general, "session", "start", name="alpha")
        shown = await used.response()
        assert "Started session" in shown.content
        assert on.at.discord.failed_interactions == []


async def test_an_acknowledgement_whose_reply_is_lost_is_not_doubled() -> None:
    async with stage() as on:
        on.at.discord.fail(FaultKind.DROP_REPLY, "POST", CALLBACK)
        dm = on.at.discord.dm(on.at.ada)
        shown = await on.at.person.slash(dm, "session", "start", name="alpha").response()
        assert "alpha" in shown.content
        await on.at.discord.wait_for(lambda: len(on.at.discord.calls_to("POST", CALLBACK)) == 2)
        assert len(dm.by_bot()) == 1
