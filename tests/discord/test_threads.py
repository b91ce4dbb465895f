"""What happens to Discord's threads happens to their sessions."""

from functools import partial

from sessions.model import Status
from tests.discord.stage import Stage, bound_thread, ref, stage
from tests.emulators.discord import Permission


async def session_of(on: Stage, thread: int) -> tuple[str, Status]:
    bound = await on.store.bound(ref(thread))
    assert bound is not None
    return bound.title, bound.status


async def test_a_renamed_thread_gives_its_session_the_title() -> None:
    async with stage() as on:
        thread = await bound_thread(on, "old name")
        assert await session_of(on, thread) == ("old name", Status.ACTIVE)
        on.at.person.rename(thread, "new name")
        await on.until(lambda: session_of(on, thread), ("new name", Status.ACTIVE))


async def test_archiving_puts_the_session_away_and_writing_takes_it_back() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        on.at.person.archive(thread)
        await on.until(lambda: session_of(on, thread), ("talk", Status.ARCHIVED))
        on.at.person.unarchive(thread)
        await on.until(lambda: session_of(on, thread), ("talk", Status.ACTIVE))
        on.at.person.lock(thread)
        await on.until(lambda: session_of(on, thread), ("talk", Status.ARCHIVED))
        on.at.person.unlock(thread)
        await on.until(lambda: session_of(on, thread), ("talk", Status.ACTIVE))


async def test_an_answer_goes_into_a_thread_that_was_archived_meanwhile() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        on.model.hold()
        on.at.person.say(thread, "second")
        view = on.at.discord.channel(thread)
        await view.wait_text("…")
        on.at.person.archive(thread)
        on.model.release()
        await view.wait_text("You said: second")


async def test_a_deleted_thread_leaves_its_session_paused() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        bound = await on.store.bound(ref(thread))
        assert bound is not None
        on.at.person.delete_channel(thread)

        async def status() -> Status:
            found = await on.store.get(bound.key)
            assert found is not None
            return found.status

        await on.until(status, Status.PAUSED)


async def test_an_answer_to_a_deleted_thread_ends_the_turn() -> None:
    async with stage() as on:
        thread = await bound_thread(on)
        bound = await on.store.bound(ref(thread))
        assert bound is not None
        on.model.hold()
        on.at.person.say(thread, "second")
        await on.at.discord.channel(thread).wait_text("…")
        on.at.person.delete_channel(thread)
        on.model.release()

        async def waiting() -> int:
            return len(await on.store.waiting(bound.key))

        await on.until(waiting, 0)


async def test_a_placeholder_that_was_deleted_is_sent_anew() -> None:
    async with stage() as on:
        on.model.hold()
        on.at.person.dm("hello")
        view = on.at.discord.dm(on.at.ada)
        first = await view.wait_text("…")
        await on.at.discord.wait_for(lambda: len(on.model.prompts) == 1)
        on.remove(first.id)
        on.model.release()
        second = await view.wait_text("You said: hello")
        assert second.id != first.id


async def test_a_deleted_channel_takes_the_bindings_of_its_threads_along() -> None:
    async with stage() as on:
        channel = on.at.guild.text("short-lived")
        on.at.guild.join(on.at.ada, may=Permission.MANAGE_CHANNELS | Permission.MANAGE_THREADS)
        on.at.person.say(channel, "first", mentions_bot=True)
        thread = on.at.person.open_thread(channel, "talk")
        on.at.person.say(thread, "first", mentions_bot=True)
        for place in (channel, thread):
            await on.at.discord.channel(place).wait_text("You said: first")
        on.at.person.delete_channel(channel)
        for place in (channel, thread):
            await on.until(partial(on.store.bound, ref(place.id)), None)
