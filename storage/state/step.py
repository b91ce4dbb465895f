"""One step on the tables of a workspace: what it changed, and whom it wakes."""

from datetime import datetime

from sessions.errors import LeaseLost, SessionGone
from sessions.model import EventId, Holder, Lease, Session, SessionId, SessionKey, Status
from sessions.ports.turns import Wake, Wakeup
from storage.state.changes import Change, Command, PutLease, PutReceipt
from storage.state.tables import Queued, Tables


class Step:
    """Collects what a rule puts. A rule raises before its first change or not at all."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self.tables = tables
        self.now = now
        self.changes: list[Change] = []
        self.wakes: list[Wakeup] = []

    def put(self, change: Change) -> None:
        """Make a change and keep it."""
        self.tables.apply(change)
        self.changes.append(change)

    def wake(self, wake: Wake, session: SessionId, turn: EventId | None = None) -> None:
        """Tell the subscribers afterwards."""
        self.wakes.append(Wakeup(wake, SessionKey(self.tables.workspace, session), turn))

    def head(self, session: SessionId) -> Queued | None:
        """The turn that is due."""
        inbox = self.tables.inboxes.get(session)
        return inbox[0] if inbox else None

    def is_free(self, session: SessionId) -> bool:
        """Whether nobody holds the lease or it has run out."""
        lease = self.tables.leases.get(session)
        return lease is None or not lease.holder or lease.deadline <= self.now

    def free_lease(self, session: SessionId) -> None:
        """Nobody holds the lease; its fence stays."""
        lease = self.tables.leases[session]
        self.put(PutLease(session, lease.fence, Holder(""), "", self.now))

    def holds(self, lease: Lease) -> bool:
        """Whether nobody took the lease since; its deadline does not matter, nor that it may be void."""
        held = self.tables.leases.get(lease.session.id)
        return (
            held is not None
            and bool(held.holder)
            and (held.holder, held.token, held.fence) == (lease.holder, lease.token, lease.fence)
        )

    def check_held(self, lease: Lease) -> Session:
        """Return the session. Raises LeaseLost (SessionGone) when the lease is not held."""
        session = self.tables.sessions.get(lease.session.id)
        if session is None:
            raise SessionGone("the session was deleted")
        held = self.holds(lease)
        if not held or self.tables.leases[lease.session.id].void:
            if session.status is Status.DELETED:
                raise SessionGone("the session was deleted")
            raise LeaseLost("the lease is not held")
        return session

    def receipt(self, command: Command, event: EventId) -> PutReceipt | None:
        """What the command's event came to before."""
        return self.tables.receipts.get((command, event))
