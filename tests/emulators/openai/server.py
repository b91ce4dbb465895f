"""The server: its life, its endpoints and what a test can tell it."""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from tests.emulators.openai import embeddings
from tests.emulators.openai.answers import Answer, Answering, Gate, echo
from tests.emulators.openai.fast_path import FastPath
from tests.emulators.openai.faults import (
    ContextExceeded,
    Fault,
    FaultPlan,
    Finish,
    HangBeforeHeaders,
    RefuseStreamOptions,
    Status,
    StreamFault,
)
from tests.emulators.openai.frames import Usage, model_entry
from tests.emulators.openai.received import Changes, Predicate, Received
from tests.emulators.openai.refusals import RefusedError, bad, too_long, unknown_key, unknown_model
from tests.emulators.openai.streaming import Delivery, deliver, hang
from tests.emulators.openai.tokens import CountTokens, approximate_tokens
from tests.emulators.openai.validation import check_request

DEFAULT_CONTEXTS = {"gpt-4o-mini": 128_000, "gpt-4": 8_192}
_LARGEST_BODY = 64 * 1024 * 1024


class ModelServer:
    """An OpenAI-compatible chat completions server on loopback.

    Whatever may be assigned takes effect with the next request: `answer` (what is said when no
    answer is queued), `contexts` (the models that exist and their context in tokens), `chunk_size`
    (characters a content chunk), `pace` (seconds between content chunks), `count_tokens`. `requests` are
    those for answers, `embedded` those for embeddings; faults strike both.
    """

    def __init__(self, api_key: str, count_tokens: CountTokens = approximate_tokens) -> None:
        self.answer: Answering = echo
        self.contexts: dict[str, int] = dict(DEFAULT_CONTEXTS)
        self.chunk_size = 8
        self.pace = 0.0
        self.count_tokens = count_tokens
        self.requests: list[Received] = []
        self.embedded: list[Received] = []
        self.base_url = ""
        self._api_key = api_key
        self._numbers = itertools.count(1)
        self._changes = Changes()
        self._faults = FaultPlan()
        self._gates: list[Gate] = []
        self._queue: deque[Answer] = deque()
        self._fast: FastPath | None = None
        self._stopping = False

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        api_key: str = "sk-test",
        port: int = 0,
        *,
        count_tokens: CountTokens = approximate_tokens,
        routes: Callable[["ModelServer"], list[web.RouteDef]] | None = None,
    ) -> AsyncIterator["ModelServer"]:
        """Serve on loopback within the block; port 0 takes a free one.

        `routes` adds endpoints beside those of the API.
        """
        server = cls(api_key, count_tokens)
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_api_shape])
        app.router.add_post("/v1/chat/completions", server._chat)
        app.router.add_post("/v1/embeddings", server._embed)
        app.router.add_get("/v1/models", server._list_models)
        app.router.add_get("/v1/models/{model:.+}", server._show_model)
        if routes is not None:
            app.add_routes(routes(server))
        # Cancelling its handler is how aiohttp reports that a client has left.
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield server
        finally:
            server._stopping = True
            await runner.cleanup()

    def enqueue(self, *answers: str | Answer) -> None:
        """Give these answers, in order, before `answer` is asked.

        A request that a fault ends leaves its answer in the queue for the next one.
        """
        self._queue.extend(_as_answer(one) for one in answers)

    def fail(self, fault: Fault, *, times: int | None = 1, when: Predicate | None = None) -> None:
        """Let `fault` strike the next `times` requests, or all (None), that match `when`.

        Requests that are refused anyway are not counted.
        """
        self._faults.add(fault, times, when)

    def heal(self) -> None:
        """Forget every ordered fault."""
        self._faults.clear()

    def hold(self, when: Predicate | None = None) -> Gate:
        """Hold back the answers to requests that match `when` until the gate lets them go on."""
        gate = Gate(self._changes, when)
        self._gates.append(gate)
        return gate

    async def wait_for_request(
        self, predicate: Predicate | None = None, *, timeout_s: float = 10
    ) -> Received:
        """Return the first request, past or to come, that matches; raises TimeoutError.

        The predicate is asked again as a request goes on: it may look at `finished` and the like.
        """

        def found() -> Received | None:
            matches = (one for one in self.requests if predicate is None or predicate(one))
            return next(matches, None)

        await self.wait_until(lambda: found() is not None, timeout_s=timeout_s)
        received = found()
        assert received is not None
        return received

    async def wait_until(self, condition: Callable[[], bool], *, timeout_s: float = 10) -> None:
        """Return once `condition`, about this server's requests, holds; raises TimeoutError."""
        await self._changes.until(condition, timeout_s)

    def serve_fast(self, answer: str | Answer) -> None:
        """Stream `answer` to every request from here on, for measurements.

        Nothing is checked, recorded, held or failed; the bytes are encoded once, with usage.
        """
        answer = _as_answer(answer)
        usage = Usage(0, self.count_tokens(answer.text))
        self._fast = FastPath(answer, answer.pieces(self.chunk_size), usage)

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        if self._fast is not None:
            return await self._fast.serve(http)
        received = Received(next(self._numbers), datetime.now(UTC), dict(http.headers))
        try:
            received.body = _decode(await http.read())
            self.requests.append(received)
            self._authorize(http)
            prompt = check_request(received.body, self.contexts, self.count_tokens)
            return await self._reply(http, received, prompt)
        except RefusedError as refusal:
            received.status = refusal.status
            raise
        except (asyncio.CancelledError, ConnectionError):
            received.client_gone = not self._stopping
            raise
        finally:
            self._changes.announce()

    async def _embed(self, http: web.Request) -> web.Response:
        received = Received(next(self._numbers), datetime.now(UTC), dict(http.headers))
        try:
            received.body = _decode(await http.read())
            self.embedded.append(received)
            self._authorize(http)
            response = embeddings.answer(received.body, embeddings.MODELS, self.count_tokens)
            match self._faults.take(received):
                case HangBeforeHeaders():
                    await hang()
                case Status(status=status) as fault:
                    received.status = status
                    return web.Response(status=status, body=fault.body(), headers=fault.headers())
                case _:
                    pass
            received.status = 200
            return _json(response)
        except RefusedError as refusal:
            received.status = refusal.status
            raise
        finally:
            self._changes.announce()

    async def _reply(self, http: web.Request, received: Received, prompt: int) -> web.StreamResponse:
        fault = self._faults.take(received)
        received.fault = None if fault is None else type(fault).__name__
        self._changes.announce()
        match fault:
            case HangBeforeHeaders():
                await hang()
            case Status(status=status):
                received.status = status
                return web.Response(status=status, body=fault.body(), headers=fault.headers())
            case ContextExceeded(limit=limit):
                raise too_long(limit, max(prompt, limit + 1))
            case RefuseStreamOptions():
                raise bad("Unrecognized request argument supplied: stream_options")
            case _:
                pass
        received.status = 200
        answer = self._next_answer(received, keep=isinstance(fault, StreamFault))
        if isinstance(fault, Finish):
            answer = _finished_by(answer, fault, self.chunk_size)
        received.answer = answer.text
        return await deliver(http, self._delivery(received, answer, prompt, fault))

    def _delivery(self, received: Received, answer: Answer, prompt: int, fault: Fault | None) -> Delivery:
        delay = self.pace if answer.delay_between is None else answer.delay_between
        return Delivery(
            name=f"chatcmpl-{received.number:08d}",
            created=int(received.at.timestamp()),
            received=received,
            answer=answer,
            pieces=answer.pieces(self.chunk_size),
            delay_s=delay,
            usage=Usage(prompt, self.count_tokens(answer.text)),
            fault=fault if isinstance(fault, StreamFault) else None,
            gate=next((gate for gate in self._gates if gate.holds(received)), None),
            changes=self._changes,
        )

    def _next_answer(self, received: Received, *, keep: bool) -> Answer:
        if not self._queue:
            return _as_answer(self.answer(received))
        return self._queue[0] if keep else self._queue.popleft()

    def _authorize(self, http: web.Request) -> None:
        scheme, _, key = http.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key != self._api_key:
            raise unknown_key(key)

    async def _list_models(self, http: web.Request) -> web.Response:
        self._authorize(http)
        return _json({"object": "list", "data": [model_entry(name) for name in self.contexts]})

    async def _show_model(self, http: web.Request) -> web.Response:
        self._authorize(http)
        name = http.match_info["model"]
        if name not in self.contexts:
            raise unknown_model(name)
        return _json(model_entry(name))


def _as_answer(given: str | Answer) -> Answer:
    return Answer(text=given) if isinstance(given, str) else given


def _finished_by(answer: Answer, fault: Finish, chunk_size: int) -> Answer:
    pieces = answer.pieces(chunk_size)[: fault.after]
    return msgspec.structs.replace(
        answer, text="".join(pieces), chunks=pieces, finish_reason=fault.reason
    )


def _decode(raw: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad("We could not parse the JSON body of your request.") from error


def _json(content: dict[str, object]) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), content_type="application/json")


@web.middleware
async def _api_shape(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as caught:
        refusal = caught
    except web.HTTPNotFound:
        refusal = RefusedError(404, f"Invalid URL ({request.method} {request.path})")
    except web.HTTPMethodNotAllowed:
        refusal = RefusedError(405, f"Not allowed to {request.method} on {request.path}")
    return web.Response(status=refusal.status, body=refusal.body, content_type="application/json")
