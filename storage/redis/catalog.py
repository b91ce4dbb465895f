"""Sessions, bindings and transcripts in Redis: see :class:`sessions.ports.catalog.Catalog`."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

import structlog

from sessions.errors import NameTaken, NoSuchSession, StoreDamaged
from sessions.model import (
    Answer,
    Audience,
    Ending,
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
from sessions.ports.catalog import DELETED_NOTE, Cursor, NewSession, SessionPage
from sessions.recent import Recent
from storage import codec, cursors
from storage.redis.calls import Calls, blob, number, packed, row, text
from storage.redis.client import Reply
from storage.redis.handing import MEMORY
from storage.redis.homes import REMEMBERED, Homes
from storage.redis.records import instant, session_record, thread_field, thread_of, turn_record
from storage.redis.repair import Repair
from storage.redis.room import Room
from storage.wellformed import mends_text

_MOST_AT_ONCE = 1_000
"""Sessions that one script hands out: Lua's stack bounds it."""
_GONE = "That session does not exist any more. List the sessions to see which do."
_UNANSWERED = codec.encode(Answer(Ending.UNANSWERED, note=DELETED_NOTE)).decode()

log = structlog.get_logger(__name__)


@mends_text
class Catalog(Room):
    """Sessions: what the commands work on."""

    def __init__(self, calls: Calls, homes: Homes) -> None:
        super().__init__(calls, homes)
        self._audiences: Recent[WorkspaceId, tuple[Audience, ...]] = Recent(REMEMBERED)
        self._repair = Repair(calls)

    async def create(
        self, workspace: WorkspaceId, new: NewSession, thread: ThreadRef | None, event: EventId
    ) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.create`."""
        if thread is not None:
            await self._homes.settle(thread, workspace)
        keys = self._calls.keys.of(workspace)
        args = packed(
            self._calls.clock,
            new.id,
            "" if thread is None else thread_field(thread),
            new.audience,
            new.name,
            fold(new.name),
            new.title,
            new.starter,
            new.preferences.model,
            new.preferences.system,
            MEMORY,
        )
        names = [
            keys.sessions,
            keys.meta,
            keys.bindings,
            keys.recent(new.audience),
            keys.names,
            keys.alphabet(new.audience),
            keys.audiences,
            keys.receipt(event),
        ]
        key = SessionKey(workspace, new.id)
        found = row(await self._repair.sound(key, lambda: self._calls.run("create", names, args), thread))
        match text(found[0]):
            case "nowhere":
                raise NoSuchSession("That workspace does not exist.")
            case "taken":
                raise NameTaken(
                    f"A session named {new.name} exists here already. Resume it, or choose another name."
                )
            case _:
                if thread is not None:
                    await self._homes.settle(thread, workspace)
                return _session(workspace, found[1])

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.bind`."""
        keys = self._calls.keys.of(session.workspace)
        if await self.get(session) is None and await self.recorded(session.workspace, event) is None:
            raise NoSuchSession(_GONE)
        await self._homes.settle(thread, session.workspace)
        args = packed(self._calls.clock, session.id, thread_field(thread), MEMORY)
        names = [keys.sessions, keys.bindings, keys.receipt(event)]
        found = await self._repair.sound(session, lambda: self._calls.run("bind", names, args), thread)
        if found is None:
            raise NoSuchSession(_GONE)
        await self._homes.settle(thread, session.workspace)
        return _session(session.workspace, found)

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

    async def unbind(self, thread: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.unbind`."""
        workspace = await self._homes.holder(thread)
        if workspace is not None:
            await self._homes.unbind(workspace, thread)
            await self._homes.vacate(workspace, [thread])

    async def retitle(self, session: SessionKey, title: str) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.retitle`."""
        await self._calls.run(
            "retitle", [self._calls.keys.of(session.workspace).sessions], session.id, title
        )

    async def archive(self, session: SessionKey, *, archived: bool) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.archive`."""
        keys = self._calls.keys.of(session.workspace)
        args = packed(self._calls.clock, session.id, archived)
        await self._calls.run("archive", [keys.sessions], args)

    async def get(self, session: SessionKey) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.get`."""
        return await self._repair.sound(session, lambda: self._get(session))

    async def _threads(self, session: SessionKey) -> list[ThreadRef]:
        """The threads that are bound to the session."""
        sessions = self._calls.keys.of(session.workspace).sessions
        found = await self._calls.client.command(sessions, b"HGET", sessions, session.id)
        return [] if found is None else list(map(thread_of, session_record(blob(found)).threads))

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

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.delete`."""
        keys = self._calls.keys.of(session.workspace)
        there = await self.get(session)
        audience = Audience("") if there is None else there.audience
        args = packed(
            self._calls.clock,
            session.workspace,
            session.id,
            self._calls.keys.wakeups,
            audience,
            _UNANSWERED,
            MEMORY,
        )
        names = [
            *keys.of_turns(session.id),
            keys.bindings,
            keys.recent(audience),
            keys.names,
            keys.alphabet(audience),
            keys.audiences,
            keys.receipt(event),
        ]
        found = await self._repair.sound(session, lambda: self._calls.run("delete", names, args))
        if found is None:
            raise NoSuchSession(_GONE)
        deleted = session_record(blob(found))
        await self._homes.vacate(session.workspace, map(thread_of, deleted.threads))
        return deleted.session(session.workspace)

    async def expire(self, seen: Session) -> bool:
        """See :meth:`sessions.ports.catalog.Catalog.expire`."""
        keys, id_ = self._calls.keys.of(seen.key.workspace), seen.key.id
        archived_at = 0 if seen.archived_at is None else instant(seen.archived_at)
        args = packed(self._calls.clock, id_, instant(seen.active_at), archived_at)
        names = [
            *keys.of_turns(id_),
            keys.bindings,
            keys.recent(seen.audience),
            keys.names,
            keys.alphabet(seen.audience),
            keys.audiences,
        ]
        threads = await self._threads(seen.key) if archived_at else []
        done = await self._repair.sound(seen.key, lambda: self._calls.run("expire", names, args))
        if done:
            await self._homes.vacate(seen.key.workspace, threads)
        return number(done) == 1

    async def recorded(self, workspace: WorkspaceId, event: EventId) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.recorded`."""
        receipt = self._calls.keys.of(workspace).receipt(event)
        found = await self._calls.run(
            "recorded", [receipt], packed(self._calls.clock, MEMORY), durable=False
        )
        return None if found is None else _session(workspace, found)

    async def _whole(self, workspace: WorkspaceId, found: Reply) -> Session | None:
        """The session of an id and a record; one that cannot be read is looked at alone."""
        if found is None:
            return None
        id_, record = row(found)
        try:
            return None if record is None else _session(workspace, record)
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


def _session(workspace: WorkspaceId, record: Reply) -> Session:
    return session_record(blob(record)).session(workspace)
