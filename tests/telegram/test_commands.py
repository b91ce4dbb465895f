"""Commands and buttons: beside running turns, in order, and only for those who may."""

from bots.telegram.menu import MENU
from tests.emulators.telegram import BotApi, Fault, MemberStatus
from tests.telegram.house import House, all_taken, until_true


async def test_the_menu_is_set(api: BotApi, house: House) -> None:
    call = await api.wait_call("setMyCommands", timeout=30)
    assert call.status == 200
    (commands,) = api.world.commands.values()
    assert [command["command"] for command in commands] == list(MENU)


async def test_the_six_words_work_in_a_chat(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "/start")
    chat = api.chat(ada)
    await chat.wait_text("Session commands")
    ada.say(ada, "/session start alpha")
    await chat.wait_text("Started session alpha")
    ada.say(ada, "my name is Ada")
    await chat.wait_text("re: my name is Ada")
    ada.say(ada, "/session start beta")
    await chat.wait_text("Started session beta")
    ada.say(ada, "/session list")
    await chat.wait_text("Available sessions")
    ada.say(ada, "/session resume alpha")
    await chat.wait_text("Resumed session alpha")
    ada.say(ada, "/session show")
    await chat.wait_text("Recent messages")
    ada.say(ada, "/session delete beta")
    await chat.wait_text("Delete session beta?")
    ada.say(ada, "/session frobnicate")
    await chat.wait_text("is no session command")
    ada.say(ada, "/session")
    await all_taken(api)
    assert await house.names(ada.id) == {"alpha", "beta"}


async def test_a_message_right_behind_a_command_goes_where_the_command_led(
    api: BotApi, house: House
) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "/session start alpha")
    ada.say(ada, "for alpha")
    ada.say(ada, "/session start beta")
    ada.say(ada, "for beta")
    await api.chat(ada).wait_text("re: for beta")
    for name, text in (("alpha", "for alpha"), ("beta", "for beta")):
        ada.say(ada, f"/session resume {name}")
        resumed = await api.chat(ada).wait_text(f"Resumed session {name}")
        assert f"Last message: {text}" in resumed.text


async def test_a_command_for_another_bot_is_not_ours(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_group("Team", ada)
    ada.say(group, "/session@other_bot list")
    ada.say(group, "/unknown")
    ada.say(group, "/session@parley_bot list")
    await group.wait_text("No sessions yet")
    assert len([message for message in group.visible() if message.by_bot]) == 1


async def test_stop_acts_while_a_turn_runs(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    house.model.hold()
    ada.say(ada, "tell me a long story")
    await api.chat(ada).wait_text("…")
    house.model.let(2)
    ada.say(ada, "/stop")
    await api.chat(ada).wait_text("Stopped")
    await api.chat(ada).wait_text("Stopping the answer")
    house.model.let()
    ada.say(ada, "next")
    await api.chat(ada).wait_text("re: next")


async def test_retry_runs_the_last_turn_again(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "/retry")
    await api.chat(ada).wait_text("No session is bound here")
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello")
    again = ada.say(ada, "/retry")
    await api.wait_for(
        lambda: [one for one in api.chat(ada).visible() if one.reply_to == again.id and "re:" in one.text]
    )
    assert [prompt.messages[-1].content for prompt in house.model.prompts] == ["hello", "hello"]


async def test_a_delete_without_a_name_means_what_the_command_before_it_bound(
    api: BotApi, house: House
) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "/session start alpha")
    ada.say(ada, "/session delete")
    await api.chat(ada).wait_text("Delete session alpha?")


async def test_delete_is_confirmed_by_its_starter(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_supergroup("Team", api.add_person("Eve"), ada)
    ada.say(group, "/session start alpha")
    await group.wait_text("Started session alpha")
    ada.say(group, "/session delete alpha")
    asked = await group.wait_text("Delete session alpha?")
    press = ada.press(asked, "Cancel")
    assert (await press.answered(30)).text == ""
    kept = await group.wait_text("Cancelled. Nothing was deleted")
    assert kept.id == asked.id
    assert kept.buttons == ()
    assert await house.names(group.id) == {"alpha"}
    press = ada.press(asked, "🗑 Delete")
    await press.answered(30)
    gone = await group.wait_text("deleted successfully")
    assert gone.id == asked.id
    assert await house.names(group.id) == set()


async def test_a_late_cancel_does_not_take_a_done_deletion_back_nor_may_others_cancel(
    api: BotApi, house: House
) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    group = api.add_supergroup("Team", api.add_person("Eve"), ada, bob)
    ada.say(group, "/session start alpha")
    await group.wait_text("Started session alpha")
    ada.say(group, "/session delete alpha")
    asked = await group.wait_text("Delete session alpha?")
    cancel = next(data for label, data in asked.buttons if label == "Cancel")
    assert cancel is not None
    assert "Only the person who started" in (await bob.press_data(asked, cancel).answered(30)).text
    await ada.press(asked, "🗑 Delete").answered(30)
    await group.wait_text("deleted successfully")
    assert "gone" in (await ada.press_data(asked, cancel).answered(30)).text
    assert "deleted successfully" in group.texts()[-1]


async def test_delete_is_refused_to_others_and_allowed_to_administrators(
    api: BotApi, house: House
) -> None:
    ada, bob, eve = api.add_person("Ada"), api.add_person("Bob"), api.add_person("Eve")
    group = api.add_supergroup("Team", eve, ada, bob)
    ada.say(group, "/session start alpha")
    await group.wait_text("Started session alpha")
    bob.say(group, "/session delete alpha")
    await group.wait_text("Only the person who started", timeout=30)
    ada.say(group, "/session delete alpha")
    asked = await group.wait_text("Delete session alpha?")
    refused = await bob.press(asked, "🗑 Delete").answered(30)
    assert refused.show_alert
    assert "Only the person who started" in refused.text
    assert await house.names(group.id) == {"alpha"}
    api.groups.set_status(group, bob.user, MemberStatus.ADMINISTRATOR)
    await bob.press(asked, "🗑 Delete").answered(30)
    await until_true(lambda: house.names(group.id), lambda names: not names)


async def test_a_button_is_refused_in_another_chat_and_when_it_is_made_up(
    api: BotApi, house: House
) -> None:
    ada, eve = api.add_person("Ada"), api.add_person("Eve")
    ada.say(ada, "/session start alpha")
    await api.chat(ada).wait_text("Started session alpha")
    session = await house.bound(ada.id)
    assert session is not None
    eve.say(eve, "/help")
    helped = await api.chat(eve).wait_text("Session commands")
    for data in (f"s:d:{session.key.id}", f"s:r:{session.key.id}"):
        answer = await eve.press_data(helped, data).answered(30)
        assert answer.show_alert
        assert "gone" in answer.text
    for data in ("s:d:../../x", "s:x", "💥", "s:l:0", "s:d:" + "a" * 60):
        answer = await eve.press_data(helped, data).answered(30)
        assert answer.show_alert
        assert "does not work any more" in answer.text
    eve.delete(helped)
    answer = await eve.press_data(helped, "s:l:1").answered(30)
    assert "does not work any more" in answer.text
    assert await house.names(ada.id) == {"alpha"}


async def test_a_list_is_paged_in_place_and_its_numbers_resume(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    for number in range(12):
        ada.say(ada, f"/session start s{number:02}")
    await api.chat(ada).wait_text("Started session s11")
    ada.say(ada, "/session list")
    first = await api.chat(ada).wait_text("page 1 of 2")
    await ada.press(first, "2 ▶").answered(30)
    second = await api.chat(ada).wait_text("page 2 of 2")
    assert second.id == first.id
    await ada.press(second, "▶️ 12").answered(30)
    await api.chat(ada).wait_text("Resumed session s00")
    ada.say(ada, "/session resume 11")
    await api.chat(ada).wait_text("Resumed session s01")


async def test_a_command_of_a_process_that_died_is_answered_by_the_next(api: BotApi) -> None:
    ada, house = api.add_person("Ada"), House(api)
    broken = api.fail("sendMessage", Fault.error(500, "Internal Server Error"), times=None)
    async with house.serving():
        ada.say(ada, "/session start alpha")
        await all_taken(api)
        await api.wait_call("sendMessage")
    broken.remove()
    house.store.pass_time()
    async with house.serving():
        await api.chat(ada).wait_text("Started session alpha")
    assert len([text for text in api.chat(ada).texts() if "Started" in text]) == 1


async def test_names_are_never_markup(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    for name in ("[/bold]", "../../x", "a`b", "*x*", "<b>", "@parley_bot"):
        ada.say(ada, f"/session start {name}")
        started = await api.chat(ada).wait_text(f"Started session {name}")
        assert [entity["type"] for entity in started.entities] == ["code"]


async def test_a_press_that_comes_twice_deletes_once(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "/session start alpha")
    ada.say(ada, "/session delete alpha")
    asked = await api.chat(ada).wait_text("Delete session alpha?")
    await ada.press(asked, "🗑 Delete").answered(30)
    await api.chat(ada).wait_text("deleted successfully")
    ada.say(ada, "/session start alpha")
    await api.chat(ada).wait_text("Started session alpha")
    published = api.world.updates.published
    api.redeliver(next(update.id for update in published if "callback_query" in update.payload))
    ada.say(ada, "still here")
    await api.chat(ada).wait_text("re: still here")
    assert await house.names(ada.id) == {"alpha"}
    assert len(api.calls_of("answerCallbackQuery")) == 1


async def test_an_outcome_that_is_flooded_arrives_later(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    api.fail("sendMessage", Fault.flood(1))
    ada.say(ada, "/session start alpha")
    await api.chat(ada).wait_text("Started session alpha")
    assert not api.flood_violations


async def test_a_group_speaking_as_itself_may_delete(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    group = api.add_supergroup("Team", ada)
    ada.say(group, "/session start alpha")
    await group.wait_text("Started session alpha")
    chat = {"id": group.id, "type": "supergroup", "title": "Team"}
    robot = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    said = {"date": 1, "chat": chat, "from": robot, "sender_chat": chat, "text": "/session delete alpha"}
    api.garbage_update({"message": {**said, "message_id": 900}})
    await group.wait_text("Delete session alpha?")


async def test_outcomes_are_said_in_the_order_of_their_commands(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    api.fail("sendMessage", Fault.error(500, "Internal Server Error"), times=2)
    for name in ("one", "two", "three"):
        ada.say(ada, f"/session start {name}")
    await api.chat(ada).wait_text("Started session three")
    outcomes = [text.splitlines()[0] for text in api.chat(ada).texts() if "Started" in text]
    assert [outcome.split()[-1] for outcome in outcomes] == ["one", "two", "three"]


async def test_a_list_waits_for_no_answer_under_way(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    house.model.hold()
    ada.say(ada, "a long story")
    await api.chat(ada).wait_text("…")
    ada.say(ada, "/session list")
    await api.chat(ada).wait_text("Available sessions")
    house.model.let()
    await api.chat(ada).wait_text("re: a long story")
