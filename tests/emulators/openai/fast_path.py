"""Streams one fixed answer at the least cost, for measurements of clients."""

import asyncio

from aiohttp import web

from tests.emulators.openai.answers import Answer
from tests.emulators.openai.frames import DONE, Frames, Usage
from tests.emulators.openai.streaming import STREAM_HEADERS


class FastPath:
    """One answer, encoded once and sent to every request, an event a write."""

    def __init__(self, answer: Answer, pieces: tuple[str, ...], usage: Usage) -> None:
        frames = Frames("chatcmpl-fast", "fast", 1_700_000_000, include_usage=True)
        end = frames.finish(answer.finish_reason) + frames.usage(usage) + DONE
        self._start = frames.role()
        self._events = [*(frames.content(piece) for piece in pieces), end]
        self._delay_s = answer.delay_between or 0.0

    async def serve(self, http: web.Request) -> web.StreamResponse:
        """Answer without looking at the request."""
        await http.read()
        response = web.StreamResponse(headers=STREAM_HEADERS)
        await response.prepare(http)
        await response.write(self._start)
        for event in self._events:
            # Without a delay too: the client gets its turn, as it would from a distant server.
            await asyncio.sleep(self._delay_s)
            await response.write(event)
        await response.write_eof()
        return response
