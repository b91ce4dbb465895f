"""Records that cannot be read: found when a session's script or reply fails, put aside, and reported."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from sessions.errors import StoreDamaged, StoreError, StoreUnavailable
from sessions.model import Lease, Message, SessionId, SessionKey, ThreadRef
from sessions.ports.catalog import Quarantined
from storage import codec
from storage.redis.calls import Calls, blob, packed, row, text
from storage.redis.keys import BUCKETS
from storage.redis.rebuilding import rebuild
from storage.redis.records import thread_field, turn_record

T = TypeVar("T")

log = structlog.get_logger(__name__)


class UnreadableWork(StoreDamaged):
    """Work was handed out under a lease, and cannot be read."""

    def __init__(self, why: str, lease: Lease) -> None:
        super().__init__(why)
        self.lease = lease


class Repair:
    """Looks through one session's records. What is put aside stays in the quarantine of its bucket."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def sound(
        self, key: SessionKey, step: Callable[[], Awaitable[T]], thread: ThreadRef | None = None
    ) -> T:
        """Take a step of the session; where a record cannot be read, once more without it.

        The record may also be of the session that the thread is bound to.
        """
        try:
            return await step()
        except StoreUnavailable:
            raise
        except StoreError as failure:
            bound = None if thread is None else await self._bound(key, thread)
            if not await self.session(key) and not (bound and await self.session(bound)):
                raise
            if isinstance(failure, UnreadableWork):
                # Nobody knows of this lease; the next step takes another.
                await free(self._calls, failure.lease)
        return await step()

    async def session(self, key: SessionKey) -> bool:
        """Put aside what cannot be read; whether there was anything."""
        keys = self._calls.keys.of(key.workspace)
        why = await rebuild(self._calls, key)
        if why is not None:
            _report(f"session {key}", why)
        inbox = await self._list(
            key, keys.inbox(key.id), "inbox", lambda record: turn_record(record).turn(key)
        )
        transcript = await self._list(
            key, keys.transcript(key.id), "transcript", lambda record: codec.decode(Message, record)
        )
        return why is not None or inbox or transcript

    async def quarantined(self) -> tuple[Quarantined, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.quarantined`."""
        found: list[Quarantined] = []
        for bucket in range(BUCKETS):
            quarantine = self._calls.keys.quarantine(bucket)
            kept = list(
                map(blob, row(await self._calls.client.command(quarantine, b"LRANGE", quarantine, 0, -1)))
            )
            for place in range(0, len(kept), 3):
                where, why = kept[place].decode(), kept[place + 1].decode()
                found.append(Quarantined(where, why, f"{quarantine.decode()}, element {place + 2}"))
        return tuple(found)

    async def _list(
        self, key: SessionKey, name: bytes, what: str, decode: Callable[[bytes], object]
    ) -> bool:
        keys, put_aside = self._calls.keys.of(key.workspace), False
        for record in map(blob, row(await self._calls.client.command(name, b"LRANGE", name, 0, -1))):
            try:
                decode(record)
            except StoreDamaged as damage:
                names = [*keys.of_turns(key.id), keys.quarantine]
                is_transcript = int(what == "transcript")
                args = (key.workspace, key.id, is_transcript, f"{what} of {key}", str(damage), record)
                await self._calls.run("put_aside", names, *args)
                _report(f"{what} of {key}", str(damage))
                put_aside = True
        return put_aside

    async def _bound(self, key: SessionKey, thread: ThreadRef) -> SessionKey | None:
        bindings = self._calls.keys.of(key.workspace).bindings
        found = await self._calls.client.command(bindings, b"HGET", bindings, thread_field(thread))
        return None if found is None else SessionKey(key.workspace, SessionId(text(found)))


def _report(place: str, why: str) -> None:
    # No trace: it may show the record.
    log.error("store.quarantined", place=place, why=why)


async def free(calls: Calls, lease: Lease) -> None:
    """Free the lease if it is held. See :meth:`sessions.ports.turns.Turns.release`."""
    key = lease.session
    held = (lease.holder, lease.token, lease.fence)
    args = packed(key.workspace, key.id, calls.keys.wakeups, *held)
    await calls.run("release", calls.keys.of(key.workspace).of_turns(key.id), args)
