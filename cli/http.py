"""The HTTP side of ``parley serve``: health, readiness, and where a platform brings events."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Protocol

import msgspec
import structlog
from aiohttp import web
from yarl import URL

from cli.health import LIFE_PATH, READY_PATH, Health
from sessions.errors import SettingError
from sessions.incidents import report

LONGEST_BODY = 1 << 20
"""Bytes of an event at most."""

BODY_TIME = 10.0
"""Seconds in which an event must have been sent."""

_CLOSING_TIME = 2.0
_LINGERING = 1.0

log = structlog.get_logger(__name__)


class Hook(Protocol):
    """Takes the events that a platform brings."""

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the headers prove that it is the platform; names are found in any case."""
        ...

    async def take(self, body: bytes) -> HTTPStatus:
        """Take an event over and say what to answer, within seconds."""
        ...


class HttpSide:
    """What is asked, and what is brought to the path of ``hook_url``: put off until a hook hangs."""

    def __init__(self, health: Health, hook_url: str = "") -> None:
        self._hook: Hook | None = None
        self._health = health
        self._hook_path = URL(hook_url).raw_path if hook_url else ""

    def hang(self, hook: Hook) -> None:
        """Give it what is brought from here on."""
        self._hook = hook

    @asynccontextmanager
    async def listening(self, address: str) -> AsyncIterator[int]:
        """Serve at ``host:port`` until the block ends; the port, which is a free one for 0.

        Raises SettingError when the address cannot be had.
        """
        # aiohttp would log what a stranger sent; what fails in here is reported in here.
        silent = logging.Logger(__name__, logging.CRITICAL + 1)
        runner = web.AppRunner(
            self._app(),
            access_log=None,
            logger=silent,
            shutdown_timeout=_CLOSING_TIME,
            lingering_time=_LINGERING,
        )
        await runner.setup()
        try:
            await _start(runner, address)
            port = int(runner.addresses[0][1])
            log.info("http.listening", host=address.rpartition(":")[0], port=port)
            yield port
        finally:
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=LONGEST_BODY)
        app.router.add_get(LIFE_PATH, self._life)
        app.router.add_get(READY_PATH, self._readiness)
        if self._hook_path:
            app.router.add_post(self._hook_path, self._event)
        return app

    async def _life(self, _: web.Request) -> web.Response:
        return _json(HTTPStatus.OK, self._health.life())

    async def _readiness(self, _: web.Request) -> web.Response:
        found = await self._health.readiness()
        return _json(HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE, found)

    async def _event(self, request: web.Request) -> web.Response:
        return _said(await self._taken(request))

    async def _taken(self, request: web.Request) -> HTTPStatus:
        if self._hook is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        if not self._hook.admits(request.headers):
            return HTTPStatus.UNAUTHORIZED
        if (request.content_length or 0) > LONGEST_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            async with asyncio.timeout(BODY_TIME):
                body = await request.read()
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        try:
            return await self._hook.take(body)
        except Exception:  # noqa: BLE001 - the edge of a request
            report("http.event_failed")
            return HTTPStatus.INTERNAL_SERVER_ERROR


async def _start(runner: web.AppRunner, address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except OSError as error:
        raise SettingError(
            f"PARLEY_HTTP is {address}, but that cannot be listened at: {error.strerror}. "
            "Set another address, for example PARLEY_HTTP=127.0.0.1:8080"
        ) from error


def _json(status: HTTPStatus, found: msgspec.Struct) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(found),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _said(status: HTTPStatus) -> web.Response:
    return web.Response(status=status, text=f"{status.phrase}\n")
