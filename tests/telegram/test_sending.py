"""Answers arrive complete and once, at the pace that Telegram allows."""

from datetime import timedelta

import pytest

from tests.emulators.telegram import BotApi, ChatView, Fault, Flood
from tests.emulators.telegram.formatting import MAX_TEXT_UNITS, utf16_length
from tests.telegram.house import House

LONG = "\n\n".join(
    f"## Chapter {chapter}\n\nSome **bold** and `code` text 😀.\n\n```python\n"
    + "\n".join(f"print({chapter}, {line})  # a longer comment" for line in range(70))
    + "\n```"
    for chapter in range(10)
)


def answers(chat: ChatView) -> list[str]:
    return [message.text for message in chat.visible() if message.by_bot]


async def test_a_long_answer_with_fences_arrives_complete(api: BotApi, house: House) -> None:
    assert len(LONG) > 20_000
    ada = api.add_person("Ada")
    house.model.answer = lambda _: LONG
    ada.say(ada, "tell me everything")
    await api.chat(ada).wait_text("print(9, 69)", timeout=15)
    shown = answers(api.chat(ada))
    assert all(utf16_length(text) <= MAX_TEXT_UNITS for text in shown)
    together = "\n".join(shown)
    for chapter in range(10):
        assert f"Chapter {chapter}" in together
        assert together.count(f"print({chapter}, ") == 70
    assert not [call for call in api.calls if call.status == 400 and "not modified" not in str(call)]
    for message in api.chat(ada).visible()[1:]:
        assert any(entity["type"] == "pre" for entity in message.entities)


async def test_formatting_that_is_refused_goes_out_as_plain_text(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    house.model.answer = lambda _: "some **bold** text"
    refusal = Fault.error(400, "Bad Request: can't parse entities: whatever")
    for method in ("sendMessage", "editMessageText"):
        api.fail(method, refusal, times=None, when=lambda call: bool(call.params.get("entities")))
    ada.say(ada, "hello")
    answer = await api.chat(ada).wait_text("some bold text")
    assert answer.entities == ()


async def test_flood_waits_are_obeyed(api: BotApi) -> None:
    api.set_flood(Flood.strict(retry_after=1))
    ada, house = api.add_person("Ada"), House(api, pace=timedelta(milliseconds=200))
    house.model.hold()
    async with house.serving():
        ada.say(ada, " ".join(map(str, range(12))))
        ada.say(ada, "/session show")
        await api.chat(ada).wait_text("…")
        for number in range(5):
            house.model.let(1)
            await api.wait_call("editMessageText", count=number + 1, timeout=10)
        house.model.let()
        await api.chat(ada).wait_text("10 11", timeout=20)
        await api.chat(ada).wait_text("Status:", timeout=20)
    assert any(call.status == 429 for call in api.calls)
    assert not api.flood_violations


async def test_a_lost_result_of_an_edit_shows_nothing_twice(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    api.fail("editMessageText", Fault.drop_reply(), times=2)
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("re: hello")
    ada.say(ada, "next")
    await api.chat(ada).wait_text("re: next")
    assert answers(api.chat(ada)) == ["re: hello", "re: next"]


async def test_an_answer_whose_message_was_taken_away_is_sent_again(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    house.model.hold()
    ada.say(ada, "hello there")
    ada.delete(await api.chat(ada).wait_text("…"))
    house.model.let()
    await api.chat(ada).wait_text("re: hello there")
    assert answers(api.chat(ada)) == ["re: hello there"]


async def test_a_person_who_blocked_the_bot_keeps_nobody_waiting(api: BotApi, house: House) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    house.model.hold()
    ada.say(ada, "hello")
    await api.chat(ada).wait_text("…")
    ada.block()
    house.model.let()
    bob.say(bob, "hello")
    await api.chat(bob).wait_text("re: hello")
    ada.block(blocked=False)
    ada.say(ada, "back")
    await api.chat(ada).wait_text("re: back")


async def test_links_grow_no_preview(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "https://example.org")
    await api.chat(ada).wait_text("re: https")
    sent = [call for call in api.calls if call.method in {"sendMessage", "editMessageText"}]
    assert all(call.params["link_preview_options"] == {"is_disabled": True} for call in sent)


@pytest.mark.parametrize(("status", "description"), [(401, "Unauthorized"), (404, "Not Found")])
async def test_a_token_that_is_refused_for_a_while_loses_no_answer(
    api: BotApi, house: House, status: int, description: str
) -> None:
    ada = api.add_person("Ada")
    house.model.answer = lambda _: "word " * 1500
    refusal = Fault.error(status, description)
    faults = [api.fail(method, refusal, times=None) for method in ("sendMessage", "editMessageText")]
    ada.say(ada, "hello")
    ada.say(ada, "/session list")
    await api.wait_for(lambda: len(api.calls_of("sendMessage")) >= 3, timeout=10)
    faults[0].remove()
    await api.wait_call("editMessageText", count=2, timeout=20)
    faults[1].remove()
    await api.chat(ada).wait_text("1 session", timeout=20)
    await api.wait_for(lambda: sum(text.count("word") for text in answers(api.chat(ada))) == 1500, 20)
    assert not [text for text in answers(api.chat(ada)) if "may have been sent" in text or text == "…"]
