"""What people write and what they see of it."""

from tests.discord.stage import stage


async def test_a_mention_is_answered_once_as_a_reply_that_streams() -> None:
    async with stage() as on:
        said = on.at.person.say(on.at.general, "hello", mentions_bot=True)
        answer = await on.at.view.wait_text("You said: hello")
        assert answer.reply_to == said.id
        assert answer.mentions == []
        assert answer.history[0].content == "…"
        assert len(on.at.view.by_bot()) == 1
