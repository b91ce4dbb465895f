"""The Discord emulator keeps Discord's rules, seen through discord.py and over the bare wire."""

import asyncio
import json
import signal
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeAlias

import aiohttp
import pytest
import yarl

from tests.emulators.discord import (
    TALKING,
    Discord,
    FaultKind,
    Intent,
    InteractionFailed,
    Permission,
    PersonCannot,
    Rate,
    RateLimits,
    Settings,
)
from tests.emulators.discord.nouns import Channel, User

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
        super().__init__(intents=intents, heartbeat_timeout=10.0)
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


class Place:
    """A guild with one text channel and one person in it."""

    def __init__(self, emulator: Discord) -> None:
        self.discord = emulator
        self.guild = emulator.guild("home", bot_may=TALKING | Permission.MANAGE_THREADS)
        self.general: Channel = self.guild.text("general")
        self.ada: User = emulator.user("ada")
        self.guild.join(self.ada, may=Permission.MANAGE_THREADS)
        self.person = emulator.person(self.ada)
        self.view = emulator.channel(self.general)


@asynccontextmanager
async def place(settings: Settings | None = None) -> AsyncIterator[Place]:
    relaxed = settings or Settings(rate_limits=RateLimits.off())
    async with Discord.start(settings=relaxed) as emulator:
        yield Place(emulator)


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
        assert (await bot.fetch_channel(free.id)).name == "freed"  # type: ignore[union-attr] # a thread


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


Ask: TypeAlias = Callable[[str, str, object], Awaitable[tuple[int, object]]]


@asynccontextmanager
async def bare(at: Place) -> AsyncIterator[Ask]:
    """Talk HTTP with no library between; gives status and error code (or the whole body)."""
    headers = {"Authorization": f"Bot {at.discord.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(method: str, path: str, body: object = None) -> tuple[int, object]:
            url = at.discord.api_base + path
            async with session.request(method, url, json=body) as response:
                answer = await response.json() if response.status != 204 else None
                refused = response.status >= 400
                return response.status, answer["code"] if refused else answer

        yield ask


def row(*parts: dict[str, object]) -> list[dict[str, object]]:
    return [{"type": 1, "components": list(parts)}]


BUTTON: dict[str, object] = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}

REFUSALS = [
    ("POST", "/channels/{general}/messages", {"content": "x" * 2001}, 400, 50035),
    ("POST", "/channels/{general}/messages", {"content": "  "}, 400, 50006),
    ("POST", "/channels/{general}/messages", {"content": "x", "nonce": "n" * 26}, 400, 50035),
    ("POST", "/channels/1/messages", {"content": "x"}, 404, 10003),
    ("POST", "/channels/x/messages", {"content": "x"}, 400, 50035),
    ("POST", "/channels/{secret}/messages", {"content": "x"}, 403, 50001),
    ("POST", "/channels/{forum}/messages", {"content": "x"}, 400, 50008),
    ("POST", "/channels/{locked}/messages", {"content": "x"}, 400, 160005),
    ("PATCH", "/channels/{general}/messages/{said}", {"content": "x"}, 403, 50005),
    ("PATCH", "/channels/{archived}/messages/{buried}", {"content": "x"}, 400, 50083),
    ("PATCH", "/channels/{general}/messages/1", {"content": "x"}, 404, 10008),
    ("DELETE", "/channels/{general}/messages/{said}", None, 403, 50013),
    ("GET", "/channels/{general}/messages?limit=101", None, 400, 50035),
    ("POST", "/channels/{general}/threads", {"name": "", "type": 11}, 400, 50035),
    ("POST", "/channels/{general}/threads", {"name": "n" * 101, "type": 11}, 400, 50035),
    ("PATCH", "/channels/{archived}", {"name": "x"}, 400, 50083),
    ("PATCH", "/channels/{general}", {"name": "x"}, 403, 50013),
    ("GET", "/guilds/1", None, 404, 10004),
    ("GET", "/guilds/{guild}/members/1", None, 404, 10007),
    ("POST", "/users/@me/channels", {"recipient_id": "1"}, 404, 10013),
    ("POST", "/interactions/1/abc/callback", {"type": 4}, 404, 10062),
    ("PATCH", "/webhooks/{bot}/abc/messages/@original", {"content": "x"}, 401, 50027),
    ("GET", "/no/such/route", None, 404, 0),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), REFUSALS)
async def test_what_discord_refuses_is_refused(
    method: str, path: str, body: object, status: int, code: int
) -> None:
    async with place() as at, bare(at) as ask:
        at.guild.take_role(at.discord.bot, at.guild.noun.members[at.discord.bot.id].roles[0])
        locked = at.person.open_thread(at.general, "locked")
        at.person.lock(locked)
        archived = at.person.open_thread(at.general, "archived")
        _, buried = await ask("POST", f"/channels/{archived.id}/messages", {"content": "x"})
        assert isinstance(buried, dict)
        at.person.archive(archived)
        names = {
            "general": at.general.id,
            "secret": at.guild.text("secret", only_for=[at.ada]).id,
            "forum": at.guild.forum("forum").id,
            "said": at.person.say(at.general, "mine").id,
            "locked": locked.id,
            "archived": archived.id,
            "buried": buried["id"],
            "guild": at.guild.id,
            "bot": at.discord.bot.id,
        }
        assert await ask(method, path.format(**names), body) == (status, code)


@pytest.mark.parametrize(
    "components",
    [
        row(BUTTON | {"custom_id": "c" * 101}),
        row(BUTTON | {"label": "l" * 81}),
        row(BUTTON, BUTTON),
        row(*[BUTTON | {"custom_id": str(n)} for n in range(6)]),
        row(*[BUTTON]) * 6,
        row({"type": 2, "style": 1, "custom_id": "x"}),
        row(),
    ],
)
async def test_components_beyond_the_limits_are_refused(components: object) -> None:
    async with place() as at, bare(at) as ask:
        body = {"content": "x", "components": components}
        assert await ask("POST", f"/channels/{at.general.id}/messages", body) == (400, 50035)
        assert at.view.visible() == []


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Upper", "description": "x"},
        {"name": "two words", "description": "x"},
        {"name": "n" * 33, "description": "x"},
        {"name": "fine", "description": ""},
        {"name": "fine", "description": "d" * 101},
        {"name": "fine"},
        {"name": "fine", "description": "x", "options": [{"type": 3, "name": "o"}]},
    ],
)
async def test_commands_against_the_rules_are_not_registered(command: object) -> None:
    async with place() as at, bare(at) as ask:
        path = f"/applications/{at.discord.world.application_id}/commands"
        assert await ask("PUT", path, [command]) == (400, 50035)
        assert await ask("GET", path) == (200, [])


async def test_an_interaction_takes_one_answer_and_none_when_late() -> None:
    async with place() as at, bare(at) as ask:
        path = f"/applications/{at.discord.world.application_id}/commands"
        await ask("PUT", path, [{"name": "go", "description": "x"}])
        used = at.person.slash(at.general, "go").interaction
        callback = f"/interactions/{used.id}/{used.token}/callback"
        answer = {"type": 4, "data": {"content": "done"}}
        assert (await ask("POST", f"{callback}?with_response=1", answer))[0] == 200
        assert await ask("POST", callback, answer) == (400, 40060)
        hook = f"/webhooks/{at.discord.bot.id}/{used.token}"
        assert (await ask("POST", hook, {"content": "more"}))[0] == 200
        at.discord.advance(timedelta(minutes=16))
        assert await ask("POST", hook, {"content": "more"}) == (401, 50027)
        late = at.person.slash(at.general, "go").interaction
        at.discord.advance(timedelta(seconds=3))
        assert await ask("POST", f"/interactions/{late.id}/{late.token}/callback", answer) == (
            404,
            10062,
        )
        assert [m.content for m in at.view.by_bot()] == ["done", "more"]


async def test_too_many_messages_are_429_and_counted() -> None:
    async with place(Settings()) as at, bare(at) as ask:
        path = f"/channels/{at.general.id}/messages"
        async with aiohttp.ClientSession(headers={"Authorization": "Bot TEST"}) as session:
            for _ in range(5):
                await session.post(at.discord.api_base + path, json={"content": "x"})
            async with session.post(at.discord.api_base + path, json={"content": "x"}) as refused:
                body = await refused.json()
                assert (refused.status, body["global"]) == (429, False)
                assert 0 < body["retry_after"] <= 5
                assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert len(at.discord.rate_limit_violations) == 1
        at.discord.advance(timedelta(seconds=5))
        assert (await ask("POST", path, {"content": "x"}))[0] == 200


async def test_faults_break_calls_before_or_after_they_take_effect() -> None:
    async with place() as at, bare(at) as ask:
        path, body = f"/channels/{at.general.id}/messages", {"content": "x"}
        at.discord.fail(FaultKind.DROP_REPLY, "POST", MESSAGES)
        with pytest.raises(aiohttp.ClientError):
            await ask("POST", path, body)
        assert len(at.view.visible()) == 1
        at.discord.fail(FaultKind.RESET, "POST", MESSAGES)
        with pytest.raises(aiohttp.ClientError):
            await ask("POST", path, body)
        at.discord.fail(FaultKind.HTTP_ERROR, "POST", MESSAGES, status=503, times=2)
        assert [(await ask("POST", path, body))[0] for _ in range(3)] == [503, 503, 200]
        hanging = at.discord.fail(FaultKind.HANG, "POST", MESSAGES)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask("POST", path, body), 0.1)
        hanging.release()
        assert len(at.view.visible()) == 2
        assert [call.status for call in at.discord.calls_to("POST", MESSAGES)][-1] == 0


async def test_a_connection_that_stops_beating_is_closed() -> None:
    quick = Settings(heartbeat_interval=timedelta(milliseconds=50))
    async with place(quick) as at, aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{at.discord.gateway_url}?v=10&encoding=json") as line:
            assert (await line.receive_json())["op"] == 10
            await line.send_json({"op": 1, "d": None})
            assert (await line.receive_json())["op"] == 11
            await line.receive()
            assert line.close_code == 4009


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("not json", 4002),
        ('{"op": 99}', 4001),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "WRONG", "intents": 0, "properties": {}}}', 4004),
        ('{"op": 2, "d": {"token": "TEST", "intents": 1073741824, "properties": {}}}', 4013),
        ('{"op": 2, "d": {"token": "TEST", "intents": 2, "properties": {}}}', 4014),
    ],
)
async def test_the_gateway_closes_with_the_code_that_a_payload_earns(
    payload: str, code: int
) -> None:
    strict = Settings(privileged_intents=Intent(0))
    async with place(strict) as at, aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{at.discord.gateway_url}?v=10&encoding=json") as line:
            await line.receive()
            await line.send_str(payload)
            await line.receive()
            assert line.close_code == code


async def test_as_a_process_it_is_driven_over_http_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.emulators.discord", "--token", "T"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    control = yarl.URL(ready["api_base"]).with_path("/_control")
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, **arguments: object) -> dict[str, int]:
            async with session.post(control / method, json=arguments) as response:
                assert response.status == 200, await response.text()
                answer = (await response.json())["result"]
                return answer if isinstance(answer, dict) else {"count": len(answer)}

        guild = (await ask("guild", name="home"))["id"]
        channel = (await ask("text", guild=guild, name="general"))["id"]
        ada = (await ask("user", name="ada"))["id"]
        await ask("join", guild=guild, member=ada)
        said = await ask("say", user=ada, channel=channel, content="hello")
        assert said["content"] == "hello"
        assert (await ask("visible", channel=channel))["count"] == 1
        async with session.post(control / "say", json={"user": ada, "channel": 1}) as refused:
            assert refused.status == 409
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
