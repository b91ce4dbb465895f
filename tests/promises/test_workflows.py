"""A workflow in chat over a process that is killed while the third step runs."""

import pytest

from tests.emulators.openai import ModelServer
from tests.emulators.openai.received import Received
from tests.emulators.telegram import BotApi
from tests.rooms import THREE, define
from tests.service import Service

RECOVERY = 60
"""Seconds; a bound for waiting, not a measurement: start of the process, lease, sweep."""


def is_third(request: Received) -> bool:
    return request.last_user_text == "third"


async def test_a_run_in_chat_goes_on_at_its_third_step_after_a_kill(
    serving: Service, models: ModelServer, telegram: BotApi
) -> None:
    folder = serving.home / "workflows"
    folder.mkdir()
    define(folder, three=THREE)
    gate = models.hold(is_third)
    ada = telegram.add_person("Ada")
    ada.say(ada, "/workflow run three")
    await models.wait_for_request(is_third, timeout_s=RECOVERY)
    await telegram.chat(ada).wait_text("✅ two\n• ▶️ three", timeout=RECOVERY)
    await serving.kill()
    gate.open()
    await serving.start()
    done = await telegram.chat(ada).wait_text("✅ three", timeout=RECOVERY)
    assert done.text.endswith("three\n\n[2] third")
    assert [one.text for one in telegram.chat(ada).visible() if one.by_bot] == [done.text]
    asked = [request.last_user_text for request in models.requests]
    assert asked == ["first", "second", "third", "third"]


pytestmark = pytest.mark.timeout(300)
