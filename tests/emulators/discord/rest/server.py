"""Serves the REST routes: records, breaks, authorizes, limits, and hands to the handler."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from aiohttp import BodyPartReader, MultipartReader, web

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.errors import (
    Refused,
    invalid_json,
    no_such_route,
    too_large,
    unauthorized,
    wrong_method,
)
from tests.emulators.discord.faults import Fault, FaultKind, Faults
from tests.emulators.discord.limits import Limiter, Verdict
from tests.emulators.discord.nouns import Attachment
from tests.emulators.discord.rest import (
    accounts,
    channels,
    commands,
    guilds,
    interactions,
    messages,
)
from tests.emulators.discord.rest.request import Handler, Parts, Reply, Request, Routes

API = "/api/v10"
_WebHandler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
_OPEN_TO_ALL = ("/interactions/", "/webhooks/", "/gateway")


@dataclass(slots=True, eq=False)
class Call:
    """A REST call that reached the emulator, and how it ended; status 0 is no answer."""

    method: str
    route: str
    path: str
    at: datetime
    body: object = None
    status: int = 0
    error_code: int | None = None
    applied: bool = False


class RestServer:
    """The HTTP side of the emulator."""

    def __init__(self, parts: Parts, limiter: Limiter, faults: Faults, token: str) -> None:
        self.calls: list[Call] = []
        self._parts = parts
        self._limiter = limiter
        self._faults = faults
        self._token = token

    def attach(self, app: web.Application) -> None:
        """Add every route to an application, and Discord's own words for all others."""
        for (method, template), handler in all_routes().items():
            app.router.add_route(method, API + template, self._adapter(template, handler))
        app.router.add_route("*", "/api/{rest:.*}", self._elsewhere)

    def _adapter(self, template: str, handler: Handler) -> _WebHandler:
        async def adapted(request: web.Request) -> web.StreamResponse:
            return await self.serve(request, template, handler)

        return adapted

    async def _elsewhere(self, request: web.Request) -> web.Response:
        call = self._record(request, request.path.removeprefix(API))
        known = {template for _, template in all_routes()}
        refusal = wrong_method() if _matches(call.route, known) else no_such_route()
        return self._answer(call, _refusal(refusal), {})

    async def serve(self, request: web.Request, template: str, handler: Handler) -> web.StreamResponse:
        """Serve one call from recording to answer."""
        call = self._record(request, template)
        fault = self._faults.take(call.method, template)
        if fault is not None:
            response = await self._break(request, call, fault)
            if response is not None:
                return response
        try:
            reply, headers = await self._handle(request, call, template, handler)
        except Refused as refusal:
            reply, headers = _refusal(refusal), {}
        if fault is not None and fault.kind is FaultKind.DROP_REPLY:
            return self._cut(request, call)
        return self._answer(call, reply, headers)

    async def _handle(
        self, request: web.Request, call: Call, template: str, handler: Handler
    ) -> tuple[Reply, dict[str, str]]:
        if not template.startswith(_OPEN_TO_ALL) or template == "/gateway/bot":
            self._authorize(request)
        body, files = await self._read(request)
        call.body = body
        params = dict(request.match_info)
        renames = call.method == "PATCH" and isinstance(body, dict) and _renames(template, body)
        verdict = self._limiter.admit(f"{call.method} {template}", params, renames)
        if verdict.retry_after is not None:
            return _too_many(verdict), verdict.headers
        inner = Request(self._parts, params, dict(request.query), body, files)
        try:
            reply = handler(inner)
        except Refused as refusal:
            reply = _refusal(refusal)
        else:
            call.applied = True
        return reply, verdict.headers

    def _authorize(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise unauthorized()

    async def _read(self, request: web.Request) -> tuple[object, dict[str, Attachment]]:
        if not request.can_read_body:
            return {}, {}
        if request.content_type == "multipart/form-data":
            return await self._read_parts(await request.multipart())
        if request.content_type != "application/json":
            raise Refused(400, 0, 'Expected "Content-Type" header to be one of {"application/json"}.')
        return _json(await request.text()), {}

    async def _read_parts(self, reader: MultipartReader) -> tuple[object, dict[str, Attachment]]:
        world = self._parts.world
        body: object = {}
        files: dict[str, Attachment] = {}
        while (part := await reader.next()) is not None:
            assert isinstance(part, BodyPartReader)
            content = bytes(await part.read())
            if part.name == "payload_json":
                body = _json(content.decode())
                continue
            if len(content) > world.settings.upload_limit_bytes:
                raise too_large()
            name = part.filename or "unknown"
            files[part.name or name] = Attachment(world.ids.next(), name, content)
        return body, files

    async def _break(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse | None:
        match fault.kind:
            case FaultKind.HTTP_ERROR:
                if fault.status == 429:
                    verdict = Verdict({}, fault.seconds)
                    return self._answer(call, _too_many(verdict), {})
                refusal = Refused(fault.status, fault.code, f"{fault.status}: Made to fail")
                return self._answer(call, _refusal(refusal), {})
            case FaultKind.RESET:
                return self._cut(request, call)
            case FaultKind.HANG:
                await fault.released.wait()
                return self._cut(request, call)
            case FaultKind.DELAY:
                await asyncio.sleep(fault.seconds)
                return None
            case FaultKind.DROP_REPLY:
                return None

    def _record(self, request: web.Request, route: str) -> Call:
        now = self._parts.world.clock.now()
        call = Call(request.method, route, request.path.removeprefix(API), now)
        self.calls.append(call)
        return call

    def _answer(self, call: Call, reply: Reply, headers: dict[str, str]) -> web.Response:
        call.status = reply.status
        if isinstance(reply.body, dict) and reply.status >= 400:
            call.error_code = reply.body.get("code")
        self._parts.world.changes.happened()
        # discord.py takes a 429 without Via for one of Cloudflare's.
        headers = headers | {"Via": "1.1 google"}
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        headers["Content-Type"] = "application/json"
        return web.Response(status=reply.status, body=json.dumps(reply.body), headers=headers)

    def _cut(self, request: web.Request, call: Call) -> web.Response:
        """Reset the connection, so that the caller cannot know whether the call took effect."""
        if request.transport is not None:
            line = request.transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        self._parts.world.changes.happened()
        return web.Response(status=call.status or 500)


def all_routes() -> Routes:
    found: Routes = {}
    for module in (accounts, guilds, channels, messages, commands, interactions):
        found |= module.routes()
    return found


def _json(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise invalid_json() from error
    return parsed


def _refusal(refused: Refused) -> Reply:
    return Reply(refused.status, refused.body)


def _too_many(verdict: Verdict) -> Reply:
    body: JsonObject = {
        "message": "You are being rate limited.",
        "retry_after": verdict.retry_after,
        "global": verdict.whole_bot,
    }
    return Reply(429, body)


def _renames(template: str, body: JsonObject) -> bool:
    return template == "/channels/{channel_id}" and ("name" in body or "topic" in body)


def _matches(path: str, templates: set[str]) -> bool:
    steps = path.split("/")
    for template in templates:
        pattern = template.split("/")
        if len(pattern) == len(steps) and all(
            p == s or p.startswith("{") for p, s in zip(pattern, steps, strict=True)
        ):
            return True
    return False
