"""What people write while no process listens is answered by the next, and nothing else is."""

from bots.discord.events import Asked, Reference, Said, User
from bots.discord.traces import Traces
from storage.memory import MemoryStore
from tests.discord.stage import ScriptedModel, Stage, bound_thread, stage
from tests.emulators.discord import FaultKind
from tests.emulators.discord.small_world import place

MESSAGES = "/channels/{channel_id}/messages"
BOT, ADA = User("1"), User("2")


async def test_an_answer_committed_late_hides_no_message_of_the_time_before() -> None:
    """A turn that was taken over is committed after messages that nobody heard."""
    async with place() as at:
        on, thread = Stage(at, MemoryStore(), ScriptedModel()), at.person.open_thread(at.general, "talk")
        views = at.discord.channel(thread), at.discord.dm(at.ada)
        on.model.hold()
        async with on.running(drain=0.0):
            at.person.say(thread, "hello", mentions_bot=True)
            at.person.dm("hello")
            for view in views:
                await view.wait_text("…")
        at.person.say(thread, "meanwhile")
        at.person.dm("meanwhile")
        on.model.release()

        async def swept() -> None:
            for view in views:
                await view.wait_text("You said: hello")

        async with on.running(first=swept):
            for view in views:
                await view.wait_text("You said: meanwhile")
        for view in views:
            shown = [message.content for message in view.by_bot()]
            assert shown == ["You said: hello", "You said: meanwhile"]


async def test_what_is_heard_at_once_is_answered_after_what_is_still_to_be_read() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        view = on.at.discord.channel(thread)
        await on.down()
        on.at.person.say(thread, "missed")
        on.at.discord.fail(FaultKind.DELAY, "GET", MESSAGES, seconds=1.0)
        async with on.restarted():
            on.at.person.say(thread, "live", mentions_bot=True)
            await view.wait_text("You said: live")
        assert on.model.questions == ["first", "missed", "live"]


async def test_what_people_said_among_themselves_before_a_command_bound_the_thread_stays_theirs() -> None:
    async with stage() as on:
        threads = [on.at.person.open_thread(on.at.general, name) for name in ("one", "other")]
        for thread in threads:
            on.at.person.say(thread, "just us")
        await on.at.person.slash(threads[0], "session", "start", name="alpha").response()
        on.at.person.say(threads[1], "hello", mentions_bot=True)
        await on.at.discord.channel(threads[1]).wait_text("You said: hello")
        await on.down()
        for thread in threads:
            on.at.person.say(thread, f"missed in {thread.name}")
        async with on.restarted():
            for thread in threads:
                await on.at.discord.channel(thread).wait_text(f"You said: missed in {thread.name}")
        assert sorted(on.model.questions) == ["hello", "missed in one", "missed in other"]


def said(
    number: int, author: User = ADA, *, to: str = "", command: bool = False, bot: bool = False
) -> Said:
    return Said(
        str(number),
        "7",
        author,
        mentions=(BOT,) if bot else (),
        message_reference=Reference(to) if to else None,
        interaction_metadata=Asked(ADA) if command else None,
    )


def missed(
    *found: Said, taken: tuple[str, ...] = (), direct: bool = False, heard: int = 1000
) -> list[str]:
    traces = Traces(BOT.id, "", frozenset(taken), heard)
    return [one.id for one in traces.missed(found, direct=direct)]


def test_what_was_taken_over_or_replied_to_is_not_missed() -> None:
    assert missed(said(4), said(3, BOT, to="1"), said(2), said(1), taken=("2",)) == ["4"]


def test_a_late_answer_does_not_count_by_its_own_time() -> None:
    assert missed(said(1, bot=True), said(2), said(3, BOT, to="1")) == ["2"]


def test_nothing_before_the_newest_binding_is_missed_in_a_guild() -> None:
    assert missed(said(1), said(2, BOT, command=True), said(3)) == ["3"]
    assert missed(said(1), said(2, bot=True), said(3), taken=("2",)) == ["3"]
    assert missed(said(1), said(2, bot=True), said(3)) == ["1", "2", "3"]
    assert missed(said(1), said(2, BOT, command=True), said(3), direct=True) == ["1", "3"]


def test_a_command_of_this_very_process_hides_nothing() -> None:
    assert missed(said(1), said(2, BOT, command=True), said(3), heard=2) == ["1", "3"]


def test_reading_back_ends_where_something_was_taken_over_before() -> None:
    traces = Traces(BOT.id, "", frozenset({"2"}), 3)
    assert traces.seen([said(2), said(5)])
    assert not traces.seen([said(4), said(5, BOT, to="4")])
