"""The memory store beside a model of one session that anybody can check by reading."""

from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from sessions.errors import LeaseLost
from sessions.model import EventId, Inbound, Lease
from sessions.ports.turns import Claim, Work
from storage.memory import MemoryStore
from tests.storage.contract.scene import LEASE, accept, claim, inbound, proposal, result, thread

T = TypeVar("T")
HOLDERS = st.sampled_from(["one", "two"])


def run(call: Coroutine[object, None, T]) -> T:
    """Run a call of the memory store, which never waits."""
    try:
        call.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("the memory store waited for something")


@dataclass
class Waiting:
    message: Inbound
    handed: bool = False
    takeovers: int = 0
    answered: bool = False


@dataclass
class Model:
    """What a session is, in words: an inbox, a lease, a transcript."""

    inbox: list[Waiting] = field(default_factory=list)
    seen: set[EventId] = field(default_factory=set)
    answered: list[EventId] = field(default_factory=list)
    token: str = ""
    deadline: datetime = datetime(2031, 3, 5, 12, tzinfo=UTC)

    def accept(self, message: Inbound) -> bool:
        if message.event in self.seen:
            return False
        self.seen.add(message.event)
        self.inbox.append(Waiting(message))
        places = [
            place
            for place, one in enumerate(self.inbox)
            if not one.handed and one.message.place.thread == message.place.thread
        ]
        ordered = sorted((self.inbox[place] for place in places), key=lambda one: one.message.number)
        for place, one in zip(places, ordered, strict=True):
            self.inbox[place] = one
        return True

    def take(self, token: str, now: datetime) -> Waiting | None:
        if not self.inbox or (self.token and self.deadline > now):
            return None
        head = self.inbox[0]
        if self.token and head.handed and not head.answered:
            head.takeovers += 1
        self.token, self.deadline, head.handed = token, now + LEASE, True
        return head


class OneSession(RuleBasedStateMachine):
    """Two processes and two threads on one session."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2031, 3, 5, 12, tzinfo=UTC)
        self.model = Model()
        self.fence = 0
        self.claims = 0
        self.store = MemoryStore(clock=lambda: self.now)

    @initialize()
    def bind(self) -> None:
        first = inbound(50, thread("a"))
        self.key = run(accept(self.store, first, proposed=proposal())).session.key
        self.model.accept(first)
        run(self.store.bind(self.key, thread("b"), EventId("bind")))

    @rule(target=leases, where=st.sampled_from("ab"), number=st.integers(0, 99), holder=HOLDERS)
    def accept(self, where: str, number: int, holder: str) -> Lease | None:
        return self._accept(inbound(number, thread(where)), self._claim(holder))

    @rule(where=st.sampled_from("ab"), number=st.integers(0, 99))
    def accept_without_a_claim(self, where: str, number: int) -> None:
        self._accept(inbound(number, thread(where)), None)

    @rule(target=leases, holder=HOLDERS)
    def acquire(self, holder: str) -> Lease | None:
        by = self._claim(holder)
        return self._taken(run(self.store.acquire(self.key, by, None)), by)

    @rule(target=leases, holder=HOLDERS)
    def sweep(self, holder: str) -> Lease | None:
        by = self._claim(holder)
        return self._taken(next(iter(run(self.store.sweep(by, 5))), None), by)

    @rule(seconds=st.sampled_from([1, 10, 31]))
    def let_time_pass(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(lease=leases)
    def renew(self, lease: Lease | None) -> None:
        if lease is None:
            return
        held = self.model.token == lease.token
        with suppress(LeaseLost):
            run(self.store.renew(lease, LEASE))
            assert held
            self.model.deadline = self.now + LEASE
            return
        assert not held

    @rule(lease=leases)
    def release(self, lease: Lease | None) -> None:
        if lease is None:
            return
        run(self.store.release(lease))
        if self.model.token == lease.token:
            self.model.token = ""

    @rule(lease=leases, place=st.integers(0, 1))
    def commit(self, lease: Lease | None, place: int) -> None:
        if lease is None or len(self.model.inbox) <= place:
            return
        one = self.model.inbox[place]
        event = one.message.event
        allowed = self.model.token == lease.token and place == 0
        with suppress(LeaseLost):
            committed = run(self.store.commit(lease, result(event, f"question of {event}")))
            assert committed.fresh != one.answered
            assert allowed or one.answered
            if committed.fresh:
                one.answered = True
                self.model.answered.append(event)
            return
        assert not allowed

    @rule(lease=leases, holder=HOLDERS)
    def deliver(self, lease: Lease | None, holder: str) -> None:
        if lease is None or not self.model.inbox:
            return
        head = self.model.inbox[0]
        allowed = self.model.token == lease.token and head.answered
        with suppress(LeaseLost):
            work = run(self.store.delivered(lease, head.message.event, self._claim(holder), None))
            assert allowed
            self.model.inbox.pop(0)
            self.model.token = self.model.token if self.model.inbox else ""
            self.model.deadline = self.now + LEASE
            assert (work is None) == (not self.model.inbox)
            if work is not None:
                self.model.inbox[0].handed = True
                assert work.lease == replace(lease, deadline=self.now + LEASE)
            return
        assert not allowed

    @invariant()
    def the_inboxes_are_the_same(self) -> None:
        if not hasattr(self, "key"):
            return
        turns = run(self.store.waiting(self.key))
        found = [(turn.id, turn.takeovers, turn.answer is not None) for turn in turns]
        assert found == [(one.message.event, one.takeovers, one.answered) for one in self.model.inbox]

    @invariant()
    def the_transcripts_are_the_same(self) -> None:
        if hasattr(self, "key"):
            messages = run(self.store.transcript(self.key, None, 1_000))
            assert [message.turn for message in messages] == self.model.answered

    def _accept(self, message: Inbound, by: Claim | None) -> Lease | None:
        accepted = run(accept(self.store, message, by))
        assert accepted.fresh == self.model.accept(message)
        return self._taken(accepted.work, by) if by is not None else None

    def _taken(self, work: Work | None, by: Claim) -> Lease | None:
        expected = self.model.take(by.token, self.now)
        assert (work is None) == (expected is None)
        if work is None or expected is None:
            return None
        assert work.turn.inbound == expected.message
        assert work.turn.takeovers == expected.takeovers
        assert work.lease.fence > self.fence
        self.fence = work.lease.fence
        return work.lease

    def _claim(self, holder: str) -> Claim:
        self.claims += 1
        return claim(holder, token=f"{self.claims}")


TestOneSession = OneSession.TestCase
TestOneSession.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, database=None)
