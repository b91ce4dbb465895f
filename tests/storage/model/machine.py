"""Processes, people and time at random, on a store and on its plain model."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sessions.errors import LeaseLost, NoSuchSession
from sessions.model import (
    OPEN,
    OPERATOR,
    Answer,
    Audience,
    Ending,
    EventId,
    Holder,
    Inbound,
    Message,
    Person,
    PersonId,
    Place,
    Platform,
    ReplyPart,
    ReplyRecord,
    Role,
    SessionId,
    SessionKey,
    ThreadRef,
    TurnResult,
    Usage,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Work
from tests.storage.conftest import Opening
from tests.storage.model.plain import BEGIN, Plain, Unsettled
from tests.storage.model.scaled import SLOT
from tests.storage.model.watched import Watched

T = TypeVar("T")
Way = Callable[[Plain | Watched], Awaitable[object]]
"""A call, of whichever of the two."""

HERE, THERE = WorkspaceKey("telegram:-100"), WorkspaceKey("discord:guild:7")
TOPIC = ThreadRef(Platform.TELEGRAM, "-100", "7")
GENERAL = ThreadRef(Platform.TELEGRAM, "-100")
CHANNEL = ThreadRef(Platform.DISCORD, "9", "")
TERMINAL = ThreadRef(Platform.TERMINAL, "ada", "here")
FORUM = ThreadRef(Platform.DISCORD, "8", "1")
PRIVATE = Audience("channel 9")
PLACES = (
    Place(HERE, TOPIC),
    Place(HERE, GENERAL),
    Place(HERE, CHANNEL),
    Place(HERE, CHANNEL, PRIVATE),
    Place(HERE, TERMINAL, OPERATOR),
    Place(THERE, FORUM),
)
LOOK_AROUND = 10
"""The listings are compared once in so many calls."""
ADA = Person(PersonId("telegram:42"), "Ada")
PLATFORMS = {
    Holder("one"): frozenset({Platform.TELEGRAM, Platform.DISCORD}),
    Holder("two"): frozenset({Platform.TELEGRAM}),
    Holder("ada"): frozenset({Platform.TERMINAL}),
}

holders = st.sampled_from(sorted(PLATFORMS))
places = st.sampled_from(PLACES)
slots = st.integers(1, 3)
knowledge = st.sampled_from((None, 0.0, 0.5, 1.0))
"""Which part of the transcript the caller has already; None: it says nothing of it."""
recent = st.integers(0, 6)
"""How many newer ones there are."""
said = st.sampled_from((2, 2, 2, 2, 0, 1, 3, 250))
usages = st.sampled_from((Usage(), Usage(10, 5), Usage(7, 0, estimated=True)))


@dataclass(frozen=True, slots=True)
class Call:
    """A call that can be repeated, and the session that it is about, where that is known before."""

    about: SessionKey | None
    way: Way


class HotPath(RuleBasedStateMachine):
    """Every call goes to both, and both must answer alike."""

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._ids = count(1)
        self._touched: set[SessionKey] = set()
        self.calls: list[Call] = []
        self.works: list[Work] = []
        self._runner.run(self._open(opening))

    def teardown(self) -> None:
        """Compare everything once more, and close."""
        try:
            self._touched.update(self.model.talks)
            self.both_look_alike()
            self._runner.run(self._compare_listings())
        finally:
            self._runner.run(self._stack.aclose())
            self._runner.close()

    @rule(
        place=places,
        number=st.integers(0, 9),
        holder=st.none() | holders,
        lasts=slots,
        knows=knowledge,
        name=st.sampled_from(("Trip", "trip", "plan")),
    )
    def accept(
        self,
        place: Place,
        number: int,
        holder: Holder | None,
        lasts: int,
        knows: float | None,
        name: str,
    ) -> None:
        identity = next(self._ids)
        inbound = Inbound(
            event=EventId(f"event {identity}"),
            place=place,
            author=ADA,
            text=f"question {identity}",
            number=number,
            message=f"{number}",
            sent_at=self.model.now,
            owner=Holder("ada") if place.thread == TERMINAL else Holder(""),
        )
        proposal = Proposal(SessionId(f"s{identity:05}"), name, f"title {identity}")
        by = None if holder is None else self._claim(holder, lasts)
        known = self._known(self.model.bindings.get(place.thread), knows)
        self._call(
            self.model.bindings.get(place.thread), lambda to: to.accept(inbound, proposal, by, known)
        )

    @precondition(lambda self: self.model.talks)
    @rule(which=recent, holder=holders, lasts=slots, knows=knowledge)
    def acquire(self, which: int, holder: Holder, lasts: int, knows: float | None) -> None:
        key, by = self._key(which), self._claim(holder, lasts)
        known = self._known(key, knows)
        self._call(key, lambda to: to.acquire(key, by, known))

    @rule(holder=holders, lasts=slots, limit=st.integers(1, 3))
    def sweep(self, holder: Holder, lasts: int, limit: int) -> None:
        by = self._claim(holder, lasts)
        self._call(None, lambda to: to.sweep(by, limit))

    @rule(passed=st.integers(1, 4))
    def let_time_pass(self, passed: int) -> None:
        self.model.now += SLOT * passed
        self._runner.run(self.store.pass_slots(passed))

    @precondition(lambda self: self.works)
    @rule(which=recent, lasts=slots)
    def renew(self, which: int, lasts: int) -> None:
        lease = self._work(which).lease
        self._call(lease.session, lambda to: to.renew(lease, SLOT * lasts))

    @precondition(lambda self: self.model.accepted)
    @rule(which=recent, lasts=slots)
    def keep_waiting(self, which: int, lasts: int) -> None:
        turn, key = _newest(list(self.model.accepted.items()), which)
        self._call(key, lambda to: to.keep_waiting(key, turn, SLOT * lasts))

    @precondition(lambda self: self.works)
    @rule(which=recent, messages=st.lists(st.sampled_from(("", "100", "101")), max_size=2))
    def note_reply(self, which: int, messages: list[str]) -> None:
        work, reply = self._work(which), ReplyRecord(tuple(map(ReplyPart, messages)))
        self._call(work.lease.session, lambda to: to.note_reply(work.lease, work.turn.id, reply))

    @precondition(lambda self: self.works)
    @rule(which=recent, lines=said, usage=usages)
    def commit(self, which: int, lines: int, usage: Usage) -> None:
        self._commit(self._work(which), lines, usage)

    @precondition(lambda self: self.works)
    @rule(which=recent, turn=recent)
    def commit_what_is_not_due(self, which: int, turn: int) -> None:
        lease = self._work(which).lease
        key = lease.session
        events = [event for event, to in self.model.accepted.items() if to == key]
        result = TurnResult(_newest(events, turn), Answer(Ending.ANSWERED, "not due"))
        self._call(key, lambda to: to.commit(lease, result))

    @precondition(lambda self: self.works)
    @rule(which=recent, lasts=slots, knows=knowledge)
    def delivered(self, which: int, lasts: int, knows: float | None) -> None:
        self._deliver(self._work(which), lasts, knows)

    @precondition(lambda self: self.works)
    @rule(which=recent, lines=said, usage=usages, lasts=slots, knows=knowledge)
    def run_to_the_end(
        self, which: int, lines: int, usage: Usage, lasts: int, knows: float | None
    ) -> None:
        work = self._work(which)
        self._commit(work, lines, usage)
        self._deliver(work, lasts, knows)

    @precondition(lambda self: self.works)
    @rule(which=recent)
    def release(self, which: int) -> None:
        lease = self._work(which).lease
        self._call(lease.session, lambda to: to.release(lease))

    @precondition(lambda self: self.model.talks)
    @rule(which=recent, named=st.booleans(), early=st.sampled_from((None, 0, 2)))
    def stop(self, which: int, named: bool, early: int | None) -> None:
        key, event = self._key(which), EventId(f"stop {next(self._ids)}")
        turn = _newest(list(self.model.accepted), which) if named else None
        said_at = None if early is None else self.model.now - SLOT * early
        self._call(key, lambda to: to.stop(key, event, turn, said_at))

    @precondition(lambda self: self.model.talks)
    @rule(which=recent)
    def delete(self, which: int) -> None:
        key, event = self._key(which), EventId(f"delete {next(self._ids)}")
        self._call(key, lambda to: to.delete(key, event))

    @precondition(lambda self: self.model.talks)
    @rule(which=recent, place=places)
    def bind(self, which: int, place: Place) -> None:
        key, event = self._key(which), EventId(f"bind {next(self._ids)}")
        if key.workspace == self.model.homes[place.workspace]:
            self._call(key, lambda to: to.bind(key, place.thread, event))

    @precondition(lambda self: self.model.talks)
    @rule(which=recent, archived=st.booleans())
    def archive(self, which: int, archived: bool) -> None:
        key = self._key(which)
        self._call(key, lambda to: to.archive(key, archived))

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 20))
    def redeliver(self, which: int) -> None:
        self._repeat(_newest(self.calls, which))

    @invariant()
    def both_look_alike(self) -> None:
        """Whatever a call touched reads the same, and as the store's own answers let expect."""
        touched, self._touched = sorted(self._touched, key=str), set()
        for key in touched:
            self._runner.run(self._compare(key))
        if len(self.calls) % LOOK_AROUND == 1:
            self._runner.run(self._compare_listings())

    async def _open(self, opening: Opening) -> None:
        directory = self._stack.enter_context(TemporaryDirectory())
        backend = await self._stack.enter_async_context(opening(Path(directory)))
        self.store = await Watched.over(backend, HERE)
        self.model = Plain({key: await self.store.workspace(key) for key in (HERE, THERE)})

    def _call(self, about: SessionKey | None, way: Way) -> None:
        self._repeat(Call(about, way))

    def _repeat(self, call: Call) -> None:
        self.calls.append(call)
        self._runner.run(self._make(call))

    async def _make(self, call: Call) -> None:
        got = await self._both(call.way)
        match got:
            case Accepted(work=Work() as work):
                self._took((work,))
            case Work():
                self._took((got,))
            case tuple():
                self._took(got)
            case _:
                pass
        if call.about is not None:
            self._touched.add(call.about)

    def _took(self, works: tuple[Work, ...]) -> None:
        self.works += works
        self._touched.update(work.lease.session for work in works)

    def _commit(self, work: Work, lines: int, usage: Usage) -> None:
        messages = tuple(
            Message((Role.USER, Role.ASSISTANT)[line % 2], f"grüße {line}", work.turn.id, BEGIN)
            for line in range(lines)
        )
        answer = Answer(Ending.ANSWERED, f"answer {next(self._ids)}")
        result = TurnResult(work.turn.id, answer, messages, usage)
        self._call(work.lease.session, lambda to: to.commit(work.lease, result))

    def _deliver(self, work: Work, lasts: int, knows: float | None) -> None:
        by = self._claim(work.lease.holder, lasts)
        known = self._known(work.lease.session, knows)
        self._call(work.lease.session, lambda to: to.delivered(work.lease, work.turn.id, by, known))

    async def _compare(self, key: SessionKey) -> None:
        await self.store.check_session(key)
        await self._both(lambda to: to.get(key))
        await self._both(lambda to: to.waiting(key))
        await self._both(lambda to: to.transcript(key))

    async def _compare_listings(self) -> None:
        threads = tuple({place.thread: None for place in PLACES})
        for workspace in self.model.homes.values():
            await self.store.check_listing(workspace, threads)
            await self._compare_listing(workspace)
        for thread in threads:
            await self._compare_binding(thread)

    async def _compare_listing(self, workspace: WorkspaceId) -> None:
        await self._both(lambda to: to.page(workspace, None))
        await self._both(lambda to: to.page(workspace, frozenset({OPEN})))
        await self._both(lambda to: to.by_name(workspace, "TRIP"))
        await self._both(lambda to: to.names(workspace))

    async def _compare_binding(self, thread: ThreadRef) -> None:
        await self._both(lambda to: to.bound(thread))

    async def _both(self, call: Way) -> object:
        got, expected = await _outcome(call(self.store)), await _outcome(call(self.model))
        if isinstance(expected, Unsettled):
            expected = got if got is expected.error else await _outcome(expected.otherwise())
        assert got == expected, f"the store answers {got}, the model {expected}"
        return got

    def _key(self, which: int) -> SessionKey:
        return _newest(list(self.model.talks), which)

    def _work(self, which: int) -> Work:
        return _newest(self.works, which)

    def _claim(self, holder: Holder, lasts: int) -> Claim:
        return Claim(holder, f"token {next(self._ids)}", SLOT * lasts, PLATFORMS[holder])

    def _known(self, key: SessionKey | None, part: float | None) -> Known | None:
        if key is None or part is None:
            return None
        return Known(key.id, int(len(self.model.talks[key].transcript) * part))


def _newest(of: Sequence[T], which: int) -> T:
    """The newest but ``which``; the oldest where there are fewer."""
    return of[-1 - min(which, len(of) - 1)]


async def _outcome(call: Awaitable[object]) -> object:
    """What the call returns, or the kind of error it raises."""
    try:
        return await call
    except (LeaseLost, NoSuchSession) as error:
        return type(error)
    except Unsettled as unsettled:
        return unsettled
