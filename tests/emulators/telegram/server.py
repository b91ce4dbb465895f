"""The HTTP face: takes calls from the wire, lets ordered faults have their way, and answers."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from tests.emulators.telegram.dispatch import Dispatcher, canonical
from tests.emulators.telegram.faults import FaultBook, FaultKind, Injection
from tests.emulators.telegram.flood import FloodGate
from tests.emulators.telegram.requests import read_params
from tests.emulators.telegram.wire import ApiCall, JsonObject, RefusedError, too_many_requests
from tests.emulators.telegram.world import World


class Wire:
    """Serves `/bot<token>/<method>`; `closing` frees the calls that hang."""

    def __init__(
        self, token: str, world: World, dispatcher: Dispatcher, faults: FaultBook, gate: FloodGate
    ) -> None:
        self.calls: list[ApiCall] = []
        self.closing = False
        self._token = token
        self._world = world
        self._dispatcher = dispatcher
        self._faults = faults
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/{path:.*}", self.handle)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        prefix, _, method = request.path.removeprefix("/").partition("/")
        if not prefix.startswith("bot") or not method:
            return _json(RefusedError(404, "Not Found").body(), 404)
        if prefix != f"bot{self._token}" or self._dispatcher.logged_out:
            return _json(RefusedError(401, "Unauthorized").body(), 401)
        try:
            params = await read_params(request)
        except RefusedError as refusal:
            return _json(refusal.body(), refusal.status)
        call = ApiCall(len(self.calls), canonical(method), params, self._world.now())
        self.calls.append(call)
        self._world.changes.notify()
        injection = self._faults.take(call)
        if injection is None:
            return await self._answer(call)
        return await self._faulty(request, call, injection)

    async def _faulty(
        self, request: web.Request, call: ApiCall, injection: Injection
    ) -> web.StreamResponse:
        """Answer a call through the fault that was ordered for it."""
        fault = injection.fault
        match fault.kind:
            case FaultKind.ERROR:
                return self._refuse(call, RefusedError(fault.status, fault.text))
            case FaultKind.FLOOD:
                return self._refuse(call, self._flood(call, int(fault.seconds)))
            case FaultKind.RESET:
                return self._cut(request, call)
            case FaultKind.DROP_REPLY:
                await self._answer(call)
                return self._cut(request, call)
            case FaultKind.DELAY:
                await self._wait(lambda: self.closing, fault.seconds)
                return await self._answer(call)
            case FaultKind.HANG | FaultKind.HANG_AFTER:
                return await self._hang(request, call, injection)
            case FaultKind.BODY:
                self._finish(call, fault.status, fault.text)
                return web.Response(status=fault.status, text=fault.text, content_type="text/html")
            case FaultKind.HALF_BODY:
                answer = await self._answer(call)
                return await self._half(request, call, answer)

    async def _answer(self, call: ApiCall) -> web.Response:
        try:
            result = await self._dispatcher.answer(call)
        except RefusedError as refusal:
            return self._refuse(call, refusal)
        self._finish(call, 200)
        return _json({"ok": True, "result": result}, 200)

    async def _hang(self, request: web.Request, call: ApiCall, injection: Injection) -> web.Response:
        if injection.fault.kind is FaultKind.HANG_AFTER:
            await self._answer(call)
        await self._wait(lambda: self.closing or injection.removed, None)
        return self._cut(request, call)

    def _refuse(self, call: ApiCall, refusal: RefusedError) -> web.Response:
        self._finish(call, refusal.status, refusal.description)
        response = _json(refusal.body(), refusal.status)
        if "retry_after" in refusal.parameters:
            response.headers["Retry-After"] = str(refusal.parameters["retry_after"])
        return response

    def _flood(self, call: ApiCall, seconds: int) -> RefusedError:
        if call.chat_id is not None:
            self._gate.close_exactly(call.chat_id, time.monotonic(), seconds)
        return too_many_requests(seconds)

    def _finish(self, call: ApiCall, status: int, description: str | None = None) -> None:
        done = replace(self.calls[call.number], status=status, description=description)
        self.calls[call.number] = done
        self._world.changes.notify()

    def _cut(self, request: web.Request, call: ApiCall) -> web.Response:
        self._finish(call, 0)
        _reset(request)
        return web.Response()

    async def _half(
        self, request: web.Request, call: ApiCall, answer: web.Response
    ) -> web.StreamResponse:
        body = answer.body
        assert isinstance(body, bytes)
        response = web.StreamResponse(status=answer.status)
        response.content_type = "application/json"
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        self._finish(call, 0)
        if request.transport is not None:
            request.transport.close()
        return response

    async def _wait(self, happened: Callable[[], bool], seconds: float | None) -> None:
        try:
            await self._world.changes.wait_for(happened, seconds)
        except TimeoutError:
            return


def _json(body: JsonObject, status: int) -> web.Response:
    encoded = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(status=status, body=encoded, content_type="application/json")


def _reset(request: web.Request) -> None:
    """Close the connection with a reset instead of an orderly end."""
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
