"""Records that cannot be read: found when a session's script or reply fails, put aside, and reported."""

from collections.abc import Callable

import structlog

from sessions.errors import StoreDamaged
from sessions.model import Message, SessionKey
from sessions.ports.catalog import Quarantined
from storage import codec
from storage.redis.calls import Calls, blob, row
from storage.redis.keys import BUCKETS
from storage.redis.records import turn_record

log = structlog.get_logger(__name__)


class Repair:
    """Looks through one session's records. What is put aside stays in the quarantine of its bucket."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def session(self, key: SessionKey) -> bool:
        """Put aside what cannot be read; whether there was anything."""
        keys = self._calls.keys.of(key.workspace)
        inbox = await self._list(
            key, keys.inbox(key.id), "inbox", lambda record: turn_record(record).turn(key)
        )
        transcript = await self._list(
            key, keys.transcript(key.id), "transcript", lambda record: codec.decode(Message, record)
        )
        return inbox or transcript

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
                log.exception("store.quarantined", place=f"{what} of {key}")
                put_aside = True
        return put_aside
