"""Sends one answer, whole or as a stream, with its pace, its gate and its fault."""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import assert_never

from aiohttp import web

from tests.emulators.openai.answers import Answer, Gate
from tests.emulators.openai.faults import (
    Cut,
    CutStream,
    ErrorEvent,
    HangMidStream,
    MalformedChunk,
    StreamFault,
)
from tests.emulators.openai.frames import DONE, MALFORMED, Frames, Usage, completion, error_event
from tests.emulators.openai.received import Changes, Received
from tests.emulators.openai.refusals import error_body

STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that is decided about an answer before its first byte."""

    name: str
    created: int
    received: Received
    answer: Answer
    pieces: tuple[str, ...]
    delay_s: float
    usage: Usage
    fault: StreamFault | None
    gate: Gate | None
    changes: Changes


async def deliver(http: web.Request, delivery: Delivery) -> web.StreamResponse:
    """Send the answer in the form that was asked for."""
    gate = delivery.gate
    if gate is not None:
        gate.entered()
    try:
        if delivery.received.stream:
            return await _Stream(http, delivery).send()
        return await _whole(http, delivery)
    finally:
        if gate is not None:
            gate.ended()


async def _whole(http: web.Request, delivery: Delivery) -> web.Response:
    if delivery.gate is not None:
        await delivery.gate.pass_one()
    answer = delivery.answer
    body = completion(
        delivery.name,
        delivery.received.model,
        delivery.created,
        answer.text,
        answer.finish_reason,
        delivery.usage,
    )
    response = web.Response(body=body, content_type="application/json")
    await response.prepare(http)
    await response.write_eof()
    delivery.received.finished = True
    if delivery.gate is not None:
        delivery.gate.passed()
    return response


class _Stream:
    def __init__(self, http: web.Request, delivery: Delivery) -> None:
        self._http = http
        self._delivery = delivery
        self._received = delivery.received
        self._response = web.StreamResponse(headers=STREAM_HEADERS)
        self._frames = Frames(
            delivery.name,
            delivery.received.model,
            delivery.created,
            include_usage=delivery.received.includes_usage,
        )

    async def send(self) -> web.StreamResponse:
        """Write the stream up to its end or to the fault that ends it."""
        pieces, fault = self._delivery.pieces, self._delivery.fault
        # A fault that is ordered for behind the last chunk strikes before the finish reason.
        broken_at = min(fault.after, len(pieces)) if fault else -1
        await self._response.prepare(self._http)
        await self._response.write(self._frames.role())
        for index, piece in enumerate(pieces):
            if fault and index == broken_at and not await self._survives(fault):
                return self._response
            await self._content(index, piece)
        if fault and broken_at == len(pieces) and not await self._survives(fault):
            return self._response
        await self._end()
        return self._response

    async def _content(self, index: int, piece: str) -> None:
        gate = self._delivery.gate
        if gate is not None:
            await gate.pass_one()
        if index and self._delivery.delay_s:
            await asyncio.sleep(self._delivery.delay_s)
        await self._response.write(self._frames.content(piece))
        self._received.chunks_sent += 1
        self._delivery.changes.announce()
        if gate is not None:
            gate.passed()

    async def _end(self) -> None:
        gate = self._delivery.gate
        if gate is not None:
            await gate.pass_one()
        end = self._frames.finish(self._delivery.answer.finish_reason)
        if self._received.includes_usage:
            end += self._frames.usage(self._delivery.usage)
        await self._response.write(end + DONE)
        await self._response.write_eof()
        self._received.finished = True
        if gate is not None:
            gate.passed()

    async def _survives(self, fault: StreamFault) -> bool:
        match fault:
            case HangMidStream():
                await hang()
            case MalformedChunk():
                await self._response.write(MALFORMED)
                return True
            case ErrorEvent(message=message, error_type=kind, code=code):
                body = error_body(message, kind=kind, code=code)
                await self._response.write(error_event(body))
                await self._response.write_eof()
            case CutStream(how=Cut.END):
                await self._response.write_eof()
            case CutStream(how=how):
                _drop(self._http.transport, reset=how is Cut.RESET)
            case _:
                assert_never(fault)
        return False


async def hang() -> None:
    """Wait until the client leaves or the server stops: both cancel the handler."""
    await asyncio.Event().wait()


def _drop(transport: asyncio.Transport | None, *, reset: bool) -> None:
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    # A lingering time of zero makes the close a RST instead of a FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
