"""The hot path as the contract describes it, in plain Python: no tables, no keys, nothing shared."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from sessions.errors import LeaseLost, NoSuchSession, SessionGone
from sessions.model import (
    Audience,
    EventId,
    Inbound,
    Lease,
    Message,
    ReplyRecord,
    Session,
    SessionKey,
    ThreadRef,
    Turn,
    TurnResult,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.names import fold
from sessions.ports.turns import Accepted, Claim, Committed, Known, Proposal, Renewal, Work
from tests.storage.model.talk import Talk, Waiting, born_in

BEGIN = datetime(2031, 3, 5, 12, tzinfo=UTC)
UNCLAIMED = timedelta(seconds=30)


class Unsettled(Exception):
    """The contract leaves it open: an error that changes nothing, or what ``otherwise`` does."""

    def __init__(self, error: type[Exception], otherwise: Callable[[], Awaitable[object]]) -> None:
        super().__init__(error)
        self.error = error
        self.otherwise = otherwise


@dataclass(slots=True)
class Plain:
    """Everything that a store remembers, by the words of its ports. Its clock is moved by hand."""

    homes: dict[WorkspaceKey, WorkspaceId]
    now: datetime = BEGIN
    talks: dict[SessionKey, Talk] = field(default_factory=dict)
    bindings: dict[ThreadRef, SessionKey] = field(default_factory=dict)
    accepted: dict[EventId, SessionKey] = field(default_factory=dict)
    committed: set[EventId] = field(default_factory=set)
    left: dict[EventId, str] = field(default_factory=dict)
    """The token of the lease under which a turn left its inbox."""
    stops: dict[EventId, EventId | None] = field(default_factory=dict)
    receipts: dict[EventId, Session] = field(default_factory=dict)
    _orders: "count[int]" = field(default_factory=count)

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        fresh = inbound.event not in self.accepted
        started = False
        if fresh:
            talk = self._bound_for(inbound)
            started = talk is None
            talk = talk or self._start(inbound, proposal)
            self._enqueue(talk, inbound, claim)
        talk = self.talks[self.accepted[inbound.event]]
        work = None if claim is None else self._take(talk, claim, known)
        return Accepted(self._seen(talk), fresh, started, talk.ahead(inbound.event), work)

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.acquire`."""
        talk = self.talks.get(session)
        return None if talk is None else self._take(talk, claim, known)

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """See :meth:`sessions.ports.turns.Turns.renew`."""
        talk = self._held(lease)
        talk.lease = replace(lease, deadline=self.now + duration)
        head = talk.head
        stopped = head is not None and head.stop and head.answer is None
        return Renewal(talk.lease, head.inbound.event if head is not None and stopped else None)

    async def keep_waiting(self, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
        """See :meth:`sessions.ports.turns.Turns.keep_waiting`."""
        one = self.talks[session].find(turn)
        if one is None:
            return False
        one.kept_until = self.now + duration
        return True

    async def note_reply(self, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
        """See :meth:`sessions.ports.turns.Turns.note_reply`."""
        head = self._held(lease).head
        if head is not None and head.inbound.event == turn:
            head.reply = reply

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """See :meth:`sessions.ports.turns.Turns.commit`."""
        if result.turn in self.committed:
            return Committed(self._seen(self.talks[lease.session]), fresh=False)
        talk = self.talks[lease.session]
        if talk.deleted:
            raise SessionGone
        head = self._held(lease).head
        if head is None or head.inbound.event != result.turn:
            raise LeaseLost
        head.answer = result.answer
        talk.results.append(result)
        self.committed.add(result.turn)
        self._touch(talk)
        return Committed(self._seen(talk), fresh=True)

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """See :meth:`sessions.ports.turns.Turns.delivered`."""
        talk = self.talks[lease.session]
        if self.left.get(turn) == lease.token and not talk.is_taken_by(lease):
            return await self._delivered_again(talk, lease, claim, known)
        one = self._held(lease).find(turn)
        if one is not None:
            if one.answer is None:
                raise LeaseLost
            talk.inbox.remove(one)
            self.left[turn] = lease.token
        if talk.head is None or not talk.head.is_for(claim, self.now):
            talk.lease = None
            return None
        moved = replace(lease, deadline=self.now + claim.duration)
        return self._hand_out(talk, moved, claim, known)

    async def release(self, lease: Lease) -> None:
        """See :meth:`sessions.ports.turns.Turns.release`."""
        talk = self.talks[lease.session]
        if talk.is_taken_by(lease):
            talk.lease, talk.void = None, False

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`."""
        busy = [talk for talk in self.talks.values() if talk.inbox]
        longest_first = sorted(busy, key=lambda talk: talk.inbox[0].order)
        works: list[Work] = []
        for talk in longest_first:
            work = self._take(talk, claim, None) if len(works) < limit else None
            works += [] if work is None else [work]
        return tuple(works)

    async def stop(
        self, session: SessionKey, event: EventId, turn: EventId | None, said_at: datetime | None
    ) -> EventId | None:
        """See :meth:`sessions.ports.turns.Turns.stop`."""
        if event in self.stops:
            return self.stops[event]
        head = self.talks[session].head
        named = head is not None and turn in (None, head.inbound.event)
        sent = head is not None and (said_at is None or head.inbound.sent_at <= said_at)
        self.stops[event] = None
        if head is not None and head.running and named and sent:
            head.stop = True
            self.stops[event] = head.inbound.event
        return self.stops[event]

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.delete`."""
        if event not in self.receipts:
            talk = self._living(session)
            self.receipts[event] = self._seen(talk)
            self._erase(talk)
        return self.receipts[event]

    async def bind(self, session: SessionKey, thread: ThreadRef, event: EventId) -> Session:
        """See :meth:`sessions.ports.catalog.Catalog.bind`."""
        if event not in self.receipts:
            talk = self._living(session)
            talk.archived_at = None
            self.bindings[thread] = session
            self.receipts[event] = self._seen(talk)
        return self.receipts[event]

    async def archive(self, session: SessionKey, archived: bool) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.archive`."""
        talk = self.talks[session]
        if not talk.deleted and archived is (talk.archived_at is None):
            talk.archived_at = self.now if archived else None

    async def expire(self, session: SessionKey) -> bool:
        """See :meth:`sessions.ports.catalog.Catalog.expire`, of the session as it is."""
        talk = self.talks[session]
        if talk.deleted or talk.inbox or not talk.is_free(self.now):
            return False
        if talk.archived_at is None:
            talk.archived_at = self.now
        else:
            self._erase(talk)
        return True

    async def get(self, session: SessionKey) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.get`."""
        talk = self.talks[session]
        return None if talk.deleted else self._seen(talk)

    async def by_name(self, workspace: WorkspaceId, name: str) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.by_name`."""
        named = [talk for talk in self._listed(workspace, None) if fold(talk.name) == fold(name)]
        return self._seen(named[0]) if named else None

    async def bound(self, thread: ThreadRef) -> Session | None:
        """See :meth:`sessions.ports.catalog.Catalog.bound`."""
        return await self.get(self.bindings[thread]) if thread in self.bindings else None

    async def page(
        self, workspace: WorkspaceId, audiences: frozenset[Audience] | None
    ) -> tuple[Session, ...]:
        """Everything that :meth:`sessions.ports.catalog.Catalog.page` lists, in its order."""
        return tuple(self._seen(talk) for talk in self._listed(workspace, audiences))

    async def names(self, workspace: WorkspaceId) -> tuple[str, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.names`."""
        return tuple(sorted((talk.name for talk in self._listed(workspace, None)), key=fold))

    async def transcript(self, session: SessionKey) -> tuple[Message, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.transcript`."""
        return self.talks[session].transcript

    async def waiting(self, session: SessionKey) -> tuple[Turn, ...]:
        """See :meth:`sessions.ports.catalog.Catalog.waiting`."""
        talk = self.talks[session]
        return tuple(talk.turn(one) for one in talk.inbox)

    def is_due(self, work: Work) -> bool:
        """Whether this work can be gone on with: its turn is the head and its lease is held."""
        talk = self.talks[work.lease.session]
        head = talk.head
        return head is not None and head.inbound.event == work.turn.id and talk.is_held_by(work.lease)

    def by_need(self) -> list[SessionKey]:
        """All sessions: those last where something waits, and of these those whose lease is free."""
        talks = sorted(self.talks.values(), key=lambda talk: (bool(talk.inbox), talk.is_free(self.now)))
        return [talk.key for talk in talks]

    def _erase(self, talk: Talk) -> None:
        for thread in [thread for thread, to in self.bindings.items() if to == talk.key]:
            del self.bindings[thread]
        talk.erase()

    def _bound_for(self, inbound: Inbound) -> Talk | None:
        key = self.bindings.get(inbound.place.thread)
        talk = None if key is None else self.talks[key]
        return talk if talk is not None and talk.admits(inbound.place.audience) else None

    def _start(self, inbound: Inbound, proposal: Proposal) -> Talk:
        workspace, name = self.homes[inbound.place.workspace], proposal.name
        if fold(name) in {fold(talk.name) for talk in self._listed(workspace, None)}:
            name = f"{name}-{proposal.id[-6:]}"
        key = SessionKey(workspace, proposal.id)
        audience, starter = born_in(inbound.place.audience), inbound.author.id
        self.talks[key] = Talk(key, name, proposal.title, audience, starter, self.now, self.now)
        self.bindings[inbound.place.thread] = key
        return self.talks[key]

    def _enqueue(self, talk: Talk, inbound: Inbound, claim: Claim | None) -> None:
        patience = UNCLAIMED if claim is None else claim.duration
        talk.archived_at = None
        talk.enqueue(Waiting(inbound, self.now, next(self._orders), self.now + patience))
        self.accepted[inbound.event] = talk.key
        self._touch(talk)

    def _touch(self, talk: Talk) -> None:
        talk.active_at, talk.active_order = self.now, next(self._orders)

    def _take(self, talk: Talk, claim: Claim, known: Known | None) -> Work | None:
        head = talk.head
        if head is None or not talk.is_free(self.now) or not head.is_for(claim, self.now):
            return None
        if talk.lease is not None and head.running:
            head.takeovers += 1
        deadline = self.now + claim.duration
        lease = Lease(talk.key, claim.holder, claim.token, talk.fence + 1, deadline)
        talk.void = False
        return self._hand_out(talk, lease, claim, known)

    def _hand_out(self, talk: Talk, lease: Lease, claim: Claim, known: Known | None) -> Work:
        return replace(talk.hand_out(lease, claim, known, self.now), session=self._seen(talk))

    async def _delivered_again(
        self, talk: Talk, lease: Lease, claim: Claim, known: Known | None
    ) -> Work | None:
        """Repeat a delivery whose lease was freed by it or since.

        The contract says that the head that is due is returned; it leaves open what is said where
        the lease was taken since (maybe by the same claim), or where nothing is left of the session.
        """
        buried = talk.deleted and not talk.inbox
        if buried or talk.fence != lease.fence:
            error = SessionGone if talk.deleted else LeaseLost
            raise Unsettled(error, lambda: self.acquire(talk.key, claim, known))
        return self._take(talk, claim, known)

    def _held(self, lease: Lease) -> Talk:
        talk = self.talks[lease.session]
        buried = talk.deleted and not talk.inbox
        if buried or not talk.is_held_by(lease):
            raise SessionGone if talk.deleted else LeaseLost
        return talk

    def _living(self, session: SessionKey) -> Talk:
        if self.talks[session].deleted:
            raise NoSuchSession
        return self.talks[session]

    def _seen(self, talk: Talk) -> Session:
        return talk.session(self.bindings)

    def _listed(self, workspace: WorkspaceId, audiences: frozenset[Audience] | None) -> list[Talk]:
        talks = [
            talk
            for talk in self.talks.values()
            if talk.key.workspace == workspace
            and not talk.deleted
            and (audiences is None or talk.audience in audiences)
        ]
        return sorted(talks, key=lambda talk: talk.active_order, reverse=True)
