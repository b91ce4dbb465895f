"""Where messages are answered, and in what order."""

from bots.wording import UNSEEN
from tests.emulators.telegram import BotApi
from tests.telegram.house import House, all_taken, until_true


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


async def test_a_group_is_answered_when_it_means_the_bot(api: BotApi, house: House) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    bob.say(group, "just among us")
    ada.say(group, "hey @Parley_Bot, what is up?")
    answer = await group.wait_text("re: hey, what is up?")
    bob.say(group, "and now without a mention")
    await group.wait_text("and now without a mention")
    ada.say(group, "a reply", reply_to=answer)
    await group.wait_text("a reply")
    assert house.store.accepted[0].text == "hey, what is up?"
    assert len(house.store.accepted) == 3


async def test_a_reply_to_the_bot_counts_where_nothing_is_bound(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    forum = api.add_supergroup("Team", ada, forum=True)
    ada.say(forum, "/help")
    helped = await forum.wait_text("Session commands")
    ada.say(forum, "to nobody")
    ada.say(forum, "to the bot", reply_to=helped)
    await forum.wait_text("re: to the bot")
    assert [inbound.text for inbound in house.store.accepted] == ["to the bot"]


async def test_messages_of_a_chat_are_answered_in_order(api: BotApi, house: House) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    for number in range(10):
        ada.say(ada, f"a{number}")
        bob.say(bob, f"b{number}")
    await api.chat(ada).wait_text("re: a9")
    await api.chat(bob).wait_text("re: b9")
    assert [text for text in api.chat(ada).texts() if text.startswith("re:")] == [
        f"re: a{number}" for number in range(10)
    ]
    assert house.model.most_running <= 2


async def test_what_is_not_text_is_told_so_once_and_not_stored(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.send_photo(ada)
    ada.send_photo(ada)
    ada.send_sticker(ada)
    ada.send_photo(ada, "what is this?")
    await api.chat(ada).wait_text("re: what is this?")
    told = [text for text in api.chat(ada).texts() if text.startswith("I can only read text")]
    assert len(told) == 1
    assert len(house.store.accepted) == 1
    assert house.store.accepted[0].text == f"what is this?\n\n{UNSEEN}"


async def test_a_mention_alone_is_asked_for_more(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_group("Team", ada)
    ada.say(group, "@parley_bot")
    await group.wait_text("Write your question behind my name")
    assert not house.store.accepted


async def test_edits_are_ignored(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    first = ada.say(ada, "one")
    await api.chat(ada).wait_text("re: one")
    ada.edit(first, "changed")
    ada.say(ada, "two")
    await api.chat(ada).wait_text("re: two")
    assert [inbound.text for inbound in house.store.accepted] == ["one", "two"]


async def test_who_speaks_as_the_group_is_the_group(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_supergroup("Team", ada)
    chat = {"id": group.id, "type": "supergroup", "title": "Team"}
    robot = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    base = {"date": 1, "chat": chat, "from": robot}
    api.garbage_update({"message": {**base, "message_id": 900, "text": "@parley_bot from a bot"}})
    api.garbage_update(
        {"message": {**base, "message_id": 901, "sender_chat": chat, "text": "@parley_bot hidden"}}
    )
    await group.wait_text("re: hidden")
    (inbound,) = house.store.accepted
    assert inbound.author.id == f"telegram:{group.id}"
    assert inbound.author.name == "Team"


async def test_a_topics_title_moves_along(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    forum = api.add_supergroup("Team", ada, forum=True)
    topic = api.groups.create_topic(forum, "Budget")
    ada.say(forum, "@parley_bot hello", thread=topic.id)
    await forum.thread(topic.id).wait_text("re: hello")
    session = await house.bound(forum.id, topic.id)
    assert session is not None
    assert session.title == "Budget"
    api.groups.rename_topic(forum, topic.id, "Budget 2032")
    ada.say(forum, "more", thread=topic.id)
    await forum.thread(topic.id).wait_text("re: more")
    session = await house.bound(forum.id, topic.id)
    assert session is not None
    assert session.title == "Budget 2032"


async def test_a_closed_topic_puts_its_session_away_and_a_reopened_one_takes_it_back(
    api: BotApi, house: House
) -> None:
    ada = api.add_person("Ada")
    forum = api.add_supergroup("Team", ada, forum=True)
    topic = api.groups.create_topic(forum, "Budget")
    ada.say(forum, "@parley_bot hello", thread=topic.id)
    await forum.thread(topic.id).wait_text("re: hello")
    for act, status in ((api.groups.close_topic, "archived"), (api.groups.reopen_topic, "active")):
        act(forum, topic.id)
        await all_taken(api)
        session = await house.bound(forum.id, topic.id)
        assert session is not None
        assert session.status == status


async def test_a_group_that_becomes_a_supergroup_keeps_its_session(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_group("Team", ada)
    ada.say(group, "@parley_bot one")
    await group.wait_text("re: one")
    before = await house.bound(group.id)
    new = api.groups.migrate(group)
    ada.say(new, "two")
    await new.wait_text("re: two")
    after = await house.bound(new.id)
    assert before is not None
    assert after is not None
    assert before.key == after.key


async def test_an_answer_goes_on_in_the_group_that_its_chat_became(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_group("Team", ada)
    house.model.hold()
    ada.say(group, "@parley_bot one two three")
    await group.wait_text("…")
    new = api.groups.migrate(group)
    house.model.let()
    await new.wait_text("re: one two three")


async def test_a_deleted_topic_lets_its_session_go(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    forum = api.add_supergroup("Team", ada, forum=True)
    topic = api.groups.create_topic(forum, "Budget")
    ada.say(forum, "@parley_bot hello", thread=topic.id)
    await forum.thread(topic.id).wait_text("re: hello")
    house.model.hold()
    ada.say(forum, "again", thread=topic.id)
    await api.wait_for(lambda: len(house.model.prompts) == 2 or None)
    api.groups.delete_topic(forum, topic.id)
    house.model.let()
    await until_true(lambda: house.bound(forum.id, topic.id), lambda session: session is None)


async def test_topics_of_a_private_chat_are_threads_of_their_own(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "outside")
    await api.chat(ada).thread(None).wait_text("re: outside")
    topic = api.groups.create_topic(ada, "Recipes")
    ada.say(ada, "inside", thread=topic.id)
    await api.chat(ada).thread(topic.id).wait_text("re: inside")
    inside, outside = await house.bound(ada.id, topic.id), await house.bound(ada.id)
    assert inside is not None
    assert outside is not None
    assert inside.key != outside.key
    assert inside.title == "Recipes"


async def test_the_posts_of_a_linked_channel_are_not_for_the_bot(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_supergroup("Team", ada)
    channel = {"id": -1009, "type": "channel", "title": "News"}
    post = {
        "message_id": 900,
        "date": 1,
        "chat": {"id": group.id, "type": "supergroup", "title": "Team"},
        "sender_chat": channel,
        "text": "@parley_bot in a post",
    }
    api.garbage_update({"message": {**post, "is_automatic_forward": True}})
    api.garbage_update({"message": {**post, "message_id": 901, "text": "@parley_bot as a channel"}})
    await group.wait_text("re: as a channel")
    (inbound,) = house.store.accepted
    assert (inbound.author.id, inbound.author.name) == ("telegram:-1009", "News")


async def test_pictures_among_people_are_let_be_and_in_a_bound_thread_told_seldom(
    api: BotApi, house: House
) -> None:
    ada = api.add_person("Ada")
    group = api.add_supergroup("Team", ada)
    ada.send_photo(group)
    await all_taken(api)
    assert len(group.visible()) == 1
    ada.say(group, "@parley_bot hello")
    await group.wait_text("re: hello")
    for _ in range(3):
        ada.send_sticker(group)
    await group.wait_text("I can only read text")
    ada.say(group, "so be it")
    await group.wait_text("so be it")
    assert len([text for text in group.texts() if text.startswith("I can only")]) == 1
