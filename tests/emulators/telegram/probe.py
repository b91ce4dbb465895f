"""A bot that speaks bare HTTP, for tests that look at the wire itself."""

from dataclasses import dataclass

import aiohttp

from tests.emulators.telegram.api import BotApi
from tests.emulators.telegram.wire import JsonObject


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; its typed views fail when the call was refused."""

    status: int
    body: JsonObject

    @property
    def result(self) -> JsonObject:
        assert self.status == 200, self.body
        result = self.body["result"]
        assert isinstance(result, dict)
        return result

    @property
    def items(self) -> list[JsonObject]:
        assert self.status == 200, self.body
        result = self.body["result"]
        assert isinstance(result, list)
        return result

    @property
    def refusal(self) -> tuple[int, object]:
        return self.status, self.body["description"]


class Probe:
    """Calls methods of the Bot API; the caller owns the session."""

    def __init__(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        self.url = f"{api.base_url}/bot{api.token}"
        self.session = session

    async def call(self, method: str, **params: object) -> Reply:
        async with self.session.post(f"{self.url}/{method}", json=params) as response:
            return Reply(response.status, await response.json())
