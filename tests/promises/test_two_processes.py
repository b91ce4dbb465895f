"""Promises 3 to 5 for a bot and a command line that share one SQLite file."""

import asyncio
import json

import pytest

from tests.emulators.openai import ModelServer
from tests.emulators.telegram import BotApi
from tests.service import Service

WAIT = 60
"""Seconds; a bound for waiting, not a measurement."""


async def test_bot_and_command_line_answer_in_one_session_one_at_a_time_and_in_order(
    serving: Service, models: ModelServer, telegram: BotApi
) -> None:
    ada = telegram.add_person("Ada")
    ada.say(ada, "/session start shared")
    await telegram.chat(ada).wait_text("shared", timeout=WAIT)
    workspace = ("--session", "shared", "--workspace", f"telegram:{ada.id}")
    gate = models.hold()
    ada.say(ada, "from the chat")
    await models.wait_for_request(lambda request: "from the chat" in request.last_user_text)
    asking = asyncio.create_task(serving.command("from the command line", *workspace))
    await _until_waiting(serving, ada.id, 2)
    assert len(models.requests) == 1
    gate.open()
    assert "from the command line" in await asking
    asked = [request.said for request in models.requests]
    assert ("user", "Ada: from the chat") in asked[1]
    assert [text for role, text in asked[1] if role == "assistant"] == ["[2] from the chat"]
    shown = json.loads(await serving.command("session", "show", "shared", *workspace[2:], "--json"))
    assert (shown["user_messages"], shown["agent_messages"]) == (2, 2)


async def test_the_command_line_sees_the_live_sessions_of_every_chat(
    serving: Service, telegram: BotApi
) -> None:
    people = [telegram.add_person(name) for name in ("Ada", "Bob")]
    for person in people:
        person.say(person, f"/session start of-{person.user.first_name}")
        await telegram.chat(person).wait_text("of-", timeout=WAIT)
        person.say(person, "hello")
        await telegram.chat(person).wait_text("[2] hello", timeout=WAIT)
    workspaces = await serving.command("workspace", "list")
    for person in people:
        assert f"telegram:{person.id}" in workspaces
        listed = await serving.command("session", "list", "--workspace", f"telegram:{person.id}")
        assert f"of-{person.user.first_name}" in listed
        assert "Total: 1 session" in listed


async def _until_waiting(serving: Service, chat: int, count: int) -> None:
    async with asyncio.timeout(WAIT):
        while True:
            shown = await serving.command(
                "session", "show", "shared", "--workspace", f"telegram:{chat}", "--json"
            )
            if json.loads(shown)["waiting"] >= count:
                return


pytestmark = pytest.mark.timeout(300)
