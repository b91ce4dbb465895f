"""The hot path of a store: inboxes, leases and commits."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sessions.model import (
    EventId,
    Holder,
    Inbound,
    Lease,
    Message,
    Platform,
    Preferences,
    ReplyRecord,
    Session,
    SessionId,
    SessionKey,
    Turn,
    TurnResult,
)

NEWS_LIMIT = 400
"""A store hands out at most this many of a transcript's newest messages at once."""


EVENT_MEMORY = timedelta(hours=48)
"""How long an event is remembered, also beyond the deletion of its session."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants a lease, for how long, and which platforms' answers it can deliver."""

    holder: Holder
    token: str
    duration: timedelta
    platforms: frozenset[Platform]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The session to make if the thread has none. A taken name gets ``-`` and six of the id added."""

    id: SessionId
    name: str
    title: str = ""
    preferences: Preferences = Preferences()


@dataclass(frozen=True, slots=True)
class Known:
    """How many of a session's messages the caller has already; spares the store sending them."""

    session: SessionId
    messages: int


@dataclass(frozen=True, slots=True)
class Work:
    """A lease, the turn at the head of the inbox, and the transcript from ``since`` on.

    ``news`` is ``transcript[since:]``. ``since`` is the caller's known count, or later where more
    than :data:`NEWS_LIMIT` messages came since, or earlier where the store cannot vouch for what the
    caller knows: it claims more than there is, or a failover may have lost some of it. A turn with an
    answer is committed and wants delivery only. ``orphaned`` says that the only process that could show
    the answer is gone.
    """

    lease: Lease
    turn: Turn
    session: Session
    news: tuple[Message, ...] = ()
    since: int = 0
    orphaned: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an Inbound.

    ``fresh`` is false for a repeat. ``started`` says that a session was made for it. ``ahead`` counts the
    Inbounds before it. ``work`` is there if the lease was free and taken; it is for the head of the
    inbox, which may be an earlier Inbound.
    """

    session: Session
    fresh: bool
    started: bool = False
    ahead: int = 0
    work: Work | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """The lease with its new deadline, and the turn at the head if a person asked for it to end."""

    lease: Lease
    stopped: EventId | None


@dataclass(frozen=True, slots=True)
class Committed:
    """The session after the commit. ``fresh`` is false if this turn had been committed before."""

    session: Session
    fresh: bool


class Wake(StrEnum):
    """Why a process is woken."""

    WAITING = "waiting"
    """A session has work and no lease."""
    STOP = "stop"
    """A turn was asked to end, or its session was deleted."""


@dataclass(frozen=True, slots=True)
class Wakeup:
    """A hint that something changed for a session; ``turn`` is the running one for STOP."""

    wake: Wake
    session: SessionKey
    turn: EventId | None = None


class Turns(Protocol):
    """Inboxes, leases and commits: the way of a message."""

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """Append the Inbound to the inbox of its thread's session, once per event.

        Makes the workspace and, where the thread is bound to no session, the proposed session
        (audience and starter are the Inbound's; OPERATOR makes it OPEN) and binds it. A bound session
        whose audience is not the place's counts as not bound, because what is said in a channel that
        became private may not be read elsewhere; OPERATOR goes with any. An archived one becomes active.
        Waiting Inbounds of one thread stand in order of their number: a lower number that arrives
        late takes its place among those that were never handed out; other threads keep theirs.
        With a claim, and if the lease is free or has run out, takes it exactly as :meth:`acquire`
        does. Without one, or if the head is not for the claimant, wakes the others when the lease is
        free. A repeated event changes nothing but may take a free lease.

        An Inbound with an owner counts as orphaned when :meth:`keep_waiting` was not called for it
        for the claim's duration (30 s where it was accepted without one).
        """
        ...

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        """Take the lease for the head of the inbox; None when there is nothing to do for this claimant.

        None: no such session, an empty inbox, a lease that has not run out, a head whose platform
        is not claimed, or one that another living process owns. (An orphaned head is anybody's.)
        The new lease has a higher fence. If the former one ran out over an uncommitted turn that had
        been handed out, the turn's ``takeovers`` grows by one.
        """
        ...

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        """Move the deadline to now + duration. Raises LeaseLost (SessionGone) when it is not held."""
        ...

    async def keep_waiting(self, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
        """Say that the owner of a waiting Inbound lives. False when it waits no more."""
        ...

    async def note_reply(self, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
        """Replace the record of where the head's answer stands. Raises LeaseLost (SessionGone)."""
        ...

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        """Append the messages, add to the tally, keep the answer as undelivered; the lease stays.

        Repeated for a committed turn, by this holder or a later one, it writes nothing and is not
        fresh, even if that turn has left the inbox. Otherwise raises LeaseLost when the lease is not
        held (its deadline alone does not matter while nobody took it), SessionGone after deletion.
        """
        ...

    async def delivered(
        self, lease: Lease, turn: EventId, claim: Claim, known: Known | None
    ) -> Work | None:
        """Take the committed turn from the inbox; go on with the next one or free the lease.

        Returns the next head as Work under the same lease with its deadline moved, if the claimant
        can deliver it; else frees the lease and, if something waits, wakes the others. Repeated, it
        takes nothing more from the inbox and returns the head that is due. Raises LeaseLost.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Free the lease and leave the inbox as it is; wakes the others if something waits.

        No take-over is counted. No-op when the lease is not held. The holder of a deleted session's lease
        gives it up in this way, so that the tombstone can be acquired.
        """
        ...

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """Acquire up to ``limit`` sessions that have work and no valid lease, longest waiting first.

        Also forgets events and listings past their time, a bounded number a call.
        """
        ...

    async def stop(
        self,
        session: SessionKey,
        event: EventId,
        *,
        turn: EventId | None = None,
        said_at: datetime | None = None,
    ) -> EventId | None:
        """Ask the turn at the head that was handed out and is not committed to end; its id, or None.

        No-op (None) when ``turn`` is given and the head is another one, or when the head's Inbound was
        sent after ``said_at``: a wish that was carried out late stops no later turn. Repeated with the
        same event it returns the same and marks nothing.
        """
        ...

    def wakeups(self) -> AbstractAsyncContextManager[AsyncIterator[Wakeup]]:
        """Subscribe to hints, within 100 ms, from this process and all others.

        Hints may be lost or doubled; renew, commit and sweep are the backstop.
        """
        ...
