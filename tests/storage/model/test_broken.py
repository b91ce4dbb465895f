"""The check finds what it is for: stores that break one promise each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from sessions.model import EventId, Holder, Inbound, Lease, Session, SessionKey, TurnResult
from sessions.ports.store import Store
from sessions.ports.turns import Accepted, Claim, Committed, Known, Proposal, Work
from storage.memory import MemoryStore
from tests.storage.conftest import Backend, ManualClock, Opening
from tests.storage.model.machine import hot_path_on
from tests.storage.model.scaled import SLOT


class ForgetsTakeovers(MemoryStore):
    """Treats a lease that ran out as one that was released."""

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        leases = self._tables[session.workspace].leases
        lease = leases.get(session.id)
        if lease is not None and lease.deadline <= self._clock():
            leases[session.id] = msgspec.structs.replace(lease, holder=Holder(""))
        return await super().acquire(session, claim, known)


class LetsASecondHolderIn(MemoryStore):
    """Counts a lease as run out before its deadline."""

    async def acquire(self, session: SessionKey, claim: Claim, known: Known | None) -> Work | None:
        leases = self._tables[session.workspace].leases
        lease = leases.get(session.id)
        if lease is not None and lease.deadline <= self._clock() + SLOT:
            leases[session.id] = msgspec.structs.replace(lease, deadline=self._clock())
        return await super().acquire(session, claim, known)


class AppendsAgain(MemoryStore):
    """Knows a repeated commit, but only after it has written."""

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        committed = await super().commit(lease, result)
        if not committed.fresh:
            transcripts = self._tables[lease.session.workspace].transcripts
            transcripts.setdefault(lease.session.id, []).extend(result.messages)
        return committed


class CountsAgain(MemoryStore):
    """Writes a repeated commit once, but adds it to the tally twice."""

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        committed = await super().commit(lease, result)
        if committed.fresh:
            return committed
        tally = replace(committed.session.tally, tokens=committed.session.tally.tokens + 1)
        return replace(committed, session=replace(committed.session, tally=tally))


class LosesTheOrder(MemoryStore):
    """Leaves a late message where it arrived."""

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        accepted = await super().accept(inbound, proposal, claim, known)
        key = accepted.session.key
        self._tables[key.workspace].inboxes.get(key.id, []).sort(key=lambda one: one.accepted_at)
        return accepted


class KeepsTheTranscript(MemoryStore):
    """Deletes a session but for what was said in it."""

    async def delete(self, session: SessionKey, event: EventId) -> Session:
        transcripts = self._tables[session.workspace].transcripts
        said = transcripts.get(session.id, [])
        was = await super().delete(session, event)
        transcripts[session.id] = said
        return was


BROKEN: tuple[type[MemoryStore], ...] = (
    ForgetsTakeovers,
    LetsASecondHolderIn,
    AppendsAgain,
    CountsAgain,
    LosesTheOrder,
    KeepsTheTranscript,
)


def opening(broken: type[MemoryStore]) -> Opening:
    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[Backend]:
        clock = ManualClock()
        store = broken(clock=clock)

        async def second() -> Store:
            return store

        yield Backend(store, clock.advance, second)

    return opened


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_promise_is_found(broken: type[MemoryStore]) -> None:
    brief = settings(
        max_examples=100,
        stateful_step_count=50,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(hot_path_on(opening(broken)), settings=brief)
