"""Who may run a session's turns: taking, keeping and freeing leases."""

from datetime import timedelta

import msgspec

from sessions.model import EventId, Lease, ReplyRecord, SessionKey
from sessions.ports.turns import NEWS_LIMIT, Claim, Known, Renewal, Wake, Work
from storage.state.changes import PutLease
from storage.state.step import Step
from storage.state.tables import Queued, Tables


def acquire(step: Step, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
    """See :meth:`sessions.ports.turns.Turns.acquire`."""
    head = step.head(session.id)
    if head is None or session.id not in step.tables.sessions or not step.is_free(session.id):
        return None
    if not is_for(step, head, claim):
        return None
    former = step.tables.leases.get(session.id)
    ran_out = former is not None and bool(former.holder)
    if ran_out and head.is_running:
        step.put(msgspec.structs.replace(head.progress, takeovers=head.progress.takeovers + 1))
    fence = 1 if former is None else former.fence + 1
    return _hand_out(step, session, head, claim, fence, known)


def go_on(
    step: Step, session: SessionKey, claim: Claim, lease: Lease, known: Known | None
) -> Work | None:
    """Hand out the head under the lease that is held, or free the lease and wake the others."""
    head = step.head(session.id)
    if head is not None and is_for(step, head, claim):
        held = Claim(lease.holder, lease.token, claim.duration, claim.platforms)
        return _hand_out(step, session, head, held, lease.fence, known)
    step.free_lease(session.id)
    if head is not None:
        step.wake(Wake.WAITING, session.id)
    return None


def renew(step: Step, lease: Lease, duration: timedelta) -> Renewal:
    """See :meth:`sessions.ports.turns.Turns.renew`."""
    step.check_held(lease)
    moved = PutLease(
        lease.session.id, lease.fence, lease.holder, lease.token, deadline=step.now + duration
    )
    step.put(moved)
    head = step.head(lease.session.id)
    stopped = head is not None and head.progress.stop and head.progress.answer is None
    return Renewal(as_lease(step.tables, moved), head.inbound.event if head and stopped else None)


def release(step: Step, lease: Lease) -> None:
    """See :meth:`sessions.ports.turns.Turns.release`."""
    if not step.holds(lease):
        return
    step.free_lease(lease.session.id)
    if step.head(lease.session.id) is not None:
        step.wake(Wake.WAITING, lease.session.id)


def note_reply(step: Step, lease: Lease, turn: EventId, reply: ReplyRecord) -> None:
    """See :meth:`sessions.ports.turns.Turns.note_reply`."""
    step.check_held(lease)
    queued = step.tables.queued(lease.session.id, turn)
    if queued is not None and queued.progress.reply != reply:
        step.put(msgspec.structs.replace(queued.progress, reply=reply))


def keep_waiting(step: Step, session: SessionKey, turn: EventId, duration: timedelta) -> bool:
    """See :meth:`sessions.ports.turns.Turns.keep_waiting`."""
    queued = step.tables.queued(session.id, turn)
    if queued is None:
        return False
    step.put(msgspec.structs.replace(queued.progress, kept_until=step.now + duration))
    return True


def is_for(step: Step, head: Queued, claim: Claim) -> bool:
    """Whether the claimant may take this head: its platform, and its owner unless that one is gone."""
    if is_orphaned(step, head):
        return True
    owner = head.inbound.owner
    return head.inbound.place.thread.platform in claim.platforms and owner in ("", claim.holder)


def is_orphaned(step: Step, head: Queued) -> bool:
    """Whether the only process that could show the answer has not been heard of in time."""
    return bool(head.inbound.owner) and head.progress.kept_until <= step.now


def as_lease(tables: Tables, lease: PutLease) -> Lease:
    """The lease as callers see it."""
    key = SessionKey(tables.workspace, lease.session)
    return Lease(key, lease.holder, lease.token, lease.fence, lease.deadline)


def _hand_out(
    step: Step, key: SessionKey, head: Queued, claim: Claim, fence: int, known: Known | None
) -> Work:
    orphaned = is_orphaned(step, head) and head.inbound.owner != claim.holder
    lease = PutLease(key.id, fence, claim.holder, claim.token, step.now + claim.duration)
    step.put(lease)
    if not head.progress.handed:
        step.put(msgspec.structs.replace(head.progress, handed=True))
    transcript = step.tables.transcripts.get(key.id, [])
    since = known.messages if known is not None and known.session == key.id else 0
    since = since if since <= len(transcript) else 0
    since = max(since, len(transcript) - NEWS_LIMIT)
    return Work(
        lease=as_lease(step.tables, lease),
        turn=step.tables.turn(head),
        session=step.tables.sessions[key.id],
        news=tuple(transcript[since:]),
        since=since,
        orphaned=orphaned,
    )
