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
        events = [*(frames.content(piece) for piece in pieces), end]
        self._framed = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
        self._delay_s = answer.delay_between or 0.0

    async def serve(self, http: web.Request) -> web.StreamResponse:
        """Answer without looking at the request."""
        await http.read()
        response = web.StreamResponse(headers=STREAM_HEADERS)
        await response.prepare(http)
        await response.write(self._start)
        transport = http.transport
        assert transport is not None
        for framed in self._framed:
            # Without a delay too: other requests and the client get their turn.
            await asyncio.sleep(self._delay_s)
            # Past aiohttp's writer: the framing of the chunked body is done beforehand.
            transport.write(framed)
        await response.write_eof()
        return response
