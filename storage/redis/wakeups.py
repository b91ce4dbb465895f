"""Hints between processes: one channel, on which the scripts themselves publish."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from sessions.model import EventId, SessionId, SessionKey, WorkspaceId
from sessions.ports.turns import Wake, Wakeup
from storage.redis.calls import Calls

_decode = msgspec.msgpack.Decoder(tuple[Wake, WorkspaceId, SessionId, EventId]).decode


@asynccontextmanager
async def wakeups(calls: Calls) -> AsyncIterator[AsyncIterator[Wakeup]]:
    """See :meth:`sessions.ports.turns.Turns.wakeups`."""
    async with calls.client.subscribe(calls.keys.wakeups.encode()) as messages:
        yield _read(messages)


async def _read(messages: AsyncIterator[bytes]) -> AsyncIterator[Wakeup]:
    async for message in messages:
        try:
            wake, workspace, session, turn = _decode(message)
        except msgspec.DecodeError:
            continue  # of a later version
        yield Wakeup(wake, SessionKey(workspace, session), turn or None)
