"""Answers streamed from any server that speaks OpenAI's chat completions, with retries."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import msgspec
import structlog

from sessions.errors import SettingError
from sessions.llm.events import AnswerReader
from sessions.llm.failures import Broken, down, judge, not_an_api, read_complaint
from sessions.llm.patience import Patience, asked_wait
from sessions.ports.model import Piece, Prompt, PromptMessage, Restart, Text

if TYPE_CHECKING:
    import httpx2
    from openai import APIStatusError, AsyncOpenAI

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_PATIENCE = Patience()
_DRAIN_S = 0.1
"""How long to wait for the end of a body whose answer is complete, so that its connection is kept."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool = True


class _Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of https://platform.openai.com/docs/api-reference/chat/create that is used."""

    model: str
    messages: tuple[PromptMessage, ...]
    stream_options: _StreamOptions | None = None
    stream: bool | None = None


class OpenAIModel:
    """A ChatModel behind an OpenAI-compatible server.

    Connections are kept between answers until :meth:`aclose`; an instance belongs to one event loop.
    Raises SettingError for a key or an address that cannot work.
    """

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str = DEFAULT_BASE_URL,
        context_tokens: int = 128_000,
        patience: Patience = _PATIENCE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        check_settings(api_key, base_url)
        self._model = model
        self._key = api_key
        self._base_url = base_url
        self._context_tokens = context_tokens
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        self._now = now
        self._chance = chance
        self._client: AsyncOpenAI | None = None
        self._opening = asyncio.Lock()
        self._wants_usage = True

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and answer may have together."""
        return self._context_tokens

    async def warm_up(self) -> None:
        """Import the client, which takes a second or two, beside the event loop."""
        await self._opened()

    async def aclose(self) -> None:
        """Close all connections. Repeating it is a no-op."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """Stream one answer; see ChatModel.

        The Restart comes with the first text of the new attempt, so that meanwhile the old one can
        be read.
        """
        begun = self._clock()
        outdated = False
        for attempt in range(1, self._patience.attempts + 1):
            fresh = True
            try:
                async with aclosing(self._attempt(prompt)) as pieces:
                    async for piece in pieces:
                        if fresh and outdated and isinstance(piece, Text):
                            yield Restart()
                        fresh = fresh and not isinstance(piece, Text)
                        yield piece
            except Broken as broken:
                outdated = outdated or not fresh
                wait = self._wait(attempt, broken, begun)
            else:
                return
            await self._sleep(wait)

    def _wait(self, attempt: int, broken: Broken, begun: float) -> float:
        """Return the seconds until the next attempt; raises ModelDown when there is none."""
        wait = self._patience.wait(attempt, broken.asked_wait, self._chance)
        event = {"attempt": attempt, "status": broken.status, "reason": broken.reason}
        if wait is None or attempt >= self._patience.attempts or self._is_late(begun, wait):
            _log.warning("model.down", **event)
            raise down(broken) from broken
        _log.info("model.retry", wait=round(wait, 3), **event)
        return wait

    def _is_late(self, begun: float, wait: float) -> bool:
        return self._clock() - begun + wait > self._patience.altogether.total_seconds()

    async def _attempt(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        model = prompt.model or self._model
        response = await self._ask(prompt, model)
        answer = AnswerReader(secret=self._key, model=model)
        limit = self._patience.first_byte.total_seconds()
        async with aclosing(response.aiter_bytes()) as chunks:
            while not answer.closed:
                chunk = await _next_chunk(chunks, limit, answer)
                text = answer.finish() if chunk is None else answer.feed(chunk)
                if text:
                    yield Text(text)
                if chunk is None:
                    break
                limit = self._patience.between.total_seconds()
            else:
                await _drain(chunks)
        yield answer.done()

    async def _ask(self, prompt: Prompt, model: str) -> "httpx2.Response":
        """Send the request and return the response with its body still to come."""
        client = await self._opened()
        import httpx2  # behind the client, which imports them in a thread: it takes a second
        import openai

        usage = self._wants_usage
        request = _Request(model, prompt.messages, _StreamOptions() if usage else None, stream=True)
        try:
            async with asyncio.timeout(
                (self._patience.connect + self._patience.first_byte).total_seconds()
            ):
                response = await self._post(client, msgspec.json.encode(request))
        except openai.APIStatusError as error:
            if not (usage and _minds_stream_options(error)):
                raise self._judge(error, model) from error
            _log.info("model.no_usage", status=error.status_code)
            self._wants_usage = False
        except (openai.APIConnectionError, httpx2.HTTPError, TimeoutError) as error:
            raise Broken(_reason(error)) from error
        else:
            if response.headers.get("content-type", "").startswith("text/html"):
                await response.aclose()
                raise not_an_api()
            return response
        return await self._ask(prompt, model)

    async def _post(self, client: "AsyncOpenAI", body: bytes) -> "httpx2.Response":
        """Ask for the bare response: the client's own types for every chunk cost most of a turn's CPU."""
        import httpx2

        return await client.post(
            "/chat/completions",
            cast_to=httpx2.Response,
            content=body,
            options={"headers": {"Accept": "text/event-stream"}},
            stream=True,
            stream_cls=None,
        )

    def _judge(self, error: "APIStatusError", model: str) -> Exception:
        return judge(
            error.status_code,
            read_complaint(error.response.content),
            secret=self._key,
            model=model,
            wait=asked_wait(error.response.headers, self._now()),
        )

    async def _opened(self) -> "AsyncOpenAI":
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
            return self._client

    def _make_client(self) -> "AsyncOpenAI":
        import httpx2
        from openai import AsyncOpenAI, DefaultAioHttpClient

        limits = self._patience
        timeout = httpx2.Timeout(
            max(limits.first_byte, limits.between).total_seconds(),
            connect=limits.connect.total_seconds(),
        )
        return AsyncOpenAI(
            # Servers of one's own often want no key; the client insists on one.
            api_key=self._key or "none",
            base_url=self._base_url,
            max_retries=0,
            timeout=timeout,
            # Over aiohttp a stream costs about half of what it does over the default transport.
            http_client=DefaultAioHttpClient(timeout=timeout),
        )


def check_settings(api_key: str, base_url: str) -> None:
    """Raise SettingError for a key or an address that no server could take."""
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise SettingError("OPENAI_API_KEY holds a space, a line break or another sign that no key has.")
    address = urlsplit(base_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SettingError(
            f"OPENAI_BASE_URL has to be a web address like {DEFAULT_BASE_URL}, with http:// or https://."
        )


async def _next_chunk(
    chunks: AsyncGenerator[bytes, None], limit: float, answer: AnswerReader
) -> bytes | None:
    """Return the next bytes of a body, None at its end. Raises Broken.

    When the text is complete and only the count of tokens is missing, any failure is an end.
    """
    import httpx2

    try:
        async with asyncio.timeout(limit):
            return await anext(chunks, None)
    except (TimeoutError, httpx2.HTTPError) as error:
        if answer.finished:
            return None
        raise Broken(_reason(error)) from error


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    import httpx2

    try:
        async with asyncio.timeout(_DRAIN_S):
            async for _ in chunks:
                pass
    except (TimeoutError, httpx2.HTTPError) as error:
        # The answer is whole; only this connection cannot be used again.
        _log.debug("model.connection_dropped", reason=_reason(error))


def _minds_stream_options(error: "APIStatusError") -> bool:
    words = ("stream_options", "include_usage")
    return error.status_code in (400, 422) and any(word in error.response.text for word in words)


def _reason(error: BaseException) -> str:
    """Return an error's kind; its text may hold a URL with a password."""
    cause = error.__cause__ if error.__cause__ is not None else error
    return type(cause).__name__
