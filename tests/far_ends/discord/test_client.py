"""The Discord emulator keeps Discord's rules, seen through discord.py and over the bare wire."""

import asyncio
import io
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest
import yarl

from tests.emulators.discord import (
    NOTHING,
    Discord,
    Intent,
    InteractionFailed,
    PersonCannot,
    Rate,
    RateLimits,
    Settings,
)
from tests.emulators.discord.nouns import Channel
from tests.emulators.discord.sessions import Session
from tests.emulators.discord.small_world import Place, place

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py still imports audioop
    import discord
    import discord.gateway
    import discord.http
    from discord import app_commands

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"


class Bot(discord.Client):
    """A real client with the commands of the tests."""

    def __init__(self, content: bool = True) -> None:
        intents = discord.Intents.default()
        intents.message_content = content
        super().__init__(intents=intents, heartbeat_timeout=10.0, guild_ready_timeout=0.2)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.may_identify = asyncio.Event()
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(session_group())

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await self.may_identify.wait()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.put_nowait(message)
            if message.content.endswith("ping"):
                await message.reply("pong", mention_author=False)


class Confirm(discord.ui.View):
    @discord.ui.button(label="Delete", custom_id="yes", style=discord.ButtonStyle.danger)
    async def yes(self, interaction: discord.Interaction, _: discord.ui.Button["Confirm"]) -> None:
        await interaction.response.edit_message(content="gone", view=None)


def session_group() -> app_commands.Group:
    group = app_commands.Group(name="session", description="Named sessions")

    async def names(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = [name for name in ("alpha", "alps", "beta") if name.startswith(typed)]
        return [app_commands.Choice(name=name, value=name) for name in found]

    @group.command(description="Start a session")
    async def start(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"started {name}")

    @group.command(description="Resume a session")
    @app_commands.autocomplete(name=names)
    async def resume(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send(f"resumed {name}")

    @group.command(description="Delete a session")
    async def delete(interaction: discord.Interaction) -> None:
        may = interaction.permissions.manage_messages
        await interaction.response.send_message(f"sure? {may}", view=Confirm())

    @group.command(description="Never answers")
    async def mute(interaction: discord.Interaction) -> None:
        assert interaction.id

    return group


@asynccontextmanager
async def running(at: Place, content: bool = True) -> AsyncIterator[Bot]:
    bot = Bot(content)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bot.start(at.discord.token))
        await at.discord.wait_connected()
        await asyncio.wait_for(bot.wait_until_ready(), 10)
        try:
            yield bot
        finally:
            await bot.close()


@pytest.fixture(autouse=True)
def library_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the library's settings back after a test pointed it at an emulator."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    monkeypatch.setattr(discord.http.Route, "BASE", base)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)


def point_at(emulator: Discord) -> None:
    discord.http.Route.BASE = emulator.api_base
    gateway = yarl.URL(emulator.gateway_url)
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway


@asynccontextmanager
async def meeting(
    settings: Settings | None = None, content: bool = True
) -> AsyncIterator[tuple[Place, Bot]]:
    async with place(settings) as at:
        point_at(at.discord)
        async with running(at, content) as bot:
            yield at, bot


async def heard(bot: Bot, count: int) -> list[discord.Message]:
    """Wait for so many messages of people."""
    async with asyncio.timeout(10):
        return [await bot.heard.get() for _ in range(count)]


def more_than(resumed: int, session: Session) -> bool:
    return session.count("RESUMED") > resumed


def text_channel(bot: Bot, channel: Channel) -> discord.TextChannel:
    found = bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


async def test_a_client_hears_a_person_and_its_reply_is_seen() -> None:
    async with meeting() as (at, _):
        said = at.person.say(at.general, "ping")
        answer = await at.view.wait_text("pong")
        assert (answer.author, answer.reply_to, answer.mentions) == ("parley", said.id, [])
        assert [m.content for m in at.view.visible()] == ["ping", "pong"]


async def test_a_repeated_nonce_makes_no_second_message_until_the_window_is_over() -> None:
    async with meeting() as (at, bot):
        channel = text_channel(bot, at.general)
        first = await channel.send("once", nonce=7)
        again = await channel.send("once", nonce=7)
        assert first.id == again.id
        at.discord.advance(timedelta(minutes=6))
        await channel.send("once", nonce=7)
        assert len(at.view.by_bot()) == 2


async def test_edits_and_deletes_are_kept_as_people_saw_them() -> None:
    async with meeting() as (at, bot):
        message = await text_channel(bot, at.general).send("one")
        await message.edit(content="one two")
        assert [r.content for r in at.view.visible()[0].history] == ["one", "one two"]
        await message.delete()
        assert at.view.visible() == []
        assert at.view.everything()[0].deleted_at is not None


async def test_without_the_content_intent_only_mentions_and_private_messages_are_read() -> None:
    async with meeting(content=False) as (at, bot):
        at.person.say(at.general, "secret")
        at.person.say(at.general, "to you", mentions_bot=True)
        at.person.dm("in private")
        messages = await heard(bot, 3)
        assert [m.content for m in messages[::2]] == ["", "in private"]
        assert messages[1].content.endswith("to you")


async def test_slash_commands_run_from_what_was_registered() -> None:
    async with meeting() as (at, bot):
        with pytest.raises(PersonCannot):
            at.person.slash(at.general, "session", "start", name="alpha")
        await bot.tree.sync()
        shown = await at.person.slash(at.general, "session", "start", name="alpha").response()
        assert (shown.content, shown.ephemeral_to) == ("started alpha", None)
        choices = await at.person.autocomplete(at.general, "session", "resume", name="al")
        assert [choice.value for choice in choices] == ["alpha", "alps"]
        hidden = await at.person.slash(at.general, "session", "resume", name="beta").response()
        assert (hidden.content, hidden.ephemeral_to) == ("resumed beta", at.ada.id)
        for wrong in ({}, {"name": 3}, {"name": "x", "other": "y"}):
            with pytest.raises(PersonCannot):
                at.person.slash(at.general, "session", "start", **wrong)


async def test_commands_work_in_threads_and_in_private() -> None:
    async with meeting() as (at, bot):
        await bot.tree.sync()
        thread = at.person.open_thread(at.general, "talk")
        shown = await at.person.slash(thread, "session", "start", name="here").response()
        assert (shown.channel_id, shown.content) == (thread.id, "started here")
        private = at.discord.dm(at.ada)
        shown = await at.person.slash(private, "session", "start", name="there").response()
        assert (shown.channel_id, shown.content) == (private.id, "started there")


async def test_a_channel_hidden_from_the_bot_is_silent_until_it_is_shown() -> None:
    async with meeting() as (at, bot):
        secret = at.guild.text("secret", only_for=[at.ada])
        thread = at.person.open_thread(secret, "deep")
        at.person.say(secret, "unheard")
        with pytest.raises(discord.Forbidden):
            await bot.get_partial_messageable(secret.id).send("x")
        at.guild.show(secret, at.discord.bot)
        at.person.say(thread, "heard")
        (message,) = await heard(bot, 1)
        assert message.content == "heard"
        assert isinstance(message.channel, discord.Thread)


async def test_a_button_is_pressed_once_it_is_there_and_changes_its_message() -> None:
    async with meeting() as (at, bot):
        await bot.tree.sync()
        asked = await at.person.slash(at.general, "session", "delete").response()
        assert (asked.content, asked.buttons) == ("sure? False", ["Delete"])
        pressed = await at.person.press(asked, "Delete").response()
        assert (pressed.id, pressed.content, pressed.buttons) == (asked.id, "gone", [])
        with pytest.raises(PersonCannot):
            at.person.press(asked, "yes")


async def test_an_interaction_that_nobody_acknowledges_in_time_failed_for_the_person() -> None:
    short = Settings(answer_deadline=timedelta(milliseconds=80))
    async with meeting(short) as (at, bot):
        await bot.tree.sync()
        used = at.person.slash(at.general, "session", "mute")
        with pytest.raises(InteractionFailed):
            await used.response()
        assert at.discord.failed_interactions == [used.interaction]


async def test_threads_open_on_messages_freely_and_in_forums() -> None:
    async with meeting() as (at, bot):
        channel = text_channel(bot, at.general)
        message = await channel.send("topic")
        on_message = await message.create_thread(name="on it")
        free = await channel.create_thread(name="free", type=discord.ChannelType.public_thread)
        assert on_message.id == message.id
        assert [t.name for t in at.discord.threads(at.general)] == ["on it", "free"]
        await free.edit(archived=True, locked=True)
        assert at.discord.channel(free.id).archived
        with pytest.raises(PersonCannot):
            at.discord.person(at.discord.user("eve")).say(free.id, "in?")
        at.person.unarchive(free.id)
        at.person.rename(free.id, "freed")
        fetched = await bot.fetch_channel(free.id)
        assert isinstance(fetched, discord.Thread)
        assert (fetched.name, fetched.archived, fetched.locked) == ("freed", False, True)


async def test_a_persons_forum_post_reaches_the_client() -> None:
    async with meeting() as (at, bot):
        forum = at.guild.forum("ideas")
        post = at.person.open_post(forum, "mine", "ping")
        await heard(bot, 1)
        assert (await at.discord.channel(post).wait_text("pong")).channel_id == post.id


async def test_a_dropped_connection_resumes_and_hears_what_it_missed_once() -> None:
    async with meeting() as (at, bot):
        session = at.discord.gateway.sessions[0]
        at.discord.gateway.drop()
        await at.discord.wait_for(lambda: not at.discord.gateway.connected)
        at.person.say(at.general, "while away")
        await at.discord.wait_connected()
        at.person.say(at.general, "back")
        messages = await heard(bot, 2)
        assert [m.content for m in messages] == ["while away", "back"]
        assert at.discord.gateway.sessions == [session]


async def test_a_refused_resume_misses_messages_that_rest_still_has() -> None:
    async with meeting() as (at, bot):
        at.discord.gateway.refuse_resumes()
        at.discord.gateway.close(4000)
        await at.discord.wait_for(lambda: not at.discord.gateway.sessions)
        said = at.person.say(at.general, "missed")
        bot.may_identify.set()
        await at.discord.wait_connected()
        await asyncio.wait_for(bot.wait_until_ready(), 10)
        at.person.say(at.general, "heard")
        assert [m.content for m in await heard(bot, 1)] == ["heard"]
        history = [m async for m in text_channel(bot, at.general).history(limit=2)]
        assert [m.id for m in history][-1] == said.id


async def test_a_redelivered_event_carries_the_same_message() -> None:
    async with meeting() as (at, bot):
        at.discord.gateway.deliver_twice("MESSAGE_CREATE")
        at.person.say(at.general, "twice")
        messages = await heard(bot, 2)
        assert messages[0].id == messages[1].id


async def test_a_wrong_token_and_a_disallowed_intent_are_refused() -> None:
    async with place(Settings(privileged_intents=Intent.GUILD_MEMBERS)) as at:
        point_at(at.discord)
        with pytest.raises(discord.LoginFailure):
            async with Bot() as bot:
                await bot.start("WRONG")
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with Bot() as bot:
                await bot.start("TEST")


async def test_a_client_that_obeys_the_headers_never_breaks_a_rate_limit() -> None:
    quick = RateLimits(routes={f"POST {MESSAGES}": Rate(2, timedelta(milliseconds=200))})
    async with meeting(Settings(rate_limits=quick)) as (at, bot):
        channel = text_channel(bot, at.general)
        for number in range(5):
            await channel.send(str(number))
        assert at.discord.rate_limit_violations == []


async def test_a_client_that_is_asked_to_reconnect_resumes_its_session() -> None:
    async with meeting() as (at, bot):
        (session,) = at.discord.gateway.sessions
        for shake in (at.discord.gateway.reconnect, at.discord.gateway.close):
            resumed = session.count("RESUMED")
            shake()
            await at.discord.wait_for(partial(more_than, resumed, session))
        at.discord.gateway.invalidate(resumable=True)
        at.person.say(at.general, "still here")
        assert [m.content for m in await heard(bot, 1)] == ["still here"]
        assert at.discord.gateway.sessions == [session]


async def test_an_event_that_lacks_everything_ends_the_client() -> None:
    async with place() as at:
        point_at(at.discord)
        async with Bot() as bot:
            starting = asyncio.create_task(bot.start("TEST"))
            await at.discord.wait_connected()
            at.discord.gateway.garbage()
            with pytest.raises(KeyError):
                await asyncio.wait_for(starting, 10)


async def test_a_client_in_a_private_thread_hears_it_from_then_on() -> None:
    async with meeting() as (at, bot):
        at.guild.set_role(at.guild.noun.members[at.discord.bot.id].roles[0], NOTHING)
        thread = at.person.open_thread(at.general, "just us", private=True)
        at.person.say(thread, "unheard")
        at.person.add_to_thread(thread, at.discord.bot)
        at.person.say(thread, "heard")
        (message,) = await heard(bot, 1)
        assert message.content == "heard"
        assert isinstance(message.channel, discord.Thread)


async def test_files_go_up_and_an_image_alone_comes_down() -> None:
    async with meeting() as (at, bot):
        upload = discord.File(io.BytesIO(b"data"), "answer.txt")
        await text_channel(bot, at.general).send("see", file=upload)
        assert at.view.visible()[0].attachments == ["answer.txt"]
        at.person.say(at.general, attachments=["cat.png"])
        (message,) = await heard(bot, 1)
        assert (message.content, message.attachments[0].content_type) == ("", "image/png")


async def test_private_messages_reach_only_those_who_take_them() -> None:
    async with meeting() as (at, bot):
        await (await bot.fetch_user(at.ada.id)).send("psst")
        assert [m.content for m in at.discord.dm(at.ada).visible()] == ["psst"]
        shy = at.discord.user("shy", accepts_dms=False)
        at.guild.join(shy)
        with pytest.raises(discord.Forbidden) as refused:
            await (await bot.fetch_user(shy.id)).send("psst")
        assert refused.value.code == 50007


async def test_typing_is_seen() -> None:
    async with meeting() as (at, bot), text_channel(bot, at.general).typing():
        assert [t.user for t in at.view.typing] == [at.discord.bot]
