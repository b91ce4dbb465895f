"""The way of a message through Redis: see :class:`sessions.ports.turns.Turns`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from sessions.model import EventId, Lease, ReplyRecord, Role, SessionKey, TurnResult
from sessions.ports.turns import NEWS_LIMIT, Claim, Committed, Known, Renewal, Wakeup, Work
from storage import codec
from storage.redis.accepting import Accepting
from storage.redis.calls import blob, number, packed, row, text
from storage.redis.handing import MEMORY, check_held, held_fields
from storage.redis.records import instant, microseconds, moment, session_record
from storage.redis.repair import free
from storage.redis.wakeups import wakeups
from storage.rules import gone
from storage.wellformed import mends_text


@mends_text
class Turns(Accepting):
    """Leases, commits and deliveries: each method one script."""

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.acquire`."""
        return await self._repair.sound(session, lambda: self._acquire(session, claim, known))

    async def _acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        args = packed(
            self._calls.clock,
            session.workspace,
            session.id,
            self._claim_fields(claim, session),
            self._count_known(known, session),
            NEWS_LIMIT,
        )
        acquiring = self._calls.run("acquire", self._of(session), args)
        found = await self._claiming(claim, session, acquiring)
        if found is None:
            return None
        record, work = row(found)
        return self._work(session, session_record(blob(record)), row(work))

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """See :meth:`sessions.ports.turns.Turns.renew`."""
        key = lease.session
        args = packed(
            self._calls.clock, key.workspace, key.id, *held_fields(lease), microseconds(duration)
        )
        found = row(await self._calls.run("renew", self._of(key), args))
        check_held(text(found[0]))
        stopped = text(found[2])
        renewed = Lease(key, lease.holder, lease.token, lease.fence, moment(number(found[1])))
        return Renewal(renewed, EventId(stopped) if stopped else None)

    async def keep_waiting(self, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.turns.Turns.keep_waiting`."""
        args = packed(self._calls.clock, session.id, turn, microseconds(duration))
        return bool(await self._calls.run("keep_waiting", self._of(session)[:2], args))

    async def note_reply(self, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
        """See :meth:`sessions.ports.turns.Turns.note_reply`."""
        record = codec.encode(reply).decode() if reply.parts else ""
        args = packed(lease.session.id, *held_fields(lease), turn, record)
        check_held(text(await self._calls.run("note_reply", self._of(lease.session), args)))

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """See :meth:`sessions.ports.turns.Turns.commit`."""
        key, keys = lease.session, self._calls.keys.of(lease.session.workspace)
        usage = result.usage
        args = packed(
            self._calls.clock,
            key.id,
            *held_fields(lease),
            result.turn,
            codec.encode(result.answer).decode(),
            sum(message.role is Role.USER for message in result.messages),
            sum(message.role is Role.ASSISTANT for message in result.messages),
            usage.prompt + usage.completion,
            sum(len(message.content.encode()) for message in result.messages),
            usage.estimated,
            MEMORY,
        )
        recent = keys.recent(await self._audience(key))
        names = [*keys.of_turns(key.id), keys.event(result.turn), recent]
        found = row(await self._calls.run("commit", names, args, *map(codec.encode, result.messages)))
        what = text(found[0])
        if what == "over":
            return Committed(gone(key, moment(number(found[1]))), fresh=False)
        check_held(what)
        return Committed(session_record(blob(found[1])).session(key.workspace), fresh=what == "fresh")

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.delivered`."""
        return await self._repair.sound(lease.session, lambda: self._delivered(lease, turn, claim, known))

    async def _delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        key, keys = lease.session, self._calls.keys
        args = packed(
            self._calls.clock,
            key.workspace,
            key.id,
            keys.wakeups,
            *held_fields(lease),
            turn,
            self._claim_fields(claim, key),
            self._count_known(known, key),
            NEWS_LIMIT,
        )
        names = [*self._of(key), keys.of(key.workspace).event(turn)]
        found = row(await self._calls.run("delivered", names, args))
        what = text(found[0])
        check_held(what)
        return self._work(key, session_record(blob(found[1])), row(found[2])) if what == "work" else None

    async def release(self, lease: Lease) -> None:
        """See :meth:`sessions.ports.turns.Turns.release`."""
        await free(self._calls, lease)

    async def stop(
        self,
        session: SessionKey,
        event: EventId,
        *,
        turn: EventId | None = None,
        said_at: datetime | None = None,
    ) -> EventId | None:
        """See :meth:`sessions.ports.turns.Turns.stop`."""
        keys = self._calls.keys
        args = packed(
            self._calls.clock,
            session.workspace,
            session.id,
            keys.wakeups,
            turn or "",
            0 if said_at is None else instant(said_at),
            MEMORY,
        )
        names = [*self._of(session), keys.of(session.workspace).receipt(event)]
        stopped = text(await self._repair.sound(session, lambda: self._calls.run("stop", names, args)))
        return EventId(stopped) if stopped else None

    def wakeups(self) -> AbstractAsyncContextManager[AsyncIterator[Wakeup]]:
        """See :meth:`sessions.ports.turns.Turns.wakeups`."""
        return wakeups(self._calls)
