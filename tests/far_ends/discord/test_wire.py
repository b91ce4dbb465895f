"""The Discord emulator refuses, limits and breaks calls as told, with no library between."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol

import aiohttp
import pytest
import yarl

from tests.emulators.discord import FaultKind, Intent, Settings
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.small_world import Place, place

MESSAGES = "/channels/{channel_id}/messages"


class Ask(Protocol):
    """One HTTP call: its status, and the error code or else the whole body."""

    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, object]: ...


@asynccontextmanager
async def bare(at: Place) -> AsyncIterator[Ask]:
    """Talk HTTP with no library between."""
    headers = {"Authorization": f"Bot {at.discord.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(method: str, path: str, body: object = None) -> tuple[int, object]:
            url = at.discord.api_base + path
            async with session.request(method, url, json=body) as response:
                answer: JsonObject = {} if response.status == 204 else await response.json()
                refused = response.status >= 400
                return response.status, answer.get("code") if refused else answer

        yield ask


@asynccontextmanager
async def gateway_line(at: Place) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = f"{at.discord.gateway_url}?v=10&encoding=json"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as line:
        yield line


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


async def test_a_deferred_answer_is_thinking_until_it_is_edited() -> None:
    async with place() as at, bare(at) as ask:
        path = f"/applications/{at.discord.world.application_id}/commands"
        await ask("PUT", path, [{"name": "go", "description": "x"}])
        used = at.person.slash(at.general, "go").interaction
        original = f"/webhooks/{at.discord.bot.id}/{used.token}/messages/@original"
        assert await ask("PATCH", original, {"content": "early"}) == (404, 10015)
        callback = f"/interactions/{used.id}/{used.token}/callback"
        assert await ask("POST", callback, {"type": 7, "data": {}}) == (400, 50035)
        assert await ask("POST", callback, {"type": 5}) == (204, {})
        assert [m.loading for m in at.view.visible()] == [True]
        for text in ("one", "one two"):
            assert (await ask("PATCH", original, {"content": text}))[0] == 200
        (shown,) = at.view.by_bot()
        assert [r.content for r in shown.history] == ["", "one", "one two"]
        assert (await ask("DELETE", original))[0] == 204
        assert await ask("GET", original) == (404, 10008)


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


async def test_renaming_has_a_limit_of_its_own() -> None:
    async with place(Settings()) as at, bare(at) as ask:
        thread = at.person.open_thread(at.general, "one")
        path = f"/channels/{thread.id}"
        for name, status in (("two", 200), ("three", 200), ("four", 429)):
            async with asyncio.timeout(5):
                assert (await ask("PATCH", path, {"name": name}))[0] == status
        assert (await ask("PATCH", path, {"archived": True}))[0] == 200
        assert at.discord.channel(thread).name == "three"


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
    async with place(quick) as at, gateway_line(at) as line:
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
async def test_the_gateway_closes_with_the_code_that_a_payload_earns(payload: str, code: int) -> None:
    strict = Settings(privileged_intents=Intent(0))
    async with place(strict) as at, gateway_line(at) as line:
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

        async def ask(method: str, **arguments: object) -> Any:
            async with session.post(control / method, json=arguments) as response:
                assert response.status == 200, await response.text()
                return (await response.json())["result"]

        guild = (await ask("guild", name="home"))["id"]
        channel = (await ask("text", guild=guild, name="general"))["id"]
        ada = (await ask("user", name="ada"))["id"]
        await ask("join", guild=guild, member=ada)
        said = await ask("say", user=ada, channel=channel, content="hello")
        assert said["content"] == "hello"
        assert await ask("visible", channel=channel) == [said]
        async with session.post(control / "say", json={"user": ada, "channel": 1}) as refused:
            assert refused.status == 409
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
