"""Embeddings from any server that speaks OpenAI's, with retries."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import structlog

from sessions.errors import ContextTooLong, ModelDown, ModelError, ModelRefused
from sessions.llm.failures import Broken, Complaint, judge, not_an_api, read_complaint
from sessions.llm.patience import Patience, asked_wait
from sessions.llm.streaming import DEFAULT_BASE_URL, check_settings

DIMENSIONS = 256
"""Few are enough to tell passages apart, and a search looks at all of them."""

LENGTH = 127
"""The length of a vector as it is kept: each of its numbers fits into a signed byte."""

_PATIENCE = Patience(first_byte=timedelta(seconds=60), attempts=4, altogether=timedelta(minutes=2))
_SETTING = "PARLEY_EMBEDDINGS_MODEL"
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of https://platform.openai.com/docs/api-reference/embeddings/create that is used."""

    model: str
    input: list[str]
    dimensions: int | None = None


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float]


class _Response(msgspec.Struct):
    data: list[_Embedding]


class OpenAIEmbeddings:
    """Embeddings behind an OpenAI-compatible server. Keeps no connection: nothing has to be closed.

    Raises SettingError for a key or an address that cannot work.
    """

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str = DEFAULT_BASE_URL,
        patience: Patience = _PATIENCE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        check_settings(api_key, base_url)
        self._model = model
        self._key = api_key
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        self._now = now
        self._chance = chance
        self._wants_dimensions = True

    @property
    def name(self) -> str:
        """See :class:`~sessions.ports.embeddings.Embeddings`."""
        return f"{self._model} {DIMENSIONS}"

    async def embed(self, texts: Sequence[str]) -> tuple[bytes, ...]:
        """See :class:`~sessions.ports.embeddings.Embeddings`."""
        if not texts:
            return ()
        begun = self._clock()
        attempt = 1
        while True:
            try:
                return await self._attempt(texts)
            except Broken as broken:
                wait = self._patience.wait(attempt, broken.asked_wait, self._chance)
                late = self._clock() - begun + (wait or 0) > self._patience.altogether.total_seconds()
                if wait is None or late or attempt >= self._patience.attempts:
                    _log.warning("embeddings.down", status=broken.status, reason=broken.reason)
                    raise ModelDown(
                        "The server of the embeddings cannot be reached or is too busy. Try again later."
                    ) from broken
            attempt += 1
            await self._sleep(wait)

    async def _attempt(self, texts: Sequence[str]) -> tuple[bytes, ...]:
        # The API refuses empty texts, and line feeds mean nothing to it.
        request = _Request(
            self._model,
            [text if text.strip() else "-" for text in texts],
            DIMENSIONS if self._wants_dimensions else None,
        )
        status, body, wait = await self._post(msgspec.json.encode(request))
        if status == 200:
            return _vectors(body, len(texts))
        complaint = read_complaint(body)
        if self._wants_dimensions and status in (400, 422) and "dimensions" in complaint.text:
            _log.info("embeddings.no_dimensions", status=status)
            self._wants_dimensions = False
            return await self._attempt(texts)
        raise self._judge(status, complaint, wait)

    async def _post(self, body: bytes) -> tuple[int, bytes, float | None]:
        """Return status, body, and the seconds that the server asks to wait. Raises Broken."""
        import aiohttp  # only where there are embeddings

        patience = self._patience
        timeout = aiohttp.ClientTimeout(
            total=(patience.connect + patience.first_byte + patience.between).total_seconds(),
            sock_connect=patience.connect.total_seconds(),
            sock_read=patience.first_byte.total_seconds(),
        )
        # Servers of one's own often want no key.
        headers = {"Authorization": f"Bearer {self._key or 'none'}", "Content-Type": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.post(self._url, data=body, headers=headers) as response,
            ):
                if response.content_type == "text/html" and response.status < 500:
                    raise not_an_api()
                wait = asked_wait(response.headers, self._now())
                return response.status, await response.read(), wait
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Broken(type(error).__name__) from error

    def _judge(self, status: int, complaint: Complaint, wait: float | None) -> ModelError:
        found = judge(status, complaint, secret=self._key, model=self._model, wait=wait)
        if isinstance(found, ContextTooLong):
            return ModelRefused(f"A text is too long for the embeddings model. Check {_SETTING}.")
        if isinstance(found, ModelRefused):
            said = str(found).replace("PARLEY_MODEL", _SETTING)
            return ModelRefused(said.replace("no chat completions", "no embeddings"))
        return found


def _vectors(body: bytes, count: int) -> tuple[bytes, ...]:
    try:
        found = msgspec.json.decode(body, type=_Response).data
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Broken("a response that cannot be read", 200) from error
    if sorted(one.index for one in found) != list(range(count)):
        raise Broken("not a vector for each text", 200)
    return tuple(as_bytes(one.embedding) for one in sorted(found, key=lambda one: one.index))


def as_bytes(numbers: Sequence[float]) -> bytes:
    """Return a vector as :class:`~sessions.ports.knowledge.Passage` has it."""
    length = math.sqrt(math.fsum(number * number for number in numbers))
    if not length or not math.isfinite(length):
        return bytes(len(numbers))
    scale = LENGTH / length
    return bytes(round(number * scale) & 0xFF for number in numbers)
