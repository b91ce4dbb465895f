"""The tables of one workspace: what a step reads, and what a change does to them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from sessions.model import (
    Audience,
    EventId,
    Inbound,
    Message,
    Session,
    SessionId,
    Status,
    ThreadRef,
    Turn,
    WorkspaceId,
)
from sessions.names import fold
from storage.state.changes import (
    Change,
    Command,
    DropSession,
    DropShelved,
    DropTurn,
    Forget,
    ForgetShelved,
    Progress,
    PutBinding,
    PutCheckpoint,
    PutEvent,
    PutFact,
    PutInbound,
    PutLease,
    PutMessages,
    PutReceipt,
    PutSession,
)
from storage.state.ordered import Ordered
from storage.state.shelf import Shelf

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Queued:
    """A turn in an inbox: what came, and how far it is."""

    inbound: Inbound
    accepted_at: datetime
    progress: Progress

    @property
    def is_running(self) -> bool:
        """A holder was given it and has not committed it."""
        return self.progress.handed and self.progress.answer is None


class Tables:
    """One workspace. Only :meth:`apply` writes; it takes any change, also where others were lost."""

    def __init__(self, workspace: WorkspaceId) -> None:
        self.workspace = workspace
        self.sessions: dict[SessionId, Session] = {}
        self.by_fold: dict[str, SessionId] = {}
        self.transcripts: dict[SessionId, list[Message]] = {}
        self.leases: dict[SessionId, PutLease] = {}
        self.inboxes: dict[SessionId, list[Queued]] = {}
        self.bindings: dict[ThreadRef, SessionId] = {}
        self.events: dict[EventId, PutEvent] = {}
        self.receipts: dict[tuple[Command, EventId], PutReceipt] = {}
        self.shelf = Shelf()
        self._bound: defaultdict[SessionId, set[ThreadRef]] = defaultdict(set)
        self._recent: dict[Audience, Ordered] = {}
        self._named: dict[Audience, Ordered] = {}
        self._audiences: defaultdict[Audience, set[SessionId]] = defaultdict(set)

    def apply(self, change: Change) -> None:
        """Make the change."""
        match change:
            case PutSession():
                self._put_session(change.session)
            case DropSession():
                self._drop_session(change.session)
            case PutBinding():
                self._put_binding(change)
            case Forget():
                self._forget(change)
            case PutReceipt():
                self.receipts[change.command, change.event] = change
            case PutFact() | PutCheckpoint() | DropShelved() | ForgetShelved():
                self.shelf.apply(change)
            case _:
                self._apply_to_turns(change)

    def live(self, session: SessionId) -> Session | None:
        """The session, unless it is a tombstone."""
        found = self.sessions.get(session)
        return None if found is None or found.status is Status.DELETED else found

    def named(self, name: str) -> Session | None:
        """The session of that name."""
        session = self.by_fold.get(fold(name))
        return None if session is None else self.sessions[session]

    def bound_threads(self, session: SessionId) -> tuple[ThreadRef, ...]:
        """The threads that are bound to the session."""
        return tuple(self._bound.get(session, ()))

    def turn(self, queued: Queued) -> Turn:
        """The turn as callers see it."""
        progress = queued.progress
        return Turn(
            session=self.sessions[progress.session].key,
            inbound=queued.inbound,
            accepted_at=queued.accepted_at,
            takeovers=progress.takeovers,
            stop=progress.stop,
            reply=progress.reply,
            answer=progress.answer,
        )

    def queued(self, session: SessionId, turn: EventId) -> Queued | None:
        """The turn, if it is in the session's inbox."""
        return next((one for one in self.inboxes.get(session, ()) if one.inbound.event == turn), None)

    def count(self) -> int:
        """How many sessions there are."""
        return sum(map(len, self._audiences.values()))

    def audiences(self) -> frozenset[Audience]:
        """All audiences that sessions of this workspace have."""
        return frozenset(audience for audience, ids in self._audiences.items() if ids)

    def recent(self, audience: Audience) -> Ordered:
        """The audience's sessions, newest activity first."""
        if audience not in self._recent:
            self._recent[audience] = Ordered(lambda: map(by_activity, self._of(audience)))
        return self._recent[audience]

    def alphabetical(self, audience: Audience) -> Ordered:
        """The audience's sessions in the order of their folded names."""
        if audience not in self._named:
            self._named[audience] = Ordered(lambda: map(by_name, self._of(audience)))
        return self._named[audience]

    def _apply_to_turns(
        self, change: PutMessages | PutInbound | Progress | PutEvent | DropTurn | PutLease
    ) -> None:
        match change:
            case PutMessages():
                self.transcripts.setdefault(change.session, []).extend(change.messages)
            case PutInbound():
                self._put_inbound(change)
            case Progress():
                self._put_progress(change)
            case PutEvent():
                self.events[change.event] = change
            case DropTurn():
                self._drop_turn(change)
            case PutLease():
                self.leases[change.session] = change
            case _:
                assert_never(change)

    def _of(self, audience: Audience) -> Iterator[Session]:
        return (self.sessions[session] for session in self._audiences[audience])

    def _put_session(self, session: Session) -> None:
        self._unlist(session.key.id)
        if session.status is Status.DELETED:
            self.transcripts.pop(session.key.id, None)
            self.sessions[session.key.id] = session
            return
        self._list(self._with_status(session))

    def _drop_session(self, session: SessionId) -> None:
        self._unlist(session)
        for table in (self.sessions, self.transcripts, self.leases, self.inboxes, self._bound):
            table.pop(session, None)

    def _list(self, session: Session) -> None:
        audience = session.audience
        self.sessions[session.key.id] = session
        self.by_fold[fold(session.name)] = session.key.id
        self._audiences[audience].add(session.key.id)
        self.recent(audience).add(by_activity(session))
        self.alphabetical(audience).add(by_name(session))

    def _unlist(self, session: SessionId) -> None:
        former = self.live(session)
        if former is None:
            return
        self.by_fold.pop(fold(former.name), None)
        self._audiences[former.audience].discard(session)
        self.recent(former.audience).discard(by_activity(former))
        self.alphabetical(former.audience).discard(by_name(former))

    def _with_status(self, session: Session) -> Session:
        if session.status is Status.ARCHIVED:
            return session
        status = Status.ACTIVE if self._bound.get(session.key.id) else Status.PAUSED
        return session if session.status is status else replace(session, status=status)

    def _put_binding(self, change: PutBinding) -> None:
        former = self.bindings.pop(change.thread, None)
        if former is not None:
            self._bound[former].discard(change.thread)
        if change.session is not None:
            self.bindings[change.thread] = change.session
            self._bound[change.session].add(change.thread)
        for session in {former, change.session} - {None}:
            found = None if session is None else self.live(session)
            if found is not None:
                self.sessions[found.key.id] = self._with_status(found)

    def _put_inbound(self, change: PutInbound) -> None:
        queued = self.queued(change.session, change.inbound.event)
        if queued is not None:
            queued.inbound = change.inbound
            return
        progress = Progress(change.session, change.inbound.event, 0, change.accepted_at)
        self.inboxes.setdefault(change.session, []).append(
            Queued(change.inbound, change.accepted_at, progress)
        )
        self.events.setdefault(
            change.inbound.event, PutEvent(change.inbound.event, change.session, change.accepted_at)
        )

    def _put_progress(self, change: Progress) -> None:
        queued = self.queued(change.session, change.turn)
        if queued is None:
            return
        moved = queued.progress.rank != change.rank
        queued.progress = change
        if moved:
            self.inboxes[change.session].sort(key=lambda one: one.progress.rank)

    def _drop_turn(self, change: DropTurn) -> None:
        queued = self.queued(change.session, change.turn)
        if queued is None:
            return
        inbox = self.inboxes[change.session]
        inbox.remove(queued)
        if not inbox:
            del self.inboxes[change.session]

    def _forget(self, change: Forget) -> None:
        for event in change.events:
            self.events.pop(event, None)
        for receipt in change.receipts:
            self.receipts.pop(receipt, None)


def by_activity(session: Session) -> tuple[int, SessionId]:
    """Order sessions by their last activity, newest first, ties by id."""
    return (-((session.active_at - _EPOCH) // timedelta(microseconds=1)), session.key.id)


def by_name(session: Session) -> tuple[str, SessionId]:
    """Order sessions by their folded names."""
    return (fold(session.name), session.key.id)
