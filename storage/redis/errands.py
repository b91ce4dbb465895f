"""Errands and listings in Redis: what belongs to no workspace."""

from datetime import timedelta

import msgspec

from sessions.errors import StoreError
from sessions.model import EventId, Holder, Listing, PersonId, Platform, SessionId, ThreadRef
from sessions.ports.catalog import LISTING_MEMORY
from sessions.ports.errands import Errand
from storage.redis.calls import blob, number, packed, row, text
from storage.redis.handing import MEMORY
from storage.redis.keys import ERRAND_BUCKETS, errand_bucket
from storage.redis.records import microseconds
from storage.redis.room import Room
from storage.wellformed import mends_text

_ids = msgspec.msgpack.Decoder(tuple[SessionId, ...])


@mends_text
class Errands(Room):
    """See :class:`sessions.ports.errands.Errands`; listings are kept here too."""

    async def admit(self, errand: Errand, holder: Holder, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.errands.Errands.admit`."""
        keys = self._calls.keys
        kept, due, bodies = keys.errands(errand_bucket(errand.event))
        args = packed(
            self._calls.clock, errand.event, errand.platform, holder, microseconds(duration), MEMORY
        )
        names = [keys.errand_seen(errand.event), kept, due, bodies]
        return bool(await self._calls.run("admit", names, args, errand.body))

    async def finish(self, event: EventId) -> None:
        """See :meth:`sessions.ports.errands.Errands.finish`."""
        await self._calls.run("finish", self._calls.keys.errands(errand_bucket(event)), event)

    async def adopt(
        self, platforms: frozenset[Platform], holder: Holder, duration: timedelta, limit: int
    ) -> tuple[Errand, ...]:
        """See :meth:`sessions.ports.errands.Errands.adopt`."""
        adopted: list[Errand] = []
        for event in await self._due_errands(platforms, limit):
            args = packed(self._calls.clock, event, holder, microseconds(duration))
            found = await self._calls.run("adopt", self._calls.keys.errands(errand_bucket(event)), args)
            if found is not None:
                platform, body = row(found)
                adopted.append(Errand(event, Platform(text(platform)), blob(body)))
            if len(adopted) == limit:
                break
        return tuple(adopted)

    async def save_listing(self, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
        args = packed(self._calls.clock, listing.ids, microseconds(LISTING_MEMORY))
        await self._calls.run(
            "save_listing", [self._calls.keys.listing(thread, person)], args, durable=False
        )

    async def listing(self, thread: ThreadRef, person: PersonId) -> Listing | None:
        """See :meth:`sessions.ports.catalog.Catalog.listing`."""
        args = packed(self._calls.clock, microseconds(LISTING_MEMORY))
        found = await self._calls.run(
            "listing", [self._calls.keys.listing(thread, person)], args, durable=False
        )
        return None if found is None else Listing(_ids.decode(blob(found)))

    async def _due_errands(self, platforms: frozenset[Platform], limit: int) -> list[EventId]:
        """Events of errands that could be adopted, oldest first."""
        if limit <= 0:
            return []
        buckets = [self._calls.keys.errands(bucket) for bucket in range(ERRAND_BUCKETS)]
        found: list[tuple[int, str]] = []
        args = packed(self._calls.clock, sorted(platforms), limit)
        for reply in await self._calls.run_all("due_errands", buckets, args):
            if isinstance(reply, StoreError):
                raise reply
            found += [(number(at), text(event)) for at, event in map(row, row(reply))]
        return [EventId(event) for _, event in sorted(found)]
