"""Processes, people and time at random, on a store and on its plain model."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sessions.errors import LeaseLost, NoSuchSession
from sessions.model import (
    OPEN,
    Answer,
    Ending,
    EventId,
    Holder,
    Message,
    Place,
    ReplyPart,
    ReplyRecord,
    Role,
    SessionId,
    SessionKey,
    ThreadRef,
    TurnResult,
    WorkspaceId,
)
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Work
from tests.storage.conftest import Opening
from tests.storage.model.plain import BEGIN, Plain, Unsettled
from tests.storage.model.scaled import SLOT
from tests.storage.model.scenery import (
    DEEDS,
    FAR,
    HERE,
    PLACES,
    PLATFORMS,
    SHARED,
    THERE,
    Deed,
    Whim,
    inbound,
    whims,
)
from tests.storage.model.watched import Watched

T = TypeVar("T")
Way = Callable[[Plain | Watched], Awaitable[object]]
"""A call, of whichever of the two."""
LOOK_AROUND = 10
"""The listings are compared once in so many calls."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that can be repeated, and the session that it is about, where that is known before."""

    about: SessionKey | None
    way: Way


class HotPath(RuleBasedStateMachine):
    """Every call goes to both, and both must answer alike.

    One rule with many choices: of several, Hypothesis leaves most out of most histories, and one in
    which nobody commits says little.
    """

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._ids = count(1)
        self._touched: set[SessionKey] = set()
        self._calls: list[Call] = []
        self._works: list[Work] = []
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

    @initialize()
    def several_threads_share_a_session(self) -> None:
        for place in (FAR, *SHARED.values()):
            self._accept(place, 5)
        shared = list(self.model.talks)[-1]
        for place in SHARED.values():
            self._bind(shared, place)

    @rule(
        what=st.sampled_from(DEEDS),
        whim=whims,
        where=st.sampled_from(sorted(PLACES)),
        number=st.integers(0, 9),
    )
    def something_happens(self, what: Deed, whim: Whim, where: str, number: int) -> None:
        match what:
            case Deed.WRITE | Deed.WRITE_TO_A_PROCESS:
                self._accept(PLACES[where], number, whim if what is Deed.WRITE_TO_A_PROCESS else None)
            case Deed.TIME:
                self._let_time_pass(whim.lasts)
            case Deed.REPEAT:
                self._make(_newest(self._calls, number))
            case Deed.ACQUIRE | Deed.OUTLIVE | Deed.SWEEP | Deed.SWEEP_ONE:
                self._look_for_work(what, whim)
            case Deed.RUN | Deed.COMMIT | Deed.DELIVER | Deed.NOTE | Deed.RENEW | Deed.RELEASE | Deed.ERR:
                if self._works:
                    self._go_on(what, whim)
            case _:
                self._command(what, whim, PLACES[where])

    def _look_for_work(self, what: Deed, whim: Whim) -> None:
        if what is Deed.OUTLIVE:
            self._let_time_pass(whim.lasts)
        key = _newest(self.model.by_need(), whim.which)
        claim, known = self._claim(whim, key), self._known(key, whim)
        match what:
            case Deed.SWEEP:
                self._call(None, lambda to: to.sweep(claim, 5))
            case Deed.SWEEP_ONE:
                self._call(None, lambda to: to.sweep(claim, 1))
            case _:
                self._call(key, lambda to: to.acquire(key, claim, known))

    def _go_on(self, what: Deed, whim: Whim) -> None:
        work = _newest(sorted(self._works, key=self.model.is_due), whim.which)
        lease, turn = work.lease, work.turn.id
        match what:
            case Deed.RUN:
                self._commit(work, whim)
                self._deliver(work, whim)
            case Deed.COMMIT:
                self._commit(work, whim)
            case Deed.DELIVER:
                self._deliver(work, whim)
            case Deed.NOTE:
                reply = ReplyRecord(tuple(ReplyPart(f"{part}") for part in range(whim.lasts)))
                self._call(lease.session, lambda to: to.note_reply(lease, turn, reply))
            case Deed.RENEW:
                self._call(lease.session, lambda to: to.renew(lease, SLOT * whim.lasts))
            case Deed.RELEASE:
                self._call(lease.session, lambda to: to.release(lease))
            case _:
                others = [one for one, to in self.model.accepted.items() if to == lease.session]
                result = TurnResult(_newest(others, whim.lasts), Answer(Ending.ANSWERED, "not due"))
                self._call(lease.session, lambda to: to.commit(lease, result))

    def _command(self, what: Deed, whim: Whim, place: Place) -> None:
        key, event = _newest(self.model.by_need(), whim.which), EventId(f"{what} {next(self._ids)}")
        turn, its = _newest(list(self.model.accepted.items()), whim.which)
        match what:
            case Deed.STOP:
                said_at = None if whim.knows is None else self.model.now - SLOT * (whim.lasts - 1)
                self._call(key, lambda to: to.stop(key, event, None, said_at))
            case Deed.STOP_BY_NAME:
                self._call(its, lambda to: to.stop(its, event, turn, None))
            case Deed.KEEP_WAITING:
                self._call(its, lambda to: to.keep_waiting(its, turn, SLOT * whim.lasts))
            case Deed.BIND:
                self._bind(key, place)
            case Deed.DELETE:
                self._call(key, lambda to: to.delete(key, event))
            case Deed.EXPIRE:
                self._call(key, lambda to: to.expire(key))
            case _:
                self._call(key, lambda to: to.archive(key, what is Deed.PUT_AWAY))

    def _let_time_pass(self, slots: int) -> None:
        self.model.now += SLOT * slots
        self._runner.run(self.store.pass_slots(slots))

    @invariant()
    def both_look_alike(self) -> None:
        """Whatever a call touched reads the same, and as the store's own answers let expect."""
        touched, self._touched = sorted(self._touched, key=str), set()
        for key in touched:
            self._runner.run(self._compare(key))
        if len(self._calls) % LOOK_AROUND == 0:
            self._runner.run(self._compare_listings())

    async def _open(self, opening: Opening) -> None:
        directory = self._stack.enter_context(TemporaryDirectory())
        backend = await self._stack.enter_async_context(opening(Path(directory)))
        self.store = await Watched.over(backend, HERE)
        self.model = Plain({key: await self.store.workspace(key) for key in (HERE, THERE)})

    def _accept(self, place: Place, number: int, whim: Whim | None = None) -> None:
        identity = next(self._ids)
        message = inbound(identity, place, number, self.model.now)
        name = ("Trip", "trip", "plan")[number % 3]
        proposal = Proposal(SessionId(f"s{identity:05}"), name, f"title {identity}")
        bound = self.model.bindings.get(place.thread)
        claim = None if whim is None else self._claim(whim, bound)
        known = None if whim is None or bound is None else self._known(bound, whim)
        self._call(bound, lambda to: to.accept(message, proposal, claim, known))

    def _bind(self, key: SessionKey, place: Place) -> None:
        event = EventId(f"bind {next(self._ids)}")
        if key.workspace == self.model.homes[place.workspace]:
            self._call(key, lambda to: to.bind(key, place.thread, event))

    def _commit(self, work: Work, whim: Whim) -> None:
        roles = (Role.USER, Role.ASSISTANT)
        messages = tuple(
            Message(roles[line % 2], f"grüße {line}", work.turn.id, BEGIN) for line in range(whim.lines)
        )
        answer = Answer(Ending.ANSWERED, f"answer {next(self._ids)}")
        result = TurnResult(work.turn.id, answer, messages, whim.usage)
        self._call(work.lease.session, lambda to: to.commit(work.lease, result))

    def _deliver(self, work: Work, whim: Whim) -> None:
        key, turn = work.lease.session, work.turn.id
        holder, known = work.lease.holder, self._known(key, whim)
        claim = Claim(holder, self._token(), SLOT * whim.lasts, PLATFORMS[holder])
        self._call(key, lambda to: to.delivered(work.lease, turn, claim, known))

    def _claim(self, whim: Whim, key: SessionKey | None) -> Claim:
        holder = whim.holder or self._fit(key)
        return Claim(holder, self._token(), SLOT * whim.lasts, PLATFORMS[holder])

    def _fit(self, key: SessionKey | None) -> Holder:
        head = None if key is None else self.model.talks[key].head
        fit = [
            holder
            for holder, platforms in PLATFORMS.items()
            if head is None or head.inbound.place.thread.platform in platforms
        ]
        return fit[0]

    def _token(self) -> str:
        return f"token {next(self._ids)}"

    def _known(self, key: SessionKey, whim: Whim) -> Known | None:
        if whim.knows is None:
            return None
        return Known(key.id, int(len(self.model.talks[key].transcript) * whim.knows))

    def _call(self, about: SessionKey | None, way: Way) -> None:
        self._make(Call(about, way))

    def _make(self, call: Call) -> None:
        self._calls.append(call)
        got = self._runner.run(self._both(call.way))
        works = _works(got)
        note(f"# {_brief(got, works)}")
        self._works += works
        self._touched.update(work.lease.session for work in works)
        if call.about is not None:
            self._touched.add(call.about)

    async def _compare(self, key: SessionKey) -> None:
        await self.store.check_session(key)
        await self._both(lambda to: to.get(key))
        await self._both(lambda to: to.waiting(key))
        await self._both(lambda to: to.transcript(key))

    async def _compare_listings(self) -> None:
        threads = tuple(dict.fromkeys(place.thread for place in PLACES.values()))
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
        assert got == expected, f"\nstore: {got}\nmodel: {expected}"
        return got


def hot_path_on(opening: Opening) -> type[HotPath]:
    """The machine with a backend of its own for each history."""

    class OnBackend(HotPath):
        def __init__(self) -> None:
            super().__init__(opening)

    return OnBackend


async def _outcome(call: Awaitable[object]) -> object:
    """What the call returns, or the kind of error it raises."""
    try:
        return await call
    except (LeaseLost, NoSuchSession) as error:
        return type(error)
    except Unsettled as unsettled:
        return unsettled


def _works(got: object) -> tuple[Work, ...]:
    match got:
        case Accepted(work=Work() as work):
            return (work,)
        case Work():
            return (got,)
        case tuple():
            return got
        case _:
            return ()


def _brief(got: object, works: tuple[Work, ...]) -> str:
    """What came of a call, on one line of a counter-example."""
    kind = got.__name__ if isinstance(got, type) else type(got).__name__
    leases = (
        f"{work.lease.session.id}: {work.turn.id} for {work.lease.holder}, fence {work.lease.fence}"
        for work in works
    )
    return " ".join((kind, *leases))


def _newest(of: Sequence[T], which: int) -> T:
    """The newest but ``which``; the oldest where there are fewer."""
    return of[-1 - min(which, len(of) - 1)]
