"""The way of a message through the tables: accepted, committed, delivered, or asked to end."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from sessions.errors import LeaseLost, SessionGone
from sessions.model import (
    EventId,
    Inbound,
    Lease,
    Message,
    Role,
    Session,
    SessionId,
    SessionKey,
    Status,
    Tally,
    TurnResult,
    Usage,
)
from sessions.names import fold
from sessions.ports.turns import (
    EVENT_MEMORY,
    Accepted,
    Claim,
    Committed,
    Known,
    Proposal,
    Wake,
    Work,
)
from storage.rules import born_in, gone, is_meant, may_meet
from storage.state.changes import (
    Command,
    DropSession,
    DropTurn,
    Forget,
    Progress,
    PutBinding,
    PutEvent,
    PutInbound,
    PutMessages,
    PutReceipt,
    PutSession,
)
from storage.state.leasing import acquire, go_on
from storage.state.step import Step
from storage.state.tables import Tables

UNCLAIMED = timedelta(seconds=30)
"""How long an owner counts as alive whose Inbound was accepted without a claim."""


def accept(
    step: Step, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
) -> Accepted:
    """See :meth:`sessions.ports.turns.Turns.accept`. The workspace is this one."""
    seen = step.tables.events.get(inbound.event)
    if seen is not None:
        return _accept_again(step, inbound, seen, claim, known)
    session, started = _session_for(step, inbound, proposal)
    _enqueue(step, session.key.id, inbound, claim)
    work = _take_or_wake(step, session.key, claim, known)
    return Accepted(
        session=step.tables.sessions[session.key.id],
        fresh=True,
        started=started,
        ahead=_ahead(step, session.key.id, inbound.event),
        work=work,
    )


def commit(step: Step, lease: Lease, result: TurnResult) -> Committed:
    """See :meth:`sessions.ports.turns.Turns.commit`."""
    tables, key = step.tables, lease.session
    seen = tables.events.get(result.turn)
    if seen is not None and seen.session == key.id and seen.committed:
        return Committed(tables.sessions.get(key.id) or gone(key, seen.at), fresh=False)
    session = tables.live(key.id)
    if session is None:
        raise SessionGone("the session was deleted")
    step.check_held(lease)
    head = step.head(key.id)
    if seen is None or head is None or head.inbound.event != result.turn:
        raise LeaseLost("the turn is not the one that is due")
    start = len(tables.transcripts.get(key.id, ()))
    if result.messages:
        step.put(PutMessages(key.id, start, result.messages))
    tally = _add(session.tally, result.messages, result.usage)
    step.put(PutSession(replace(session, tally=tally, active_at=step.now)))
    step.put(msgspec.structs.replace(head.progress, answer=result.answer))
    step.put(msgspec.structs.replace(seen, committed=True))
    return Committed(tables.sessions[key.id], fresh=True)


def delivered(step: Step, lease: Lease, turn: EventId, claim: Claim, known: Known | None) -> Work | None:
    """See :meth:`sessions.ports.turns.Turns.delivered`."""
    session, tables = lease.session, step.tables
    seen = tables.events.get(turn)
    left = seen is not None and seen.session == session.id and seen.token == lease.token
    if left and not step.holds(lease):
        return acquire(step, session, claim, known)
    step.check_held(lease)
    queued = tables.queued(session.id, turn)
    if queued is not None and queued.progress.answer is None:
        raise LeaseLost("the turn is not committed")
    if queued is not None:
        step.put(DropTurn(session.id, turn))
        if seen is not None:
            step.put(msgspec.structs.replace(seen, token=lease.token))
    work = go_on(step, session, claim, lease, known)
    if step.head(session.id) is None and tables.live(session.id) is None:
        step.put(DropSession(session.id))
    return work


def stop(
    step: Step, session: SessionKey, event: EventId, turn: EventId | None, said_at: datetime | None
) -> EventId | None:
    """See :meth:`sessions.ports.turns.Turns.stop`."""
    seen = step.receipt(Command.STOP, event)
    if seen is not None:
        return seen.turn
    head = step.head(session.id)
    running = None
    if head is not None and is_meant(head.inbound, turn, said_at) and head.is_running:
        running = head.inbound.event
        step.put(msgspec.structs.replace(head.progress, stop=True))
        step.wake(Wake.STOP, session.id, running)
    step.put(PutReceipt(Command.STOP, event, step.now, turn=running))
    return running


def has_old(tables: Tables, now: datetime) -> bool:
    """Whether :func:`forget` may find something."""
    oldest = [next(iter(tables.events.values()), None), next(iter(tables.receipts.values()), None)]
    before = now - EVENT_MEMORY
    old = any(one is not None and one.at <= before for one in oldest)
    return old or tables.shelf.old(before, 1) is not None


def forget(step: Step, limit: int) -> None:
    """Drop at most ``limit`` events, and as many of each other kind, that are past their time."""
    tables, before = step.tables, step.now - EVENT_MEMORY
    waiting = {one.inbound.event for inbox in tables.inboxes.values() for one in inbox}
    events: list[EventId] = []
    for seen in tables.events.values():
        if seen.at > before or len(events) == limit:
            break
        if seen.event not in waiting:
            events.append(seen.event)
    receipts: list[tuple[Command, EventId]] = []
    for receipt in tables.receipts.values():
        if receipt.at > before or len(receipts) == limit:
            break
        receipts.append((receipt.command, receipt.event))
    if events or receipts:
        step.put(Forget(tuple(events), tuple(receipts)))
    dropped = tables.shelf.old(before, limit)
    if dropped is not None:
        step.put(dropped)


def _accept_again(
    step: Step, inbound: Inbound, seen: PutEvent, claim: Claim | None, known: Known | None
) -> Accepted:
    key = SessionKey(step.tables.workspace, seen.session)
    work = _take_or_wake(step, key, claim, known)
    session = step.tables.sessions.get(seen.session) or gone(key, seen.at)
    return Accepted(session, fresh=False, ahead=_ahead(step, key.id, inbound.event), work=work)


def _session_for(step: Step, inbound: Inbound, proposal: Proposal) -> tuple[Session, bool]:
    tables, thread = step.tables, inbound.place.thread
    bound = tables.bindings.get(thread)
    session = None if bound is None else tables.live(bound)
    if session is not None and may_meet(session.audience, inbound.place.audience):
        status = Status.PAUSED if session.status is Status.ARCHIVED else session.status
        step.put(PutSession(replace(session, status=status, active_at=step.now, archived_at=None)))
        return session, False
    session = Session(
        key=SessionKey(tables.workspace, proposal.id),
        name=_free_name(step, proposal),
        title=proposal.title,
        status=Status.ACTIVE,
        audience=born_in(inbound.place.audience),
        starter=inbound.author.id,
        created_at=step.now,
        active_at=step.now,
        preferences=proposal.preferences,
    )
    step.put(PutSession(session))
    step.put(PutBinding(thread, proposal.id))
    return session, True


def _free_name(step: Step, proposal: Proposal) -> str:
    taken = step.tables.by_fold
    if fold(proposal.name) not in taken:
        return proposal.name
    short = f"{proposal.name}-{proposal.id[-6:]}"
    return short if fold(short) not in taken else f"{proposal.name}-{proposal.id}"


def _enqueue(step: Step, session: SessionId, inbound: Inbound, claim: Claim | None) -> None:
    inbox = step.tables.inboxes.get(session, [])
    later = [
        one
        for one in inbox
        if one.inbound.place.thread == inbound.place.thread
        and not one.progress.handed
        and one.inbound.number > inbound.number
    ]
    rank = inbox[-1].progress.rank + 1 if inbox else 1
    for one in reversed(later):
        rank, former = one.progress.rank, rank
        step.put(msgspec.structs.replace(one.progress, rank=former))
    kept_until = step.now + (UNCLAIMED if claim is None else claim.duration)
    step.put(PutInbound(session, inbound, step.now))
    step.put(Progress(session, inbound.event, rank, kept_until))


def _take_or_wake(
    step: Step, session: SessionKey, claim: Claim | None, known: Known | None
) -> Work | None:
    work = None if claim is None else acquire(step, session, claim, known)
    if work is None and step.head(session.id) is not None and step.is_free(session.id):
        step.wake(Wake.WAITING, session.id)
    return work


def _ahead(step: Step, session: SessionId, event: EventId) -> int:
    events = [one.inbound.event for one in step.tables.inboxes.get(session, ())]
    return events.index(event) if event in events else 0


def _add(tally: Tally, messages: tuple[Message, ...], usage: Usage) -> Tally:
    used = usage.prompt + usage.completion
    return Tally(
        messages=tally.messages + len(messages),
        user_messages=tally.user_messages + sum(one.role is Role.USER for one in messages),
        agent_messages=tally.agent_messages + sum(one.role is Role.ASSISTANT for one in messages),
        tokens=tally.tokens + used,
        context=used or tally.context,
        size=tally.size + sum(len(one.content.encode()) for one in messages),
        estimated=tally.estimated or usage.estimated,
    )
