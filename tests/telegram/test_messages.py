"""Where messages are answered, and in what order."""

from tests.emulators.telegram import BotApi
from tests.telegram.house import House


async def test_a_private_message_is_answered_as_a_reply(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    asked = ada.say(ada, "hello")
    answer = await api.chat(ada).wait_text("re: hello")
    assert answer.reply_to == asked.id
    assert api.chat(ada).texts() == ["hello", "re: hello"]


async def test_each_topic_is_answered_in_itself_and_general_outside(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    forum = api.add_supergroup("Team", ada, forum=True)
    topics = [api.groups.create_topic(forum, name) for name in ("alpha", "beta")]
    for topic in topics:
        ada.say(forum, f"@parley_bot in {topic.name}", thread=topic.id)
    ada.say(forum, "@parley_bot in General")
    for topic in topics:
        await forum.thread(topic.id).wait_text(f"re: in {topic.name}")
    await forum.thread(None).wait_text("re: in General")
    for topic in topics:
        assert len(forum.thread(topic.id).visible()) == 2
    assert len(forum.thread(None).visible()) == 2
