"""Promise 12: what people say and what opens doors is in no log."""

import pytest

from tests.emulators.openai import ModelServer, server_error
from tests.emulators.telegram import BotApi, Fault
from tests.service import Service

WAIT = 60
WORDS = "xylophone quicksilver"
NAME = "marzipan"


async def test_no_text_token_key_or_name_is_logged_whatever_goes_wrong(
    serving: Service, models: ModelServer, telegram: BotApi
) -> None:
    ada = telegram.add_person("Ada")
    telegram.fail("sendMessage", Fault.bad_gateway())
    telegram.fail("editMessageText", Fault.reset())
    telegram.garbage_update({"message": {"text": WORDS}})
    models.fail(server_error(500), times=2)
    ada.say(ada, f"/session start {NAME}")
    await telegram.chat(ada).wait_text(NAME, timeout=WAIT)
    ada.say(ada, WORDS)
    await telegram.chat(ada).wait_text(WORDS, timeout=WAIT)
    assert await serving.stop() == 0
    log = (serving.home / "serve.log").read_text()
    assert "turn.committed" in log
    for secret in ("TEST", "42:", "sk-test", "xylophone", NAME):
        leaked = [line for line in log.splitlines() if secret in line and "event_id" not in line]
        leaked = [line for line in leaked if secret != "42:" or "bot42:" in line]
        assert not leaked, f"{secret} in {leaked[0]}"


pytestmark = pytest.mark.timeout(300)
