"""What people write and what they see of it."""

import pytest

from sessions.model import OPEN
from tests.discord.stage import Stage, bound_thread, ref, stage
from tests.emulators.discord import FaultKind, RateLimits, Settings
from tests.emulators.discord.small_world import Place

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"


async def test_a_mention_is_answered_once_as_a_reply_that_streams() -> None:
    async with stage() as on:
        on.model.script = lambda _: ["Hel", "lo ", "there"]
        on.model.hold()
        said = on.at.person.say(on.at.general, "hello", mentions_bot=True)
        await on.at.view.wait_text("…")
        on.model.release(1)
        await on.at.view.wait_text("Hel")
        on.model.release()
        answer = await on.at.view.wait_text("Hello there")
        assert (answer.reply_to, answer.mentions) == (said.id, [])
        assert [revision.content for revision in answer.history][:2] == ["…", "Hel"]
        assert len(on.at.view.by_bot()) == 1
        assert on.model.questions == ["hello"]


async def test_typing_is_shown_while_there_is_no_text() -> None:
    async with stage() as on:
        on.model.hold()
        on.at.person.dm("hello")
        view = on.at.discord.dm(on.at.ada)
        await on.at.discord.wait_for(lambda: view.typing)
        on.model.release()
        await view.wait_text("You said: hello")


async def test_a_channel_is_answered_when_the_bot_is_meant_and_a_bound_thread_always() -> None:
    async with stage() as on:
        on.at.person.say(on.at.general, "not for you")
        on.at.person.say(on.at.general, "one", mentions_bot=True)
        answer = await on.at.view.wait_text("You said: one")
        on.at.person.say(on.at.general, "still not for you")
        on.at.person.say(on.at.general, "two", reply_to=answer)
        await on.at.view.wait_text("You said: two")
        unbound = on.at.person.open_thread(on.at.general, "others")
        on.at.person.say(unbound, "not for you either")
        thread = await bound_thread(on)
        on.at.person.say(thread, "second")
        await on.at.discord.channel(thread).wait_text("You said: second")
        assert on.model.questions == ["one", "two", "first", "second"]


async def test_a_conversation_needs_no_mention_and_has_its_own_workspace() -> None:
    async with stage() as on:
        on.at.person.dm("hello")
        view = on.at.discord.dm(on.at.ada)
        await view.wait_text("You said: hello")
        bound = await on.store.bound(ref(view.id))
        assert bound is not None
        assert bound.audience == OPEN
        workspaces = await on.store.workspaces(None, 10)
        assert [w.key for w, _ in workspaces.workspaces] == [f"discord:dm:{view.id}"]


async def test_a_forum_post_that_mentions_the_bot_is_answered_in_it() -> None:
    async with stage() as on:
        post = on.at.person.open_post(on.at.guild.forum("ideas"), "mine", "what now", mentions_bot=True)
        answer = await on.at.discord.channel(post).wait_text("You said: what now")
        assert answer.channel_id == post.id


async def test_the_model_reads_names_instead_of_mentions() -> None:
    async with stage() as on:
        bob = on.at.discord.user("bob")
        on.at.guild.join(bob)
        bot = on.at.discord.bot.mention
        on.at.person.say(on.at.general, f"{bot} ask {bob.mention}, {bot}, please")
        await on.at.view.wait_text("You said")
        assert on.model.questions == ["ask @bob,, please"]


async def test_an_event_that_is_delivered_twice_makes_one_turn() -> None:
    async with stage() as on:
        on.at.discord.gateway.deliver_twice("MESSAGE_CREATE")
        on.at.person.dm("once")
        view = on.at.discord.dm(on.at.ada)
        await view.wait_text("You said: once")
        on.at.discord.gateway.redeliver("MESSAGE_CREATE")
        on.at.person.dm("then")
        await view.wait_text("You said: then")
        assert on.model.questions == ["once", "then"]
        assert len(view.by_bot()) == 2


async def test_an_event_delivered_to_the_next_process_makes_no_second_turn() -> None:
    async with stage() as on:
        view = on.at.discord.dm(on.at.ada)
        said = on.at.person.dm("once")
        await view.wait_text("You said: once")
        payload = {
            "id": str(said.id),
            "channel_id": str(view.id),
            "author": {"id": str(on.at.ada.id), "username": "ada"},
            "content": "once",
        }
        async with Stage(on.at, on.store, on.model).running():
            on.at.discord.gateway.garbage("MESSAGE_CREATE", payload)
            on.at.person.dm("then")
            await view.wait_text("You said: then")
        assert on.model.questions == ["once", "then"]


@pytest.mark.parametrize("kind", [FaultKind.DROP_REPLY, FaultKind.RESET])
async def test_a_send_whose_reply_is_lost_makes_no_second_message(kind: FaultKind) -> None:
    async with stage() as on:
        on.at.discord.fail(kind, "POST", MESSAGES)
        on.at.discord.fail(kind, "PATCH", MESSAGE)
        on.at.person.say(on.at.general, "hello", mentions_bot=True)
        await on.at.view.wait_text("You said: hello")
        assert len(on.at.view.everything()) == 2


async def test_a_long_answer_arrives_whole_in_parts_with_valid_fences() -> None:
    async with stage() as on:
        lines = [f"line {number}: {'x' * 40}" for number in range(120)]
        on.model.script = lambda _: ["Look:\n```python\n" + "\n".join(lines) + "\n```\ndone"]
        on.at.person.dm("go")
        view = on.at.discord.dm(on.at.ada)
        await view.wait_text("done")
        parts = [message.content for message in view.by_bot()]
        assert len(parts) > 2
        assert all(len(part) <= 2000 and part.count("```") % 2 == 0 for part in parts)
        shown = "\n".join(parts)
        assert [line for line in shown.splitlines() if line.startswith("line")] == lines


async def test_a_chatty_model_breaks_no_rate_limit() -> None:
    settings = Settings(rate_limits=RateLimits())
    async with stage(settings) as on:
        on.model.script = lambda _: [f"{number} " for number in range(200)]
        for number in range(3):
            on.at.person.dm(f"count {number}")
        view = on.at.discord.dm(on.at.ada)
        await on.at.discord.wait_for(
            lambda: len([m for m in view.by_bot() if m.content.endswith("199")]) == 3, 30
        )
        assert on.at.discord.rate_limit_violations == []


async def test_a_flood_is_waited_out() -> None:
    async with stage() as on:
        on.at.discord.fail(FaultKind.HTTP_ERROR, "PATCH", MESSAGE, status=429, seconds=0.2)
        on.at.person.dm("hello")
        await on.at.discord.dm(on.at.ada).wait_text("You said: hello")


async def test_attachments_alone_are_refused_clearly_and_store_nothing() -> None:
    async with stage() as on:
        said = on.at.person.dm(attachments=["cat.png"])
        view = on.at.discord.dm(on.at.ada)
        answer = await view.wait_text("I can only read text")
        assert answer.reply_to == said.id
        assert (await on.store.workspaces(None, 10)).workspaces == ()
        assert on.model.prompts == []
        on.at.person.dm("what is this?", attachments=["cat.png"])
        await view.wait_text("what is this?\n\n[Something came with this message")


async def test_a_bare_mention_is_told_what_to_do() -> None:
    async with stage() as on:
        on.at.person.say(on.at.general, "", mentions_bot=True)
        await on.at.view.wait_text("Write your message after the mention")
        assert on.model.prompts == []


async def test_who_is_not_admitted_learns_how_and_reaches_nothing() -> None:
    async with stage(allowed=lambda _: "discord:user:7") as on:
        for _ in range(2):
            on.at.person.say(on.at.general, "hello", mentions_bot=True)
            on.at.person.dm("hello")
        private = on.at.discord.dm(on.at.ada)
        await private.wait_messages(2)
        (refusal,) = await on.at.view.wait_messages(1)
        assert f"discord:user:{on.at.ada.id}" in refusal.content.replace("\\", "")
        shown = await on.at.person.slash(on.at.general, "session", "list").response()
        assert shown.ephemeral_to == on.at.ada.id
        assert "PARLEY" in shown.content
        assert await on.at.person.autocomplete(on.at.general, "session", "resume", session="") == []
        assert on.model.prompts == []


@pytest.mark.parametrize("entry", ["user", "guild", "channel"])
async def test_a_person_a_guild_or_a_channel_can_be_admitted(entry: str) -> None:
    def allowed(at: Place) -> str:
        ids = {"user": at.ada.id, "guild": at.guild.id, "channel": at.general.id}
        return f"discord:{entry}:{ids[entry]}"

    async with stage(allowed=allowed) as on:
        on.at.person.say(on.at.general, "hello", mentions_bot=True)
        await on.at.view.wait_text("You said: hello")
