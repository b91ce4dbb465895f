"""Sessions come, change and go in Redis: see :class:`sessions.ports.catalog.Catalog`."""

from sessions.errors import NameTaken, NoSuchSession
from sessions.model import (
    Answer,
    Audience,
    Ending,
    EventId,
    Session,
    SessionKey,
    ThreadRef,
    WorkspaceId,
)
from sessions.names import fold
from sessions.ports.catalog import DELETED_NOTE, NewSession
from storage import codec
from storage.redis.calls import blob, number, packed, row, text
from storage.redis.handing import MEMORY
from storage.redis.looking import Looking, session_in
from storage.redis.records import instant, session_record, thread_field, thread_of
from storage.wellformed import mends_text

_GONE = "That session does not exist any more. List the sessions to see which do."
_UNANSWERED = codec.encode(Answer(Ending.UNANSWERED, note=DELETED_NOTE)).decode()


@mends_text
class Catalog(Looking):
    """What the commands work on."""

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
                return session_in(workspace, found[1])

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
        return session_in(session.workspace, found)

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

    async def _threads(self, session: SessionKey) -> list[ThreadRef]:
        """The threads that are bound to the session."""
        sessions = self._calls.keys.of(session.workspace).sessions
        found = await self._calls.client.command(sessions, b"HGET", sessions, session.id)
        return [] if found is None else list(map(thread_of, session_record(blob(found)).threads))

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
