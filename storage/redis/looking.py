"""Looking at sessions in Redis: by id, name and thread, in pages, by prefix, and what they hold."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

import structlog

from sessions.errors import StoreDamaged
from sessions.model import (
    Audience,
    EventId,
    Message,
    Session,
    SessionId,
    SessionKey,
    ThreadRef,
    Turn,
    WorkspaceId,
)
from sessions.names import fold
from sessions.ports.catalog import Cursor, SessionPage
from sessions.recent import Recent
from storage import codec, cursors
from storage.redis.calls import Calls, blob, number, packed, row, text
from storage.redis.client import Reply
from storage.redis.handing import MEMORY
from storage.redis.homes import REMEMBERED, Homes
from storage.redis.records import instant, session_record, thread_field, turn_record
from storage.redis.room import Room
from storage.wellformed import mends_text

_MOST_AT_ONCE = 1_000
"""Sessions that one script hands out: Lua's stack bounds it."""

log = structlog.get_logger(__name__)


@mends_text
class Looking(Room):
    """The part of :class:`sessions.ports.catalog.Catalog` that writes nothing."""

    def __init__(self, calls: Calls, homes: Homes) -> None:
        super().__init__(calls, homes)
        self._audiences: Recent[WorkspaceId, tuple[Audience, ...]] = Recent(REMEMBERED)

    async def bound(self, thread: ThreadRef) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.bound`."""
        workspace = await self._homes.holder(thread)
        if workspace is None:
            return None
        keys = self._calls.keys.of(workspace)
        found = await self._calls.run(
            "bound", [keys.sessions, keys.bindings], thread_field(thread), durable=False
        )
        return await self._whole(workspace, found)

    async def get(self, session: SessionKey) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.get`."""
        return await self._repair.sound(session, lambda: self._get(session))

    async def _get(self, session: SessionKey) -> Session | None:
        sessions = self._calls.keys.of(session.workspace).sessions
        found = await self._calls.client.command(sessions, b"HGET", sessions, session.id)
        if found is None:
            return None
        record = session_record(blob(found))
        return None if record.deleted else record.session(session.workspace)

    async def by_name(self, workspace: WorkspaceId, name: str) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.by_name`."""
        keys = self._calls.keys.of(workspace)
        found = await self._calls.run("by_name", [keys.sessions, keys.names], fold(name), durable=False)
        return await self._whole(workspace, found)

    async def page(
        self,
        workspace: WorkspaceId,
        audiences: frozenset[Audience] | None,
        after: Cursor | None,
        limit: int,
        *,
        skip: int = 0,
        idle_since: datetime | None = None,
    ) -> SessionPage:
        """See :meth:`sessions.ports.catalog.Catalog.page`. One round trip, also for all audiences.

        Which audiences there are is remembered; the script checks it.
        """
        limit, skip = min(max(limit, 0), _MOST_AT_ONCE), max(skip, 0)
        last = cursors.session_start(after, idle_since) or (0, "")
        wanted = self._audiences_of(workspace) if audiences is None else tuple(audiences)
        while True:
            found = await self._page(workspace, wanted, audiences is None, last, skip, limit)
            if text(found[0]) == "page":
                break
            wanted = tuple(Audience(text(one)) for one in row(found[1]))
            self._audiences.put(workspace, wanted)
        ids, records = row(found[2]), row(found[3])
        pairs = [pair for pair in zip(ids, records, strict=True) if pair[1] is not None]
        read = [await self._whole(workspace, list(pair)) for pair in pairs[:limit]]
        shown = tuple(one for one in read if one is not None)
        following = None
        if shown and len(pairs) > limit:
            following = cursors.after_session(instant(shown[-1].active_at), shown[-1].key.id)
        return SessionPage(shown, number(found[1]), following)

    async def names(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None, prefix: str, limit: int
    ) -> tuple[str, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.names`."""
        keys = self._calls.keys.of(workspace)
        wanted: Iterable[Audience]
        if audiences is None:
            there = await self._calls.client.command(keys.audiences, b"HKEYS", keys.audiences)
            wanted = [Audience(text(one)) for one in row(there)]
        else:
            wanted = audiences
        alphabets = [keys.alphabet(audience) for audience in wanted]
        if not alphabets or limit <= 0:
            return ()
        found = row(await self._calls.run("names", alphabets, fold(prefix), limit, durable=False))
        return tuple(member.split("\0")[1] for member in islice(sorted(map(text, found)), limit))

    async def transcript(
        self, session: SessionKey, before: int | None, limit: int
    ) -> tuple[Message, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.transcript`."""
        return await self._repair.sound(session, lambda: self._transcript(session, before, limit))

    async def _transcript(
        self, session: SessionKey, before: int | None, limit: int
    ) -> tuple[Message, ...]:
        key = self._calls.keys.of(session.workspace).transcript(session.id)
        end = -1 if before is None else max(before, 0)
        found = row(await self._calls.run("transcript", [key], end, max(limit, 0), durable=False))
        return tuple(codec.decode(Message, blob(one)) for one in found)

    async def waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.waiting`."""
        return await self._repair.sound(session, lambda: self._waiting(session))

    async def _waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        inbox = self._calls.keys.of(session.workspace).inbox(session.id)
        found = row(await self._calls.client.command(inbox, b"LRANGE", inbox, 0, -1))
        return tuple(turn_record(blob(one)).turn(session) for one in found)

    async def recorded(self, workspace: WorkspaceId, event: EventId) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.recorded`."""
        receipt = self._calls.keys.of(workspace).receipt(event)
        found = await self._calls.run(
            "recorded", [receipt], packed(self._calls.clock, MEMORY), durable=False
        )
        return None if found is None else session_in(workspace, found)

    async def _whole(self, workspace: WorkspaceId, found: Reply) -> Session | None:
        """The session of an id and a record; one that cannot be read is looked at alone."""
        if found is None:
            return None
        id_, record = row(found)
        try:
            return None if record is None else session_in(workspace, record)
        except StoreDamaged:
            key = SessionKey(workspace, SessionId(text(id_)))
        try:
            return await self.get(key)
        except StoreDamaged as damage:
            log.error("session.skipped", session=key.id, why=str(damage))  # noqa: TRY400 - no trace of a record
            return None

    def _audiences_of(self, workspace: WorkspaceId) -> tuple[Audience, ...]:
        return self._audiences.get(workspace, ())

    async def _page(
        self,
        workspace: WorkspaceId,
        wanted: tuple[Audience, ...],
        all_of_them: bool,
        last: tuple[int, str],
        skip: int,
        limit: int,
    ) -> list[Reply]:
        keys = self._calls.keys.of(workspace)
        names = [keys.sessions, keys.audiences, *map(keys.recent, wanted)]
        args = packed(wanted, all_of_them, -last[0], last[1], skip, limit)
        return row(await self._calls.run("page", names, args, durable=False))


def session_in(workspace: WorkspaceId, record: Reply) -> Session:
    """The session of a record. Raises StoreDamaged."""
    return session_record(blob(record)).session(workspace)
