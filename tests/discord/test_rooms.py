"""/memory, /knowledge, /workflow and /plan as slash commands: what is shown to whom, what buttons do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.model import WorkspaceKey
from sessions.ports.checkpoints import Checkpoint
from storage.memory import MemoryStore
from tests.commanding import extras_over
from tests.discord.stage import ScriptedModel, Stage, ref
from tests.emulators.discord import Permission
from tests.emulators.discord.nouns import Channel
from tests.emulators.discord.people import Person
from tests.emulators.discord.seen import SeenMessage
from tests.emulators.discord.small_world import place
from tests.rooms import DEPLOY, THREE, define, play, shelve

LENGTH = 2000
EMBEDS = 6000
"""Characters of all embeds of a message."""


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    folder = define(tmp_path, deploy=DEPLOY, three=THREE)
    async with place() as at:
        on = Stage(at, MemoryStore(), ScriptedModel(lambda prompt: [play(prompt)]), workflows=folder)
        on.extras = extras_over(on.store, on.model, folder)
        async with on.running():
            yield on


def home(on: Stage) -> str:
    return f"discord:guild:{on.at.guild.noun.id}"


async def runs(on: Stage) -> tuple[Checkpoint, ...]:
    workspace = await on.store.workspace(WorkspaceKey(home(on)))
    return await on.store.checkpoints(workspace.id, None)


async def gone(on: Stage, message: SeenMessage) -> None:
    """Wait until the message has no buttons."""
    view = on.at.discord.channel(message.channel_id)
    await on.at.discord.wait_for(
        lambda: not next(one for one in view.visible() if one.id == message.id).buttons
    )


async def use(
    on: Stage, *words: str, where: Channel | None = None, by: Person | None = None, **options: str | int
) -> SeenMessage:
    """Use a command and return what it shows."""
    person, channel = by or on.at.person, where or on.at.general
    return await person.slash(channel, *words, **options).response()


def somebody(on: Stage, name: str, may: Permission | None = None) -> Person:
    user = on.at.discord.user(name)
    on.at.guild.join(user, may=may)
    return on.at.discord.person(user)


async def test_what_is_remembered_is_shown_to_who_asks_and_long_lists_fit(on: Stage) -> None:
    assert "`/memory add <text>`" in (await use(on, "memory", "help")).content
    added = await use(on, "memory", "add", text="I like *tea* @everyone")
    assert added.content.startswith("🧠 Remembered: I like \\*tea\\* @\u200beveryone (`")
    assert added.ephemeral_to == on.at.ada.id
    for number in range(11):
        await use(on, "memory", "add", text=f"fact {number} " + "a_b* " * 180)
    shown = await use(on, "memory", "show")
    assert (shown.content, shown.ephemeral_to) == ("", on.at.ada.id)
    texts = [str(one["description"]) for one in shown.embeds]
    assert LENGTH < sum(map(len, texts)) <= EMBEDS
    assert texts[0].startswith("🧠 **What is remembered**")
    second = await use(on, "memory", "show", page=2)
    assert "tea" in second.content
    assert "page 2 of 2" in second.content
    told = await use(on, "memory", "forget", fact="tea")
    assert told.content.startswith("🗑️ Forgotten: I like")
    wrong = await use(on, "memory", "forget", fact="nothing")
    assert wrong.content.startswith("⚠️ Nothing is remembered here with “nothing”.")
    assert on.at.discord.failed_interactions == []


async def test_a_private_channels_facts_come_into_no_prompt_outside(on: Stage) -> None:
    secret = on.at.guild.text("secret", only_for=[on.at.ada, on.at.discord.bot])
    on.at.person.say(secret, "remember that I like tea", mentions_bot=True)
    noted = await on.at.discord.channel(secret).wait_text("Remembered: likes tea")
    assert noted.content.endswith("-# 🧠 Remembered: likes tea")
    on.at.person.say(secret, "what do I drink?", mentions_bot=True)
    inside = await on.at.discord.channel(secret).wait_text("<what do I drink?>")
    assert inside.content.startswith("🧠 1 fact\n\n")
    on.at.person.say(on.at.general, "and what here?", mentions_bot=True)
    outside = await on.at.view.wait_text("<and what here?>")
    assert outside.content == "<and what here?>"
    assert "tea" not in "".join(one.content for one in on.model.prompts[-1].messages)
    assert "Nothing is remembered here" in (await use(on, "memory", "show")).content
    assert "likes tea" in (await use(on, "memory", "show", where=secret)).content


async def test_documents_are_listed_found_cited_and_removed_by_administrators(on: Stage) -> None:
    assert "There are no documents here" in (await use(on, "knowledge", "list")).content
    for number in range(11):
        await shelve(on.store, home(on), f"docs/bill_{number:02}.md", "Invoices: *thirty* days.")
    listed = await use(on, "knowledge", "list")
    assert "**10.** `docs/bill_09.md` · 1 passage" in listed.content
    assert listed.content.endswith("More: `/knowledge list 2`")
    assert listed.ephemeral_to == on.at.ada.id
    found = await use(on, "knowledge", "search", query="invoices")
    assert "**1.** `docs/bill_00.md`, line 1\nInvoices: \\*thirty\\* days." in found.content
    on.at.person.say(on.at.general, "invoices?", mentions_bot=True)
    cited = await on.at.view.wait_text("Sources: ")
    assert cited.content.startswith("📚 ")
    assert "[1] `docs/bill_00.md, line 1`" in cited.content
    refused = await use(on, "knowledge", "remove", source="docs/bill_00.md")
    assert "Only an administrator of this chat" in refused.content
    boss = somebody(on, "boss", Permission.MANAGE_GUILD)
    removed = await use(on, "knowledge", "remove", by=boss, source="docs/bill_00.md")
    assert removed.content.startswith("🗑️ Removed `docs/bill_00.md`")


async def test_a_run_is_one_message_that_is_edited_and_its_buttons_go_on_once(on: Stage) -> None:
    on.model.hold()
    said = await use(on, "workflow", "run", workflow="deploy region=us")
    assert (said.content, said.ephemeral_to) == ("▶️ Run the workflow deploy region\\=us.", None)
    under_way = await on.at.view.wait_text("- ▶️ build_it")
    on.model.release()
    asking = await on.at.view.wait_text("Ship <build for us>?")
    assert (asking.id, asking.reply_to) == (under_way.id, said.id)
    assert asking.buttons == ["✅ Go on", "✖️ Stop"]
    assert asking.content.startswith("**deploy** · run `deploy-")
    presses = [somebody(on, name).press(asking, "✅ Go on") for name in ("bob", "eve")]
    done = await on.at.view.wait_text("- ✅ ship")
    assert (done.reply_to, done.buttons) == (asking.id, [])
    await gone(on, asking)
    for press in presses:
        await press.acknowledged()
    assert on.model.questions.count("ship") == 1
    assert [one.status for one in await runs(on)] == ["done"]
    assert on.at.discord.failed_interactions == []


async def test_a_press_that_comes_too_late_is_told_so(on: Stage) -> None:
    await use(on, "workflow", "run", workflow="deploy")
    asking = await on.at.view.wait_text("Ship <build for eu>?")
    shown = await use(on, "workflow", "show", name=(await runs(on))[0].name)
    assert shown.buttons == ["✅ Go on", "✖️ Stop"]
    on.at.person.press(asking, "✖️ Stop")
    refused = await on.at.view.wait_text("The run ended here: it was refused.")
    assert "- 🚫 ok\n- ⏳ ship" in refused.content
    late = await on.at.person.press(shown, "✅ Go on").response()
    assert "waits for no decision: it is refused" in late.content
    assert late.ephemeral_to == on.at.ada.id


async def test_what_is_shown_to_one_person_can_be_decided_there(on: Stage) -> None:
    """Nobody can reply to a hidden message: the answer stands on its own."""
    await use(on, "workflow", "run", workflow="deploy")
    asking = await on.at.view.wait_text("Ship <build for eu>?")
    run = (await runs(on))[0].name
    shown = await use(on, "workflow", "show", name=run)
    assert shown.content.startswith(f"⏸ `{run}` · waiting · 1 step")
    on.at.person.press(shown, "✅ Go on")
    done = await on.at.view.wait_text("- ✅ ship")
    assert done.reply_to is None
    late = await on.at.person.press(asking, "✅ Go on").response()
    assert "waits for no decision: it is done" in late.content


async def test_a_run_is_deleted_after_a_question_by_who_may(on: Stage) -> None:
    await use(on, "workflow", "run", workflow="deploy")
    await on.at.view.wait_text("Ship <build for eu>?")
    run = (await runs(on))[0].name
    refused = await use(on, "workflow", "delete", by=somebody(on, "bob"), run=run)
    assert "Only the person who began" in refused.content
    asked = await use(on, "workflow", "delete", run=run)
    assert (asked.buttons, asked.ephemeral_to) == (["🗑 Delete", "Cancel"], on.at.ada.id)
    kept = await on.at.person.press(asked, "Cancel").response()
    assert (kept.id, kept.content) == (asked.id, "Cancelled. Nothing was deleted.")
    asked = await use(on, "workflow", "delete", run=run)
    deleted = await on.at.person.press(asked, "🗑 Delete").response()
    assert (deleted.id, deleted.buttons) == (asked.id, [])
    assert await runs(on) == ()
    missing = await use(on, "workflow", "show", name=run)
    assert "There is no workflow" in missing.content


async def test_a_private_channels_run_is_seen_and_decided_there_alone(on: Stage) -> None:
    secret = on.at.guild.text("secret", only_for=[on.at.ada, on.at.discord.bot])
    await use(on, "workflow", "run", where=secret, workflow="deploy")
    await on.at.discord.channel(secret).wait_text("Ship <build for eu>?")
    run = (await runs(on))[0].name
    assert run in (await use(on, "workflow", "list", where=secret)).content
    assert run not in (await use(on, "workflow", "list")).content
    for word in ("approve", "resume", "delete"):
        refused = await use(on, "workflow", word, run=run)
        assert refused.content.startswith("⚠️ There is no ")
        assert refused.ephemeral_to == on.at.ada.id
    await use(on, "workflow", "approve", where=secret, run=run)
    await on.at.discord.channel(secret).wait_text("- ✅ ship")


async def test_a_stopped_run_is_resumed_where_it_was(on: Stage) -> None:
    on.model.hold()
    await use(on, "workflow", "run", workflow="three")
    on.model.release(1)
    await on.at.view.wait_text("- ✅ one\n- ▶️ two")
    assert "Stopping the answer" in (await use(on, "stop")).content
    await on.at.view.wait_text("⏹ Stopped.")
    on.model.release()
    run = (await runs(on))[0].name
    assert f"`/workflow resume {run}`" in (await use(on, "workflow", "show", name=run)).content
    said = await use(on, "workflow", "resume", run=run)
    assert said.content == f"▶️ Resume the run {run.replace('-', chr(92) + '-')}."
    await on.at.view.wait_text("- ✅ three")
    assert on.model.questions == ["first", "second", "second", "third"]


async def test_a_plan_is_shown_approved_and_kept_in_the_transcript(on: Stage) -> None:
    said = await use(on, "plan", goal="paint the *shed*")
    assert said.content == "▶️ paint the \\*shed\\*"
    plan = await on.at.view.wait_text("Shall I do these steps?")
    assert plan.content.endswith("\n\n1. Look *around*\n2. Tell\n\nShall I do these steps?")
    assert plan.reply_to == said.id
    on.at.person.press(plan, "✅ Go on")
    done = await on.at.view.wait_text("- ✅ 2. Tell")
    assert "**2. Tell**\n\n<Do step 2 and no other: Tell>" in done.content
    bound = await on.store.bound(ref(on.at.general.id))
    assert bound is not None
    told = [one.content for one in await on.store.transcript(bound.key, None, 10)]
    assert (told[0], told[1], told[3]) == ("paint the *shed*", plan.content, done.content)
