"""The control endpoints of a server that runs as a process: `POST /_control/<method>`.

The methods are those of ModelServer, with their arguments as a JSON object. Where Python takes a
predicate, `contains` is a part of the last user message. There is one gate a process: `hold` puts
it up, `release` and `open` work on it.
"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from tests.emulators.openai.answers import Answer, Gate
from tests.emulators.openai.faults import Fault
from tests.emulators.openai.received import Predicate, Received
from tests.emulators.openai.server import ModelServer


class Order(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The arguments of all methods; each reads its own.

    `finished` and `client_gone` narrow the requests that `wait_for_request` accepts.
    """

    contains: str | None = None
    fault: Fault | None = None
    times: int | None = 1
    answers: list[str | Answer] = []
    steps: int = 1
    timeout_s: float = 10
    chunk_size: int | None = None
    pace: float | None = None
    contexts: dict[str, int] | None = None
    number_above: int = 0
    finished: bool = False
    client_gone: bool = False

    def when(self) -> Predicate | None:
        """Return the predicate for faults and gates."""
        part = self.contains
        return None if part is None else lambda request: part in request.last_user_text

    def accepts(self, request: Received) -> bool:
        """Tell whether `wait_for_request` may return `request`."""
        return (
            request.number > self.number_above
            and (self.contains is None or self.contains in request.last_user_text)
            and (request.finished or not self.finished)
            and (request.client_gone or not self.client_gone)
        )


class Control:
    """The control endpoints of one server."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._gate: Gate | None = None
        self._methods: dict[str, Callable[[Order], Awaitable[object]]] = {
            "configure": self._configure,
            "enqueue": self._enqueue,
            "fail": self._fail,
            "heal": self._heal,
            "hold": self._hold,
            "open": self._open,
            "release": self._release,
            "requests": self._requests,
            "serve_fast": self._serve_fast,
            "wait_for_request": self._wait_for_request,
        }

    async def handle(self, http: web.Request) -> web.Response:
        """Run one method; 404 for an unknown one, 400 for wrong arguments, 408 for a time-out."""
        method = self._methods.get(http.match_info["method"])
        if method is None:
            return _answer(404, {"error": "no such method", "methods": sorted(self._methods)})
        try:
            order = msgspec.json.decode(await http.read() or b"{}", type=Order)
            return _answer(200, {"result": await method(order)})
        except (msgspec.DecodeError, ValueError) as error:
            return _answer(400, {"error": str(error)})
        except TimeoutError:
            return _answer(408, {"error": "the condition did not come true in time"})

    async def _configure(self, order: Order) -> None:
        if order.chunk_size is not None:
            self._server.chunk_size = order.chunk_size
        if order.pace is not None:
            self._server.pace = order.pace
        if order.contexts is not None:
            self._server.contexts = order.contexts

    async def _enqueue(self, order: Order) -> None:
        self._server.enqueue(*order.answers)

    async def _fail(self, order: Order) -> None:
        if order.fault is None:
            raise ValueError("fail needs a fault")
        self._server.fail(order.fault, times=order.times, when=order.when())

    async def _heal(self, _: Order) -> None:
        self._server.heal()

    async def _hold(self, order: Order) -> None:
        if self._gate is not None:
            self._gate.open()
        self._gate = self._server.hold(order.when())

    async def _open(self, _: Order) -> None:
        self._standing().open()

    async def _release(self, order: Order) -> int:
        return await self._standing().release(order.steps, timeout_s=order.timeout_s)

    async def _requests(self, _: Order) -> list[Received]:
        return self._server.requests

    async def _serve_fast(self, order: Order) -> None:
        if len(order.answers) != 1:
            raise ValueError("serve_fast needs one answer")
        self._server.serve_fast(order.answers[0])

    async def _wait_for_request(self, order: Order) -> Received:
        return await self._server.wait_for_request(order.accepts, timeout_s=order.timeout_s)

    def _standing(self) -> Gate:
        if self._gate is None:
            raise ValueError("there is no gate: hold first")
        return self._gate


def control_routes(server: ModelServer) -> list[web.RouteDef]:
    """Return the control endpoints for `server`."""
    return [web.post("/_control/{method}", Control(server).handle)]


def _answer(status: int, content: dict[str, object]) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(content), content_type="application/json")
