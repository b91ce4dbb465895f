"""/memory, /knowledge, /workflow and /plan in a chat: what is said, pressed, seen and kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.model import Platform, ThreadRef, WorkspaceKey
from sessions.ports.checkpoints import Checkpoint, RunStatus
from tests.commanding import extras_over
from tests.emulators.telegram import BotApi
from tests.emulators.telegram.model import ChatLike, Message
from tests.emulators.telegram.people import Person
from tests.rooms import DEPLOY, THREE, define, play, shelve
from tests.telegram.house import FrailStore, House, until_true


@pytest.fixture
async def house(api: BotApi, tmp_path: Path) -> AsyncIterator[House]:
    house = house_in(api, define(tmp_path, deploy=DEPLOY, three=THREE, broken="steps: 3"))
    async with house.serving():
        yield house


def house_in(api: BotApi, folder: Path, store: FrailStore | None = None) -> House:
    """A house with all rooms; its workflows are in the folder."""
    house = House(api, store=store or FrailStore(), workflows=folder)
    house.model.answer = play
    house.extras = extras_over(house.store, house.model, folder)
    return house


async def answer_to(api: BotApi, person: Person, said: str, chat: ChatLike | None = None) -> Message:
    """Say something and wait for the bot's next message there."""
    place = chat or person
    sent = person.say(place, said)
    view = api.chat(place)

    def newest() -> Message | None:
        later = [one for one in view.visible() if one.by_bot and one.id > sent.id and one.text != "…"]
        return later[-1] if later else None

    return await api.wait_for(newest, 10)


async def run_in(house: House, chat: int) -> Checkpoint:
    workspace = await house.store.find_workspace(WorkspaceKey(f"telegram:{chat}"))
    assert workspace is not None
    return (await house.store.checkpoints(workspace.id, None))[0]


async def test_memory_is_added_shown_and_forgotten_as_it_was_said(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    assert "/memory forget <id or words>" in (await answer_to(api, ada, "/memory")).text
    assert "Nothing is remembered here" in (await answer_to(api, ada, "/memory show")).text
    added = await answer_to(api, ada, "/memory add I *like* tea & a_b")
    assert added.text.startswith("🧠 Remembered: I *like* tea & a_b (")
    again = await answer_to(api, ada, "/memory add I *like* tea & a_b")
    assert "remembered already" in again.text
    known = added.text.rpartition("(")[2].removesuffix(")")
    shown = await answer_to(api, ada, "/memory show")
    assert f"{known} I *like* tea & a_b\nabout you" in shown.text
    assert sum(one["type"] == "code" for one in shown.entities) == 1
    assert "Pages have numbers: /memory show 2" in (await answer_to(api, ada, "/memory show x")).text
    forgotten = await answer_to(api, ada, f"/memory forget {known}")
    assert forgotten.text == "🗑️ Forgotten: I *like* tea & a_b"
    assert "⚠️ Nothing is remembered here" in (await answer_to(api, ada, "/memory forget tea")).text


async def test_what_is_to_be_remembered_heads_the_next_answer(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    noted = await answer_to(api, ada, "Remember that I like tea.")
    assert noted.text == "<Remember that I like tea.>\n\n🧠 Remembered: likes tea"
    asked = await answer_to(api, ada, "What do I drink?")
    assert asked.text == "🧠 1 fact\n\n<What do I drink?>"
    assert "likes tea" in house.model.prompts[-1].messages[-1].content


async def test_documents_are_listed_found_cited_and_removed(api: BotApi, house: House) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    nothing = await answer_to(api, bob, "/knowledge list", group)
    assert "There are no documents here" in nothing.text
    text = "Invoices are paid within *thirty* days."
    for number in range(11):
        await shelve(house.store, f"telegram:{group.id}", f"docs/bill_{number:02}.md", text)
    assert "More: /knowledge list 2" in (await answer_to(api, bob, "/knowledge list", group)).text
    page = await answer_to(api, bob, "/knowledge list 2", group)
    assert page.text.startswith("📚 Documents\n\n11. docs/bill_10.md · 1 passage · 2031-03-05")
    found = await answer_to(api, bob, "/knowledge search invoices", group)
    assert f"1. docs/bill_00.md, line 1\n{text}" in found.text
    cited = await answer_to(api, bob, "@parley_bot When are invoices paid?", group)
    assert cited.text.startswith("📚 ")
    assert "Sources: [1] docs/bill_00.md, line 1" in cited.text
    refused = await answer_to(api, bob, "/knowledge remove docs/bill_10.md", group)
    assert "Only an administrator of this chat" in refused.text
    near = await answer_to(api, ada, "/knowledge remove bill_10.md", group)
    copied = near.text.partition("Did you mean “")[2].partition("”")[0]
    assert copied != "docs/bill_10.md"  # or it would be a link
    removed = await answer_to(api, ada, f"/knowledge remove {copied}", group)
    assert removed.text == "🗑️ Removed docs/bill_10.md: nothing of it is found any more."


async def test_a_run_is_one_message_whose_buttons_let_it_go_on_once(api: BotApi, house: House) -> None:
    ada, bob = api.add_person("Ada"), api.add_person("Bob")
    group = api.add_supergroup("Team", ada, bob)
    listed = await answer_to(api, ada, "/workflow list", group)
    assert "⚙️ deploy · 3 steps\nShips the _new_ release." in listed.text
    assert "⚠️ broken" in listed.text
    assert (
        "Variables: region\n1. build_it\n"
        in (await answer_to(api, ada, "/workflow show deploy", group)).text
    )
    house.model.hold()
    ada.say(group, "/workflow run deploy region=us")
    under_way = await group.wait_text("▶️ build_it")
    house.model.let()
    asking = await group.wait_text("Ship <build for us>?")
    assert asking.id == under_way.id
    assert [label for label, _ in asking.buttons] == ["✅ Go on", "✖️ Stop"]
    assert all(len((data or "").encode()) <= 64 for _, data in asking.buttons)
    run = (await run_in(house, group.id)).name
    shown = await answer_to(api, ada, f"/workflow show {run}", group)
    assert shown.text.startswith(f"⏸ {run} · waiting · 1 step")
    assert len(shown.buttons) == 2
    await bob.press(asking, "✅ Go on").answered(30)
    done = await group.wait_text("✅ ship")
    assert done.text.endswith("ship\n\n<ship>")
    assert not done.buttons
    await api.wait_for(lambda: not any(one.buttons for one in group.visible() if one.id == asking.id))
    late = await ada.press(asking, "✖️ Stop").answered(30)
    assert (late.show_alert, "waits for no decision: it is done" in late.text) == (True, True)
    assert await transcript(house, group.id) == [
        "Run the workflow deploy region=us.",
        (
            f"**deploy** · run `{run}`\n\n- ✅ build_it\n- ⏸ ok\n- ⏳ ship\n\n"
            "**build_it**\n\n<build for us>\n\nShip <build for us>?"
        ),
        f"Go on with the run {run}.",
        (
            f"**deploy** · run `{run}`\n\n- ✅ build_it\n- ✅ ok\n- ✅ ship\n\n"
            "**build_it**\n\n<build for us>\n\n**ship**\n\n<ship>"
        ),
    ]


async def transcript(house: House, chat: int) -> list[str]:
    bound = await house.store.bound(ThreadRef(Platform.TELEGRAM, str(chat)))
    assert bound is not None
    return [one.content for one in await house.store.transcript(bound.key, None, 100)]


async def test_a_run_is_refused_and_deleted_by_who_may(api: BotApi, house: House) -> None:
    ada, bob, eve = api.add_person("Ada"), api.add_person("Bob"), api.add_person("Eve")
    group = api.add_supergroup("Team", eve, ada, bob)
    ada.say(group, "/workflow run deploy")
    asking = await group.wait_text("Ship <build for eu>?")
    await ada.press(asking, "✖️ Stop").answered(30)
    await group.wait_text("The run ended here: it was refused.")
    run = await run_in(house, group.id)
    assert run.status is RunStatus.REFUSED
    refused = await answer_to(api, bob, f"/workflow delete {run.name}", group)
    assert "Only the person who began" in refused.text
    sure = await answer_to(api, ada, f"/workflow delete {run.name}", group)
    assert sure.text.startswith(f"⚠️ Delete the run {run.name}?")
    assert "Only the person" in (await bob.press(sure, "🗑 Delete").answered(30)).text
    await ada.press(sure, "Cancel").answered(30)
    await group.wait_text("Nothing was deleted")
    await ada.press(sure, "🗑 Delete").answered(30)
    await group.wait_text(f"Run {run.name} deleted")
    assert "That run is gone" in (await ada.press(sure, "🗑 Delete").answered(30)).text


async def test_a_stopped_run_is_resumed_where_it_was(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    house.model.hold()
    ada.say(ada, "/workflow run three")
    house.model.let(1)
    await api.chat(ada).wait_text("✅ one\n• ▶️ two")
    ada.say(ada, "/stop")
    await api.chat(ada).wait_text("⏹ Stopped.")
    house.model.let()
    run = await run_in(house, ada.id)
    shown = await answer_to(api, ada, f"/workflow show {run.name}")
    assert f"Go on with it: /workflow resume {run.name}" in shown.text
    ada.say(ada, f"/workflow resume {run.name}")
    await api.chat(ada).wait_text("✅ three")
    asked = [one.messages[-1].content for one in house.model.prompts]
    assert asked == ["first", "second", "second", "third"]
    over = await answer_to(api, ada, f"/workflow resume {run.name}")
    assert "is over: done" in over.text


async def test_a_run_whose_workflow_was_changed_goes_on_when_that_is_said(
    api: BotApi, house: House
) -> None:
    ada = api.add_person("Ada")
    ada.say(ada, "/workflow run deploy")
    await api.chat(ada).wait_text("Ship <build for eu>?")
    define(house.workflows, deploy=DEPLOY.replace("prompt: ship", "prompt: sail"))
    run = (await run_in(house, ada.id)).name
    changed = await answer_to(api, ada, f"/workflow approve {run}")
    assert "resume with “rebase”" in changed.text
    asking = await answer_to(api, ada, f"/workflow resume {run} rebase")
    await ada.press(asking, "✅ Go on").answered(30)
    await api.chat(ada).wait_text("ship\n\n<sail>")


async def test_a_plan_is_shown_approved_and_done(api: BotApi, house: House) -> None:
    ada = api.add_person("Ada")
    plan = await answer_to(api, ada, "/plan paint the *shed*")
    assert plan.text.endswith("\n\n1. Look around\n2. Tell\n\nShall I do these steps?")
    await ada.press(plan, "✅ Go on").answered(30)
    done = await api.chat(ada).wait_text("✅ 2. Tell")
    assert "✅ 1. Look *around*" in done.text
    told = await transcript(house, ada.id)
    assert told[0] == "paint the *shed*"
    assert "1. Look *around*\n2. Tell" in told[1]
    assert "**2. Tell**\n\n<Do step 2 and no other: Tell>" in told[3]
    empty = await answer_to(api, ada, "/plan")
    assert empty.text.startswith("⚠️ Say what to plan: /plan")


async def test_a_press_that_is_carried_out_again_after_a_crash_finds_its_run(
    api: BotApi, tmp_path: Path
) -> None:
    """The run went on, and the process ended before it knew that the press was answered."""
    ada, house = api.add_person("Ada"), house_in(api, define(tmp_path, deploy=DEPLOY))
    async with house.serving():
        ada.say(ada, "/workflow run deploy")
        asking = await api.chat(ada).wait_text("Ship <build for eu>?")
        house.store.finishes_errands = False
        assert (await ada.press(asking, "✅ Go on").answered(30)).text == ""
        await api.chat(ada).wait_text("✅ ship")
    house.store.pass_time()
    house.store.finishes_errands = True
    async with house.serving():
        again = await api.wait_call("answerCallbackQuery", count=2, timeout=30)
    assert "text" not in again.params
    assert len([one for one in api.chat(ada).texts() if "✅ ship" in one]) == 1


async def test_another_process_goes_on_with_a_run_at_its_third_step(
    api: BotApi, house: House, tmp_path: Path
) -> None:
    ada = api.add_person("Ada")
    house.model.hold()
    ada.say(ada, "/workflow run three")
    house.model.let(2)
    await api.chat(ada).wait_text("✅ two\n• ▶️ three")
    house.store.pass_time()
    other = house_in(api, tmp_path, house.store)
    async with other.serving():
        done = await api.chat(ada).wait_text("✅ three", timeout=20)
    assert [one.messages[-1].content for one in other.model.prompts] == ["third"]
    house.model.let()
    assert done.text.endswith("<third>")
    assert len([one for one in api.chat(ada).visible() if one.by_bot]) == 1
    await until_true(lambda: run_in(house, ada.id), lambda run: run.status is RunStatus.DONE)
