"""Which sessions have work that nobody does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sessions.model import SessionKey
from sessions.ports.turns import Claim
from storage.state.leasing import is_for
from storage.state.step import Step

FORGET_LIMIT = 1_000
"""How many events, receipts, listings and errands a sweep forgets at most, of each kind."""


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A session whose head waits; sorts by how long it has waited."""

    since: datetime
    session: SessionKey = field(compare=False)


def due(step: Step, claim: Claim) -> Iterator[Due]:
    """Sessions of this workspace that the claimant could acquire."""
    for session, inbox in step.tables.inboxes.items():
        if session in step.tables.sessions and step.is_free(session) and is_for(step, inbox[0], claim):
            yield Due(inbox[0].accepted_at, SessionKey(step.tables.workspace, session))
