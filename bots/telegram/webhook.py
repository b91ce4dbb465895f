"""Receives updates by webhook: Telegram brings them, and hears "taken" when they are durable.

Knows no HTTP server: whoever has one asks :meth:`Webhook.admits` for the headers, then
:meth:`Webhook.take` for the body. Telegram repeats what was not answered with 2xx, and brings updates of
one chat one after the other (https://core.telegram.org/bots/api#setwebhook).
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import NoReturn

import msgspec
import structlog

from bots.beginning import begin
from bots.outlet import OutletError
from bots.telegram.polling import Numbered, Trouble
from bots.telegram.refusals import Refused
from bots.telegram.schema import SetWebhook, WebhookInfo
from bots.telegram.updates import WANTED
from bots.telegram.wire import Wire
from sessions.errors import SettingError
from sessions.incidents import report

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
TAKE_TIME = timedelta(seconds=8)
"""How long Telegram waits for one answer at most: more than a message waits for commands before it."""
CONNECTIONS = 40
"""Updates under way at once; as many as Telegram opens by itself."""
LOOK_EVERY = timedelta(seconds=60)
"""How often Telegram is asked whether the webhook is there and works."""

Take = Callable[[int, bytes], Awaitable[None]]
"""Takes over an update of that number; returns when it is durable."""

log = structlog.get_logger(__name__)


def derived_secret(token: str) -> str:
    """Return a secret that every process with the bot's token has, and that does not tell the token."""
    return hmac.digest(token.encode(), b"parley: telegram webhook", "sha256").hex()


class Webhook:
    """One bot's webhook at ``url``. Closed, which Telegram takes for "later", but while it is served."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        take_time: timedelta = TAKE_TIME,
        look_every: timedelta = LOOK_EVERY,
    ) -> None:
        self._url = url
        self._secret = secret
        self._take_time = take_time
        self._look_every = look_every
        self._open: tuple[asyncio.TaskGroup, Take] | None = None

    def __repr__(self) -> str:
        return "Webhook()"

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the headers have the secret. ``headers`` ignores the case of names."""
        given = headers.get(SECRET_HEADER, "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode())

    async def take(self, body: bytes) -> HTTPStatus:
        """Take the update over; what to answer. An update that cannot be read is passed over alone."""
        if self._open is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        tasks, take = self._open
        number = _number(body)
        if number is None:
            return HTTPStatus.BAD_REQUEST
        # A task of the bot's: when the bot ends, the update is left to another process.
        taking = begin(tasks, lambda: _taken(take, number, body))
        if taking is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        await asyncio.wait({taking}, timeout=self._take_time.total_seconds())
        if taking.done() and not taking.cancelled():
            return taking.result()
        taking.cancel()
        log.debug("telegram.update_put_off", update_id=number)
        return HTTPStatus.SERVICE_UNAVAILABLE

    async def serve(self, wire: Wire, take: Take) -> NoReturn:
        """Have Telegram bring updates until cancelled.

        Raises SettingError, perhaps in a group, when Telegram refuses the address or the token.
        """
        async with asyncio.TaskGroup() as tasks:
            self._open = (tasks, take)
            try:
                await self._keep_set(wire)
            finally:
                self._open = None
        raise AssertionError("a webhook is kept for ever")

    async def _keep_set(self, wire: Wire) -> NoReturn:
        """Set the webhook, and again when another process of the bot, an older one, took it down."""
        trouble, failures = Trouble(), _Failures()
        await self._set(wire, trouble)
        while True:
            try:
                info = await wire.call("getWebhookInfo", None, WebhookInfo)
            except OutletError as error:
                await trouble.wait(error)
                continue
            trouble.over()
            if info.url != self._url:
                log.warning("telegram.webhook_was_changed")
                await self._set(wire, trouble)
            failures.look(info)
            await asyncio.sleep(self._look_every.total_seconds())

    async def _set(self, wire: Wire, trouble: Trouble) -> None:
        body = SetWebhook(self._url, self._secret, WANTED, CONNECTIONS)
        while True:
            try:
                await wire.call("setWebhook", body, bool)
            except OutletError as error:
                if isinstance(error, Refused) and not _may_pass(error):
                    raise _refused(error, self._url) from error
                await trouble.wait(error)
            else:
                trouble.over()
                log.info("telegram.webhook_set")
                return


class _Failures:
    """Says in the log what Telegram complains of: once until it complains of something else."""

    def __init__(self) -> None:
        self._seen: int | None = None
        self._said = ""

    def look(self, info: WebhookInfo) -> None:
        """The first look only remembers what happened before this process served."""
        if self._seen is not None and info.last_error_date <= self._seen:
            self._said = ""
        elif self._seen is not None and info.last_error_message != self._said:
            self._said = info.last_error_message
            log.warning("telegram.webhook_failing", said=self._said, waiting=info.pending_update_count)
        self._seen = info.last_error_date


async def _taken(take: Take, number: int, body: bytes) -> HTTPStatus:
    try:
        await take(number, body)
    except Exception:  # noqa: BLE001 - one update must not end the others
        report("telegram.update_not_taken", update_id=number)
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return HTTPStatus.OK


def _number(body: bytes) -> int | None:
    try:
        return msgspec.json.decode(body, type=Numbered).update_id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _may_pass(error: Refused) -> bool:
    """Whether it is the name service of Telegram that fails."""
    return "temporary failure" in error.words.lower()


def _refused(error: Refused, url: str) -> SettingError:
    words = error.words.replace(url, "the address") or str(error)
    return SettingError(
        f"Telegram refused PARLEY_TELEGRAM_WEBHOOK_URL: {words}. Set an https address that Telegram "
        "can reach, for example https://bot.example.org/telegram"
    )
