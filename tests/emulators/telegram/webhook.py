"""The webhook: its settings, and delivery of updates to it until they are accepted."""

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from tests.emulators.telegram.updates import QueuedUpdate
from tests.emulators.telegram.wire import Arguments, JsonObject, RefusedError, bad_request
from tests.emulators.telegram.world import World

DELIVERY_TIMEOUT = 60.0
MAX_SECRET = 256
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


PORTS = frozenset({80, 88, 443, 8443})
"""https://core.telegram.org/bots/api#setwebhook"""


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    secret: str
    max_connections: int


class Webhook:
    """Delivers one update at a time per chat, several chats beside each other."""

    def __init__(self, world: World) -> None:
        self.target: Target | None = None
        self._world = world
        self._busy: set[int] = set()
        self._last_error: tuple[int, str] | None = None

    def set(self, arguments: Arguments) -> None:
        """Set the webhook; on loopback plain http and any port will do, as with a local server."""
        url = arguments.text("url")
        secret = arguments.text("secret_token")
        if len(secret) > MAX_SECRET:
            raise bad_request("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad_request("secret token contains unallowed characters")
        if url:
            _check_address(url)
        connections = min(max(arguments.integer("max_connections", 40), 1), 100)
        self.target = Target(url, secret, connections) if url else None
        if arguments.flag("drop_pending_updates"):
            self._world.updates.forget_all()
        if self.target is not None:
            self._world.updates.end_poll(RefusedError(409, "Conflict: terminated by setWebhook request"))
        self._world.changes.notify()

    def info(self) -> JsonObject:
        info: JsonObject = {
            "url": self.target.url if self.target else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.updates.pending),
        }
        if self.target is not None:
            info["max_connections"] = self.target.max_connections
        if self._last_error is not None:
            info["last_error_date"], info["last_error_message"] = self._last_error
        if self._world.updates.allowed is not None:
            info["allowed_updates"] = sorted(self._world.updates.allowed)
        return info

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=DELIVERY_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
            while True:
                update, target = await self._world.changes.wait_for(self._next, None)
                self._busy.add(update.key)
                group.create_task(self._deliver(session, update, target))

    def _next(self) -> tuple[QueuedUpdate, Target] | None:
        if self.target is None or len(self._busy) >= self.target.max_connections:
            return None
        update = self._world.updates.claim(frozenset(self._busy))
        return None if update is None else (update, self.target)

    async def _deliver(
        self, session: aiohttp.ClientSession, update: QueuedUpdate, target: Target
    ) -> None:
        try:
            error = await self._post(session, update, target)
            if error is None:
                self._world.updates.delivered(update)
            else:
                self._last_error = (int(self._world.now().timestamp()), error)
                await asyncio.sleep(self._world.settings.webhook_retry.total_seconds())
        finally:
            self._busy.discard(update.key)
            self._world.changes.notify()

    async def _post(
        self, session: aiohttp.ClientSession, update: QueuedUpdate, target: Target
    ) -> str | None:
        headers = {SECRET_HEADER: target.secret} if target.secret else {}
        try:
            async with session.post(target.url, json=update.payload, headers=headers) as response:
                if 200 <= response.status < 300:
                    return None
                return f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError):
            return "Connection failed"


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if parts.hostname in {"127.0.0.1", "localhost", "::1"}:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
