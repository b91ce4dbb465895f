"""One session of the plain model: its inbox, its lease and what was said in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain

from sessions.model import (
    OPEN,
    OPERATOR,
    Answer,
    Audience,
    Ending,
    EventId,
    Inbound,
    Lease,
    Message,
    PersonId,
    ReplyRecord,
    Role,
    Session,
    SessionId,
    SessionKey,
    Status,
    Tally,
    ThreadRef,
    Turn,
    TurnResult,
    WorkspaceId,
)
from sessions.ports.catalog import DELETED_NOTE
from sessions.ports.turns import NEWS_LIMIT, Claim, Known, Work

NEVER = datetime(1, 1, 1, tzinfo=UTC)
GONE = Session(
    SessionKey(WorkspaceId(""), SessionId("")),
    "",
    "",
    Status.DELETED,
    Audience(""),
    PersonId(""),
    NEVER,
    NEVER,
)
"""All that anybody may learn of a deleted session: that it was deleted."""


@dataclass(slots=True)
class Waiting:
    """A turn in the inbox. ``kept_until`` is how long its owner counts as alive."""

    inbound: Inbound
    accepted_at: datetime
    order: int
    kept_until: datetime
    handed: bool = False
    takeovers: int = 0
    stop: bool = False
    reply: ReplyRecord = ReplyRecord()
    answer: Answer | None = None

    @property
    def running(self) -> bool:
        """It was handed out and is not committed."""
        return self.handed and self.answer is None

    def is_silent(self, now: datetime) -> bool:
        """It has an owner, who was not heard of in time."""
        return bool(self.inbound.owner) and self.kept_until <= now

    def is_for(self, claim: Claim, now: datetime) -> bool:
        """The claimant delivers to its platform and no other process alone can; or that one is gone."""
        mine = self.inbound.owner in ("", claim.holder)
        return self.is_silent(now) or (mine and self.inbound.place.thread.platform in claim.platforms)


@dataclass(slots=True)
class Talk:
    """A session. A deleted one is a tombstone while something waits in it."""

    key: SessionKey
    name: str
    title: str
    audience: Audience
    starter: PersonId
    created_at: datetime
    active_at: datetime
    active_order: int = 0
    archived_at: datetime | None = None
    deleted: bool = False
    void: bool = False
    fence: int = 0
    lease: Lease | None = None
    inbox: list[Waiting] = field(default_factory=list)
    results: list[TurnResult] = field(default_factory=list)

    @property
    def transcript(self) -> tuple[Message, ...]:
        """All messages of all committed turns."""
        return tuple(chain.from_iterable(result.messages for result in self.results))

    @property
    def head(self) -> Waiting | None:
        """The turn that is due."""
        return self.inbox[0] if self.inbox else None

    def find(self, turn: EventId) -> Waiting | None:
        """The turn, if it is in the inbox."""
        return next((one for one in self.inbox if one.inbound.event == turn), None)

    def ahead(self, turn: EventId) -> int:
        """How many stand before the turn; none if it has left."""
        one = self.find(turn)
        return 0 if one is None else self.inbox.index(one)

    def session(self, bindings: Mapping[ThreadRef, SessionKey]) -> Session:
        """The session as callers see it."""
        if self.deleted:
            return GONE
        bound = Status.ACTIVE if self.key in bindings.values() else Status.PAUSED
        return Session(
            key=self.key,
            name=self.name,
            title=self.title,
            status=bound if self.archived_at is None else Status.ARCHIVED,
            audience=self.audience,
            starter=self.starter,
            created_at=self.created_at,
            active_at=self.active_at,
            tally=self.tally(),
            archived_at=self.archived_at,
        )

    def turn(self, one: Waiting) -> Turn:
        """The turn as callers see it."""
        return Turn(
            self.key, one.inbound, one.accepted_at, one.takeovers, one.stop, one.reply, one.answer
        )

    def tally(self) -> Tally:
        """Recounted from what was committed."""
        messages = self.transcript
        spent = [result.usage.prompt + result.usage.completion for result in self.results]
        return Tally(
            messages=len(messages),
            user_messages=sum(message.role is Role.USER for message in messages),
            agent_messages=sum(message.role is Role.ASSISTANT for message in messages),
            tokens=sum(spent),
            context=next((tokens for tokens in reversed(spent) if tokens), 0),
            size=sum(len(message.content.encode()) for message in messages),
            estimated=any(result.usage.estimated for result in self.results),
        )

    def admits(self, place: Audience) -> bool:
        """What is said there may go in: the same audience, or the operator."""
        return place in (self.audience, OPERATOR)

    def enqueue(self, late: Waiting) -> None:
        """Append; then the thread's turns that nobody was given stand on their places by number."""
        self.inbox.append(late)
        places = [
            place
            for place, one in enumerate(self.inbox)
            if not one.handed and one.inbound.place.thread == late.inbound.place.thread
        ]
        by_number = sorted((self.inbox[place] for place in places), key=lambda one: one.inbound.number)
        for place, one in zip(places, by_number, strict=True):
            self.inbox[place] = one

    def is_free(self, now: datetime) -> bool:
        """Nobody holds the lease, or it has run out."""
        return self.lease is None or self.lease.deadline <= now

    def is_taken_by(self, lease: Lease) -> bool:
        """Nobody took or freed the lease since; its deadline alone does not matter."""
        return self.lease is not None and replace(self.lease, deadline=lease.deadline) == lease

    def is_held_by(self, lease: Lease) -> bool:
        """The lease stands, and the session was not deleted under it."""
        return self.is_taken_by(lease) and not self.void

    def hand_out(self, lease: Lease, claim: Claim, known: Known | None, now: datetime) -> Work:
        """Give the head to the holder of the lease. The session is the caller's to fill in."""
        one = self.inbox[0]
        one.handed = True
        self.lease, self.fence = lease, lease.fence
        transcript = self.transcript
        have = known.messages if known is not None and known.session == self.key.id else 0
        since = max(have if have <= len(transcript) else 0, len(transcript) - NEWS_LIMIT)
        orphaned = one.is_silent(now) and one.inbound.owner != claim.holder
        return Work(lease, self.turn(one), GONE, transcript[since:], since, orphaned)

    def erase(self) -> None:
        """Leave a tombstone: every turn without an answer is told so, and the lease is void."""
        self.deleted, self.void = True, self.lease is not None
        self.name, self.title = "", ""
        self.results.clear()
        for one in self.inbox:
            if one.answer is None:
                one.answer = Answer(Ending.UNANSWERED, note=DELETED_NOTE)
                one.inbound = replace(one.inbound, text="")


def born_in(place: Audience) -> Audience:
    """The audience of a session that starts in such a place: what the operator starts is open."""
    return OPEN if place == OPERATOR else place
