"""Who may use the bot, and what others are told."""

from tests.emulators.telegram import BotApi
from tests.telegram.house import House, all_taken


async def test_who_is_not_admitted_is_told_the_id_and_the_setting_once(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api, allowed="telegram:1")
    async with house.serving():
        for number in range(5):
            ada.say(ada, f"hello {number}")
        ada.say(ada, "/session list")
        refusal = await api.chat(ada).wait_text("PARLEY_ALLOWED")
        await all_taken(api)
    assert f"telegram:{ada.id}" in refusal.text
    assert len([message for message in api.chat(ada).visible() if message.by_bot]) == 1
    assert not house.store.accepted


async def test_nobody_is_admitted_without_a_list(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api, allowed="")
    async with house.serving():
        ada.say(ada, "hello")
        await api.chat(ada).wait_text("PARLEY_ALLOWED")
    assert not house.store.accepted


async def test_a_person_or_a_whole_chat_can_be_admitted(api: BotApi) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    house = House(api, allowed=f"telegram:{ada.id},telegram:{group.id}")
    async with house.serving():
        ada.say(ada, "hello")
        await api.chat(ada).wait_text("re: hello")
        bob.say(group, "@parley_bot hello")
        await group.wait_text("re: hello")
        bob.say(bob, "hello")
        await api.chat(bob).wait_text("PARLEY_ALLOWED")
    assert len(house.store.accepted) == 2


async def test_in_a_group_only_those_who_ask_are_refused(api: BotApi) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    house = House(api, allowed=f"telegram:{ada.id}")
    async with house.serving():
        ada.say(group, "@parley_bot hello")
        answer = await group.wait_text("re: hello")
        bob.say(group, "not for the bot")
        await all_taken(api)
        assert len(group.visible()) == 3
        bob.say(group, "for the bot", reply_to=answer)
        await group.wait_text(f"telegram:{bob.id}")
    assert len(house.store.accepted) == 1


async def test_a_button_does_nothing_for_who_is_not_admitted(api: BotApi) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    house = House(api, allowed=f"telegram:{ada.id}")
    async with house.serving():
        ada.say(group, "/session start alpha")
        ada.say(group, "/session delete alpha")
        asked = await group.wait_text("Delete session alpha?")
        answer = await bob.press(asked, "🗑 Delete").answered(30)
        assert answer.show_alert
        assert "may not use this bot" in answer.text
    assert await house.names(group.id) == {"alpha"}


async def test_an_admitted_group_stays_admitted_when_it_becomes_a_supergroup(api: BotApi) -> None:
    ada = api.add_person("Ada")
    group = api.add_group("Team", ada)
    house = House(api, allowed=f"telegram:{group.id}")
    async with house.serving():
        ada.say(group, "@parley_bot hello")
        await group.wait_text("re: hello")
        new = api.groups.migrate(group)
        ada.say(new, "@parley_bot still there?")
        await new.wait_text("re: still there?")
    async with house.serving():
        ada.say(new, "@parley_bot and after a restart?")
        await new.wait_text("re: and after a restart?")


async def test_a_refusal_in_a_group_tells_the_groups_id_too(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api, allowed="telegram:1")
    group = api.add_supergroup("Team", ada)
    async with house.serving():
        ada.say(group, "@parley_bot hello")
        refusal = await group.wait_text("PARLEY_ALLOWED")
    assert (
        f"by adding telegram:{ada.id}, or everybody here by adding telegram:{group.id}," in refusal.text
    )
    assert "\u200b" not in refusal.text
