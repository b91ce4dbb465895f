"""The way of a message through Redis: see :class:`sessions.ports.turns.Turns`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from sessions.errors import LeaseLost, SessionGone, StoreError, StoreUnavailable
from sessions.model import (
    OPEN,
    OPERATOR,
    Audience,
    EventId,
    Inbound,
    Lease,
    Message,
    ReplyRecord,
    Role,
    SessionId,
    SessionKey,
    TurnResult,
    WorkspaceId,
)
from sessions.names import fold
from sessions.ports.turns import (
    EVENT_MEMORY,
    NEWS_LIMIT,
    Accepted,
    Claim,
    Committed,
    Known,
    Proposal,
    Renewal,
    Wakeup,
    Work,
)
from storage import codec
from storage.redis.calls import Calls, blob, number, packed, row, text
from storage.redis.client import Reply
from storage.redis.homes import Home, Homes
from storage.redis.recent import Recent
from storage.redis.records import (
    SessionRecord,
    instant,
    microseconds,
    moment,
    queued,
    session_record,
    thread_field,
    turn_record,
)
from storage.redis.room import Room
from storage.redis.wakeups import wakeups
from storage.rules import born_in, gone
from storage.wellformed import mends_text

MEMORY = microseconds(EVENT_MEMORY)

_UNCLAIMED = timedelta(seconds=30)
"""How long an owner may be silent about an Inbound that was accepted without a claim."""
_TRIES = 6
"""So often may what a thread is bound to change between looking and accepting."""


@mends_text
class Turns(Room):
    """Accepts, leases and commits: each method one script."""

    def __init__(self, calls: Calls, homes: Homes) -> None:
        super().__init__(calls, homes)
        self._listed_in: Recent[SessionKey, Audience] = Recent()

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        place = inbound.place
        home = self._homes.bound(place.thread, place.workspace)
        for _ in range(_TRIES):
            made = home is None
            if home is None:
                home = await self._new_home(inbound, proposal)
            found = row(await self._accept(inbound, proposal if made else None, home, claim, known))
            match text(found[0]):
                case "started" | "fresh" | "again" as what:
                    return self._accepted(inbound, home, found, what)
                case "gone":
                    key = SessionKey(home.workspace, home.session)
                    return Accepted(gone(key, moment(number(found[1]))), fresh=False)
                case "elsewhere":
                    # Of a repeat only the session is told: its indexes are not touched.
                    session, audience = SessionId(text(found[1])), Audience(text(found[2]))
                    home = Home(place.workspace, home.workspace, session, audience or home.audience)
                case _:
                    self._homes.forget(place.thread, place.workspace)
                    home = None
        raise StoreUnavailable("the thread's session changes faster than it can be found")

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.acquire`."""
        args = packed(
            self._calls.clock,
            session.workspace,
            session.id,
            _claim(claim),
            _count(known, session.id),
            NEWS_LIMIT,
        )
        found = await self._calls.run("acquire", self._of(session), args)
        if found is None:
            return None
        record, work = row(found)
        return self._work(session, session_record(blob(record)), row(work))

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """See :meth:`sessions.ports.turns.Turns.renew`."""
        key = lease.session
        args = packed(self._calls.clock, key.workspace, key.id, *_held(lease), microseconds(duration))
        found = row(await self._calls.run("renew", self._of(key), args))
        _check(text(found[0]))
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
        args = packed(lease.session.id, *_held(lease), turn, record)
        _check(text(await self._calls.run("note_reply", self._of(lease.session), args)))

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """See :meth:`sessions.ports.turns.Turns.commit`."""
        key, keys = lease.session, self._calls.keys.of(lease.session.workspace)
        usage = result.usage
        args = packed(
            self._calls.clock,
            key.id,
            *_held(lease),
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
        _check(what)
        return Committed(session_record(blob(found[1])).session(key.workspace), fresh=what == "fresh")

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.delivered`."""
        key, keys = lease.session, self._calls.keys
        args = packed(
            self._calls.clock,
            key.workspace,
            key.id,
            keys.wakeups,
            *_held(lease),
            turn,
            _claim(claim),
            _count(known, key.id),
            NEWS_LIMIT,
        )
        names = [*self._of(key), keys.of(key.workspace).event(turn)]
        found = row(await self._calls.run("delivered", names, args))
        what = text(found[0])
        _check(what)
        return self._work(key, session_record(blob(found[1])), row(found[2])) if what == "work" else None

    async def release(self, lease: Lease) -> None:
        """See :meth:`sessions.ports.turns.Turns.release`."""
        key = lease.session
        args = packed(key.workspace, key.id, self._calls.keys.wakeups, *_held(lease))
        await self._calls.run("release", self._of(key), args)

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`.

        Looks into every bucket at once and writes nothing there; then takes what it found, one by one.
        """
        taken: list[Work] = []
        due = await self._due_sessions(claim, limit)
        for start in range(0, len(due), max(limit, 1)):
            if (wanted := limit - len(taken)) <= 0:
                break
            batch = due[start : start + wanted]
            found = await asyncio.gather(*(self.acquire(key, claim, None) for key in batch))
            taken += [work for work in found if work is not None]
        return tuple(taken)

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
        stopped = text(await self._calls.run("stop", names, args))
        return EventId(stopped) if stopped else None

    def wakeups(self) -> AbstractAsyncContextManager[AsyncIterator[Wakeup]]:
        """See :meth:`sessions.ports.turns.Turns.wakeups`."""
        return wakeups(self._calls)

    async def _new_home(self, inbound: Inbound, proposal: Proposal) -> Home:
        place = inbound.place
        workspace = await self._homes.workspace(place.workspace)
        await self._homes.settle(place.thread, workspace)
        return Home(place.workspace, workspace, proposal.id, born_in(place.audience))

    async def _accept(
        self,
        inbound: Inbound,
        made: Proposal | None,
        home: Home,
        claim: Claim | None,
        known: Known | None,
    ) -> Reply:
        place, keys = inbound.place, self._calls.keys.of(home.workspace)
        patience = _UNCLAIMED if claim is None else claim.duration
        args = packed(
            self._calls.clock,
            home.workspace,
            home.session,
            self._calls.keys.wakeups,
            place.workspace,
            thread_field(place.thread),
            () if place.audience == OPERATOR else (place.audience,),
            home.audience,
            _made(made, inbound) if made is not None else False,
            queued(inbound),
            microseconds(patience),
            False if claim is None else _claim(claim),
            _count(known, home.session),
            NEWS_LIMIT,
            MEMORY,
        )
        names = [
            *keys.of_turns(home.session),
            keys.event(inbound.event),
            keys.meta,
            keys.bindings,
            keys.recent(home.audience),
        ]
        if made is not None:
            names += [keys.names, keys.alphabet(home.audience), keys.audiences]
        return await self._calls.run("accept", names, args)

    def _accepted(self, inbound: Inbound, home: Home, found: list[Reply], what: str) -> Accepted:
        _, record, ahead, work = found
        session = session_record(blob(record))
        key = SessionKey(home.workspace, home.session)
        home = Home(home.key, home.workspace, home.session, session.audience)
        self._homes.remember(inbound.place.thread, home)
        taken = None if work is None else self._work(key, session, row(work), inbound)
        noun = taken.session if taken is not None else session.session(home.workspace)
        return Accepted(noun, what != "again", what == "started", number(ahead), taken)

    def _work(
        self, key: SessionKey, session: SessionRecord, work: list[Reply], inbound: Inbound | None = None
    ) -> Work:
        self._listed_in.put(key, session.audience)
        head, since, orphaned, news = work
        return Work(
            session.lease(key),
            turn_record(blob(head)).turn(key, inbound),
            session.session(key.workspace),
            tuple(codec.decode(Message, blob(one)) for one in row(news)),
            number(since),
            orphaned=bool(orphaned),
        )

    async def _audience(self, key: SessionKey) -> Audience:
        """Which index the session is listed in: fixed at its birth, so remembering it is safe."""
        known = self._listed_in.get(key)
        if known is not None:
            return known
        keys = self._calls.keys.of(key.workspace)
        found = await self._calls.client.command(keys.sessions, b"HGET", keys.sessions, key.id)
        return OPEN if found is None else session_record(blob(found)).audience

    async def _due_sessions(self, claim: Claim, limit: int) -> list[SessionKey]:
        """The sessions that could be taken, longest waiting first."""
        args = packed(self._calls.clock, sorted(claim.platforms), max(4 * limit, 64))
        found: list[tuple[int, str, str]] = []
        for reply in await self._calls.run_all("due", [[key] for key in self._calls.keys.due()], args):
            if isinstance(reply, StoreError):
                raise reply
            for member in row(reply):
                _, since, workspace, session = text(member).split("\0")
                found.append((int(since), workspace, session))
        return [SessionKey(WorkspaceId(workspace), SessionId(id_)) for _, workspace, id_ in sorted(found)]

    def _of(self, session: SessionKey) -> list[bytes]:
        return self._calls.keys.of(session.workspace).of_turns(session.id)


def _claim(claim: Claim) -> tuple[object, ...]:
    return (claim.holder, claim.token, microseconds(claim.duration), tuple(claim.platforms))


def _held(lease: Lease) -> tuple[str, str, int]:
    return (lease.holder, lease.token, lease.fence)


def _count(known: Known | None, session: SessionId) -> int:
    return known.messages if known is not None and known.session == session else 0


def _made(proposal: Proposal, inbound: Inbound) -> tuple[object, ...]:
    # The end of the id: its beginning may be a time that others share.
    names = (proposal.name, f"{proposal.name}-{proposal.id[-6:]}", f"{proposal.name}-{proposal.id}")
    wanted = proposal.preferences
    candidates = tuple((name, fold(name)) for name in names)
    return (candidates, proposal.title, inbound.author.id, wanted.model, wanted.system)


def _check(what: str) -> None:
    if what == "gone":
        raise SessionGone("the session was deleted")
    if what == "lost":
        raise LeaseLost("somebody else may act for the session now")
