"""Calls the Bot API over one HTTP session with JSON bodies, and knows the token so that nobody else must.

Whatever a turn costs passes through here: updates, sends, edits. What happens now and then and gains by
full types (menu, rights, buttons) is asked with aiogram's methods in ``bots.telegram.administration``;
its session is this wire too, so there is one place for time-outs, errors and the secret.
"""

import asyncio
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from yarl import URL

from bots.outlet import Unreachable
from bots.telegram.refusals import error_of
from bots.telegram.schema import Response
from sessions.errors import SettingError

OFFICIAL = "https://api.telegram.org"
CALL_TIME = timedelta(seconds=10)
"""The longest that one call takes, except for a long poll."""

Result = TypeVar("Result")

_encode = msgspec.json.Encoder().encode
_response = msgspec.json.Decoder(Response)
_JSON = {"Content-Type": "application/json"}


class Wire:
    """The Bot API of one bot. Enter it to open the HTTP session.

    Calls raise what ``bots.telegram.refusals`` draws; no error carries the token or a URL.
    """

    def __init__(self, token: str, base: str = OFFICIAL) -> None:
        address = _base(base)
        self.bot_id, self._prefix = _address(token, address)
        self.token = token
        self._proxy = _proxy_for(address)
        self._urls: dict[str, URL] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=self._proxy,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def __repr__(self) -> str:
        return f"Wire(bot {self.bot_id})"

    async def call(
        self, method: str, body: msgspec.Struct | None, result: type[Result], time: timedelta = CALL_TIME
    ) -> Result:
        """Call a method and read its result; an answer of another shape counts as unreachable."""
        raw = await self.call_raw(method, b"{}" if body is None else _encode(body), time)
        decoded = _decoded(raw, result)
        if decoded is None:
            raise Unreachable(f"{method} was answered with something else")
        return decoded

    async def call_raw(self, method: str, body: bytes, time: timedelta = CALL_TIME) -> msgspec.Raw:
        """Call a method with an encoded body and return its encoded result."""
        status, content = await self._post(method, body, time)
        response = _decoded(content, Response)
        if response is None:
            raise Unreachable(f"{method} was answered {status} without JSON")
        if not response.ok:
            raise error_of(status, response)
        return response.result

    async def _post(self, method: str, body: bytes, time: timedelta) -> tuple[int, bytes]:
        if self._session is None:
            raise Unreachable("the session is closed")
        try:
            async with asyncio.timeout(time.total_seconds()):
                async with self._session.post(self._url(method), data=body, headers=_JSON) as answer:
                    return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = type(error).__name__
        # Raised outside of the handler: an error of aiohttp can hold the URL, and with it the token.
        raise Unreachable(f"{method} failed: {failure}")

    def _url(self, method: str) -> URL:
        url = self._urls.get(method)
        if url is None:
            url = self._urls[method] = URL(self._prefix + method, encoded=True)
        return url


def _address(token: str, base: URL) -> tuple[int, str]:
    number, _, secret = token.partition(":")
    if not (number.isascii() and number.isdigit() and secret and _is_path_safe(secret)):
        raise SettingError(
            "PARLEY_TELEGRAM_TOKEN is not a bot token. "
            "It looks like 123456:ABC-DEF and comes from @BotFather."
        )
    return int(number), f"{str(base).rstrip('/')}/bot{token}/"


def _base(said: str) -> URL:
    try:
        base = URL(said)
    except ValueError:
        base = URL()
    if base.scheme not in {"http", "https"} or not base.host:
        raise SettingError(
            "PARLEY_TELEGRAM_API_BASE is no address. It looks like https://api.telegram.org"
        )
    return base


def _proxy_for(base: URL) -> str | None:
    """Return the environment's proxy. aiohttp's own way looks it up anew for every call, in a thread."""
    if proxy_bypass(base.host or ""):
        return None
    return getproxies().get(base.scheme)


def _is_path_safe(secret: str) -> bool:
    return secret.isascii() and all(letter.isalnum() or letter in "-_" for letter in secret)


def _decoded(content: bytes | msgspec.Raw, kind: type[Result]) -> Result | None:
    try:
        if kind is Response:
            return _response.decode(content)  # type: ignore[return-value]  # the one kind worth a decoder
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError:
        return None
