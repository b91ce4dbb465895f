"""Rows of sessions as nouns."""

from typing import NamedTuple

from sessions.errors import LeaseLost, SessionGone, StoreDamaged
from sessions.model import (
    Audience,
    Holder,
    Lease,
    PersonId,
    Preferences,
    Session,
    SessionId,
    SessionKey,
    Status,
    Tally,
    WorkspaceId,
)
from storage.rules import status
from storage.sqlite.step import Step, moment


class SessionRow(NamedTuple):
    """A row of ``sessions``, as :data:`ROW` reads it."""

    seq: int
    workspace: WorkspaceId
    id: SessionId
    name: str
    title: str
    archived: int
    deleted: int
    bindings: int
    audience: Audience
    starter: PersonId
    created_at: int
    active_at: int
    messages: int
    user_messages: int
    agent_messages: int
    tokens: int
    context: int
    size: int
    estimated: int
    model: str
    system: str
    holder: Holder
    token: str
    fence: int
    deadline: int
    waiting: int

    @property
    def key(self) -> SessionKey:
        """The session's address."""
        return SessionKey(self.workspace, self.id)

    def status(self) -> Status:
        """Derived from bindings and from being put away."""
        return status(deleted=bool(self.deleted), archived=bool(self.archived), bound=bool(self.bindings))

    def session(self) -> Session:
        """The noun. Raises StoreDamaged."""
        try:
            created_at, active_at = moment(self.created_at), moment(self.active_at)
            archived_at = moment(self.archived) if self.archived else None
        except (TypeError, OverflowError) as error:
            raise StoreDamaged(f"session in row {self.seq} has a time that is none") from error
        return Session(
            SessionKey(self.workspace, self.id),
            self.name,
            self.title,
            self.status(),
            self.audience,
            self.starter,
            created_at,
            active_at,
            Tally(
                self.messages,
                self.user_messages,
                self.agent_messages,
                self.tokens,
                self.context,
                self.size,
                bool(self.estimated),
            ),
            Preferences(self.model, self.system),
            archived_at,
        )

    def leasable(self, now: int) -> bool:
        """Nobody holds the lease, or it has run out."""
        return not self.holder or self.deadline <= now

    def taken_by(self, lease: Lease) -> bool:
        """The lease is the newest and was not released, whatever its deadline."""
        return (self.fence, self.token, self.holder) == (lease.fence, lease.token, lease.holder)

    def held_by(self, lease: Lease) -> bool:
        """The lease stands: nobody took it, and the session was not deleted under it."""
        return self.taken_by(lease) and lease.fence >= self.deleted


ROW = "SELECT " + ", ".join(f"s.{column}" for column in SessionRow._fields)
"""The beginning of a query for session rows; the table is called ``s`` in it."""

# A tombstone without an inbox is as good as gone; see bury().
_BY_KEY = ROW + " FROM sessions s WHERE s.workspace = ? AND s.id = ? AND (s.deleted = 0 OR s.waiting > 0)"
_BY_SEQ = ROW + " FROM sessions s WHERE s.seq = ?"


def find(step: Step, key: SessionKey) -> SessionRow | None:
    """The session of that key, a tombstone too."""
    row = step.execute(_BY_KEY, (key.workspace, key.id)).fetchone()
    return None if row is None else SessionRow._make(row)


def load(step: Step, seq: int) -> SessionRow:
    """The session of that row number, which exists."""
    return SessionRow._make(step.execute(_BY_SEQ, (seq,)).fetchone())


def find_numbered(step: Step, seq: int | None) -> SessionRow | None:
    """The session of that row number, a tombstone too."""
    row = step.execute(_BY_SEQ, (seq,)).fetchone()
    found = None if row is None else SessionRow._make(row)
    return None if found is None or (found.deleted and not found.waiting) else found


def bury(step: Step, seq: int) -> None:
    """Take the row away if it is a tombstone without an inbox.

    The newest row stays until there is a newer one, so that row numbers, which events keep, only grow.
    """
    step.execute(
        "DELETE FROM sessions WHERE seq = ? AND deleted > 0 AND waiting = 0"
        " AND seq < (SELECT max(seq) FROM sessions)",
        (seq,),
    )


def step_aside(step: Step, key: SessionKey) -> None:
    """Let another session have the id of a tombstone that :func:`bury` left."""
    step.execute(
        "UPDATE sessions SET id = 'gone:' || seq"
        " WHERE workspace = ? AND id = ? AND deleted > 0 AND waiting = 0",
        (key.workspace, key.id),
    )


def find_living(step: Step, key: SessionKey) -> SessionRow | None:
    """The session of that key unless it was deleted."""
    row = find(step, key)
    return None if row is None or row.deleted else row


def find_held(step: Step, lease: Lease) -> SessionRow:
    """The session under the lease. Raises LeaseLost (SessionGone) when the lease is not held."""
    row = find(step, lease.session)
    if row is None or not row.held_by(lease):
        raise lost(row)
    return row


def lost(row: SessionRow | None) -> LeaseLost:
    """Why a lease is not held."""
    if row is None or row.deleted:
        return SessionGone("the session was deleted")
    return LeaseLost("somebody else may act for the session now")
