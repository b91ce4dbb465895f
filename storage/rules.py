"""Rules of the contract that every backend asks, however it keeps its data."""

from datetime import datetime

from sessions.model import (
    OPEN,
    OPERATOR,
    Audience,
    EventId,
    Inbound,
    PersonId,
    Session,
    SessionKey,
    Status,
)


def may_meet(session: Audience, place: Audience) -> bool:
    """Whether what is said in a place of that audience may go into a session of that one."""
    return place in (session, OPERATOR)


def born_in(place: Audience) -> Audience:
    """The audience of a session that starts in a place of that one."""
    return OPEN if place == OPERATOR else place


def is_meant(head: Inbound, turn: EventId | None, said_at: datetime | None) -> bool:
    """Whether who asked for a stop can have meant this head: they named it, or it had been sent."""
    return turn in (None, head.event) and (said_at is None or head.sent_at <= said_at)


def status(*, deleted: bool, archived: bool, bound: bool) -> Status:
    """Derived from bindings and from being put away."""
    if deleted:
        return Status.DELETED
    if archived:
        return Status.ARCHIVED
    return Status.ACTIVE if bound else Status.PAUSED


def gone(key: SessionKey, at: datetime) -> Session:
    """What is left to say of a session whose tombstone has gone too; nobody may read it."""
    return Session(key, "", "", Status.DELETED, Audience(""), PersonId(""), at, at)
