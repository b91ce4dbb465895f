"""Buttons: confirmed deletes, pages, resuming, and data that nobody of ours wrote."""

import aiohttp

from bots.wording import CancelDelete, ConfirmedDelete, ResumeById, encode_action
from sessions.model import SessionId
from tests.discord.stage import Stage, bound_thread, ref, stage
from tests.emulators.discord import Permission
from tests.emulators.discord.people import Person


async def starter_of_alpha(on: Stage) -> int:
    """Let Ada start alpha in a thread."""
    thread = on.at.person.open_thread(on.at.general, "talk")
    await on.at.person.slash(thread, "session", "start", name="alpha").response()
    return thread.id


def somebody(on: Stage, name: str, may: Permission | None = None) -> Person:
    user = on.at.discord.user(name)
    on.at.guild.join(user, may=may)
    return on.at.discord.person(user)


async def test_the_starter_deletes_after_confirming() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        asked = await on.at.person.slash(thread, "session", "delete", session="alpha").response()
        assert asked.buttons == ["🗑 Delete", "Cancel"]
        assert await on.store.bound(ref(thread)) is not None
        done = await on.at.person.press(asked, "🗑 Delete").response()
        assert (done.id, done.buttons) == (asked.id, [])
        assert "deleted" in done.content
        assert await on.store.bound(ref(thread)) is None


async def test_a_delete_without_a_name_means_the_session_here() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        asked = await on.at.person.slash(thread, "session", "delete").response()
        assert "alpha" in asked.content
        await on.at.person.press(asked, "🗑 Delete").response()
        assert await on.store.bound(ref(thread)) is None


async def test_a_cancelled_delete_deletes_nothing() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        asked = await on.at.person.slash(thread, "session", "delete", session="alpha").response()
        done = await on.at.person.press(asked, "Cancel").response()
        assert "Nothing was deleted" in done.content
        assert await on.store.bound(ref(thread)) is not None


async def test_an_administrator_may_delete_and_others_may_not() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        bob = somebody(on, "bob")
        refused = await bob.slash(thread, "session", "delete", session="alpha").response()
        assert "Only the person who started" in refused.content
        assert refused.ephemeral_to == bob.user.id
        boss = somebody(on, "boss", Permission.MANAGE_GUILD)
        asked = await boss.slash(thread, "session", "delete", session="alpha").response()
        await boss.press(asked, "🗑 Delete").response()
        assert await on.store.bound(ref(thread)) is None


async def test_the_moderator_of_a_channel_deletes_no_session_of_the_server() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        moderator = somebody(on, "moderator", Permission.MANAGE_MESSAGES | Permission.MANAGE_THREADS)
        refused = await moderator.slash(thread, "session", "delete", session="alpha").response()
        assert "Only the person who started" in refused.content
        assert await on.store.bound(ref(thread)) is not None


async def test_a_strangers_press_does_nothing_not_even_an_administrators() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        asked = await on.at.person.slash(thread, "session", "delete", session="alpha").response()
        for person in (somebody(on, "bob"), somebody(on, "boss", Permission.ADMINISTRATOR)):
            for button in asked.buttons:
                refused = await person.press(asked, button).response()
                assert "Only the person who asked" in refused.content
                assert refused.ephemeral_to == person.user.id
        assert on.at.discord.channel(thread).visible()[-9:]
        assert await on.store.bound(ref(thread)) is not None


async def test_the_right_is_checked_again_when_the_button_is_pressed() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        boss = somebody(on, "boss", Permission.MANAGE_GUILD)
        asked = await boss.slash(thread, "session", "delete", session="alpha").response()
        on.at.guild.take_role(boss.user, on.at.guild.noun.members[boss.user.id].roles[0])
        refused = await boss.press(asked, "🗑 Delete").response()
        assert "Only the person who started" in refused.content
        assert await on.store.bound(ref(thread)) is not None


async def test_a_button_works_after_a_restart() -> None:
    async with stage() as on:
        thread = await starter_of_alpha(on)
        asked = await on.at.person.slash(thread, "session", "delete", session="alpha").response()
        on.at.discord.gateway.drop()
        await on.at.discord.wait_connected()
        async with on.restarted():
            done = await on.at.person.press(asked, "🗑 Delete").response()
            assert "deleted" in done.content


async def test_a_list_is_paged_in_place_and_resumes_by_button() -> None:
    async with stage() as on:
        dm = on.at.discord.dm(on.at.ada)
        for number in range(12):
            await on.at.person.slash(dm, "session", "start", name=f"s{number}").response()
        listed = await on.at.person.slash(dm, "session", "list").response()
        assert "12 sessions" in listed.content
        turned = await on.at.person.press(listed, "2 ▶").response()
        assert turned.id == listed.id
        assert "s0" in turned.content
        resumed = await on.at.person.press(turned, "▶️ 12").response()
        assert "Resumed session" in resumed.content
        assert resumed.ephemeral_to is None
        bound = await on.store.bound(ref(dm.id))
        assert bound is not None
        assert bound.name == "s0"
        by_number = await on.at.person.slash(dm, "session", "show", session="12").response()
        assert "s0" in by_number.content


async def test_crafted_data_is_refused_clearly_and_reaches_no_other_workspace() -> None:
    async with stage() as on:
        view = on.at.discord.dm(on.at.ada)
        on.at.person.dm("mine")
        await view.wait_text("You said: mine")
        private = await on.store.bound(ref(view.id))
        assert private is not None
        thread = await bound_thread(on)
        data = [
            "s:d:../../x",
            "nonsense",
            encode_action(ResumeById(private.key.id)),
            encode_action(ConfirmedDelete(private.key.id)),
            encode_action(CancelDelete(private.key.id)),
            encode_action(ResumeById(SessionId("0" * 16))),
        ]
        message = await post_buttons(on, thread, data)
        for custom_id in data:
            refused = await on.at.person.press(message, custom_id).response()
            assert refused.content.startswith("⚠️")
            assert refused.ephemeral_to == on.at.ada.id
        assert await on.store.get(private.key) is not None
        bound = await on.store.bound(ref(thread))
        assert bound is not None
        assert bound.key != private.key


async def post_buttons(on: Stage, channel: int, data: list[str]) -> int:
    """Send a message with buttons as somebody with the bot's token could."""
    buttons = [
        [{"type": 2, "style": 2, "label": custom_id, "custom_id": custom_id} for custom_id in row]
        for row in (data[:5], data[5:])
    ]
    body = {"content": "press", "components": [{"type": 1, "components": row} for row in buttons]}
    url = f"{on.at.discord.api_base}/channels/{channel}/messages"
    headers = {"Authorization": f"Bot {on.at.discord.token}", "User-Agent": "DiscordBot (x, 1)"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(url, json=body) as answer,
    ):
        assert answer.status == 200
        return int((await answer.json())["id"])
