"""Taking an Inbound in: deduplicate, find or make its session, append, lease."""

from datetime import timedelta

from sessions.model import Inbound, Lease, SessionId, SessionKey, Turn
from sessions.ports.catalog import NewSession
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Work
from storage.rules import born_in, gone, may_meet
from storage.sqlite import binding, creating, events, inbox, leases, rows, workspaces
from storage.sqlite.inbox import TurnRow
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import Step, microseconds, moment

_UNCLAIMED_OWNER = timedelta(seconds=30)
"""How long an owner may be silent about an Inbound that was accepted without a claim."""


def accept(
    step: Step, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
) -> Accepted:
    """See :meth:`sessions.ports.turns.Turns.accept`."""
    row = binding.bound_in(step, inbound.place)
    if row is not None and not may_meet(row.audience, inbound.place.audience):
        row = None
    started = row is None and events.recall(step, events.Kind.TURN, inbound.event) is None
    if started:
        row = _start(step, inbound, proposal)
    if row is None or not events.remember(step, events.Kind.TURN, inbound.event, row.seq):
        return _repeat(step, inbound, claim, known)
    return _append(step, row, inbound, claim, known, started=started)


def _repeat(step: Step, inbound: Inbound, claim: Claim | None, known: Known | None) -> Accepted:
    event = inbound.event
    seen = events.turn_of(step, event)
    row = rows.find_numbered(step, seen.session)
    if row is None:
        left = SessionKey(workspaces.obtain(step, inbound.place.workspace).id, SessionId(""))
        return Accepted(gone(left, moment(seen.at)), fresh=False)
    ahead = inbox.ahead(step, row.seq, event)
    taken = leases.take_or_wake(step, row, claim, known)
    session = taken.session if taken is not None else row.session()
    return Accepted(session, fresh=False, ahead=ahead, work=taken)


def _start(step: Step, inbound: Inbound, proposal: Proposal) -> SessionRow:
    place = inbound.place
    workspace = workspaces.obtain(step, place.workspace)
    new = NewSession(
        proposal.id,
        creating.free_name(step, workspace.id, proposal),
        born_in(place.audience),
        inbound.author.id,
        proposal.title,
        proposal.preferences,
    )
    row = creating.insert(step, workspace.id, new)
    return binding.put(step, place.thread, row)


def _append(
    step: Step,
    row: SessionRow,
    inbound: Inbound,
    claim: Claim | None,
    known: Known | None,
    *,
    started: bool,
) -> Accepted:
    patience = _UNCLAIMED_OWNER if claim is None else claim.duration
    # Nearly always the inbox is empty and the lease free: the new turn is the head and handed out.
    at_once = (
        claim is not None and row.waiting == 0 and row.leasable(step.now) and _is_for(inbound, claim)
    )
    placed = inbox.append(step, row, inbound, step.now + microseconds(patience), handed=at_once)
    ahead = 0 if row.waiting == 0 else inbox.ahead(step, row.seq, inbound.event)
    row = row._replace(archived=0, active_at=max(row.active_at, step.now), waiting=row.waiting + 1)
    taken: Work | None = None
    if at_once and claim is not None:
        deadline = step.now + microseconds(claim.duration)
        row = row._replace(holder=claim.holder, token=claim.token, fence=row.fence + 1, deadline=deadline)
        taken = _first(step, row, placed, inbound, known)
    step.execute(
        "UPDATE sessions SET archived = 0, active_at = ?, waiting = ?, holder = ?, token = ?, fence = ?,"
        " deadline = ? WHERE seq = ?",
        (row.active_at, row.waiting, row.holder, row.token, row.fence, row.deadline, row.seq),
    )
    if taken is None:
        taken = leases.take_or_wake(step, row, claim, known)
    return Accepted(row.session(), fresh=True, started=started, ahead=ahead, work=taken)


def _is_for(inbound: Inbound, claim: Claim) -> bool:
    return inbound.place.thread.platform in claim.platforms and inbound.owner in ("", claim.holder)


def _first(step: Step, row: SessionRow, placed: TurnRow, inbound: Inbound, known: Known | None) -> Work:
    lease = Lease(row.key, row.holder, row.token, row.fence, moment(row.deadline))
    turn = Turn(row.key, inbound, moment(placed.accepted_at))
    return leases.work(step, row, lease, turn, known, orphaned=False)
