"""Several engines on one store: what one accepts, all run; what nobody has a lane for, nobody forgets."""

import asyncio
from datetime import timedelta

import pytest

from sessions.engine import Engine, EngineSettings
from sessions.model import Holder, Platform, SessionId, SessionKey, WorkspaceId
from sessions.ports.roles import Crew
from sessions.ports.turns import Claim, Work
from sessions.workload import LEAST_SHARE, Workload
from tests.engine.conftest import Core
from tests.engine.parts import Screen, said, until

LEASE = timedelta(seconds=30)


async def meet(*engines: Engine) -> None:
    """Let all of them know of each other."""
    for engine in (*engines, *engines):
        await engine.sweep()


async def accept_sessions(engine: Engine, count: int, first: int = 1) -> int:
    """Accept a message in each of so many topics; how many the engine took itself."""
    topics = range(first, first + count)
    accepted = await asyncio.gather(*(engine.accept(said(f"in {n}", n, str(n))) for n in topics))
    return sum(one.work is not None for one in accepted)


def lanes(*settings: int) -> list[EngineSettings]:
    return [EngineSettings(max_lanes=most) for most in settings]


async def test_an_engine_alone_takes_all_that_it_accepts(core: Core) -> None:
    core.model.hold()
    async with core.engine() as engine:
        assert await accept_sessions(engine, 40) == 40
        core.model.let()
        await core.screen.wait(40)


async def test_what_one_accepts_two_run_each_about_half(core: Core) -> None:
    core.model.hold()
    other = Screen()
    async with core.engine() as accepting, core.engine(other) as helping:
        await meet(accepting, helping)
        assert await accept_sessions(accepting, 40) == LEAST_SHARE
        await until(lambda: core.model.running == 40)
        assert len(accepting._lanes) + len(helping._lanes) == 40
        assert 10 <= len(helping._lanes) <= 30
        core.model.let()
        await until(lambda: len(core.screen.finished) + len(other.finished) == 40)


async def test_who_runs_more_than_the_others_accepts_for_them(core: Core) -> None:
    core.model.hold()
    other = Screen()
    async with core.engine() as accepting:
        assert await accept_sessions(accepting, 20) == 20
        async with core.engine(other) as helping:
            await meet(accepting, helping)
            assert await accept_sessions(accepting, 8, first=21) == 0
            await until(lambda: len(helping._lanes) == 8)
            core.model.let()
            await other.wait(8)


async def test_nothing_waits_for_another_that_has_no_lane_left(core: Core) -> None:
    core.model.hold()
    other = Screen()
    async with core.engine() as accepting, core.engine(other, lanes(2)[0]) as helping:
        await meet(accepting, helping)
        await accept_sessions(accepting, 30)
        await until(lambda: core.model.running == 30)
        assert (len(accepting._lanes), len(helping._lanes)) == (28, 2)
        core.model.let()
        await core.screen.wait(28)


async def test_a_flood_beyond_all_lanes_is_answered_without_looking_through_the_store(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, sweeps = core.store.sweep, list[int]()

    async def counted(claim: Claim, limit: int) -> tuple[Work, ...]:
        sweeps.append(limit)
        return await sweep(claim, limit)

    other = Screen()
    one, two = lanes(4, 4)
    core.model.hold()
    async with core.engine(settings=one) as accepting, core.engine(other, two) as helping:
        await meet(accepting, helping)
        monkeypatch.setattr(core.store, "sweep", counted)
        await accept_sessions(accepting, 60)
        await until(lambda: core.model.running == 8)
        core.model.let()
        await until(lambda: len(core.screen.finished) + len(other.finished) == 60)
    assert core.model.most_running <= 8
    assert not sweeps


async def test_a_backlog_is_swept_and_all_of_it_answered(core: Core) -> None:
    accepting = core.engine(Screen(frozenset({Platform.DISCORD})))
    async with accepting:
        await accept_sessions(accepting, 50)
    async with core.engine(settings=EngineSettings(max_lanes=3)):
        await core.screen.wait(50)
    assert core.model.most_running <= 3


async def test_who_leaves_is_not_counted_on(core: Core) -> None:
    core.model.hold()
    async with core.engine() as staying:
        async with core.engine(Screen()) as leaving:
            await meet(staying, leaving)
        await staying.sweep()
        assert await accept_sessions(staying, 20) == 20
        core.model.let()


async def test_who_died_is_not_counted_on_when_its_time_has_run_out(core: Core) -> None:
    core.model.hold()
    await core.store.muster(Holder("dead"), 100, LEASE)
    async with core.engine() as engine:
        await engine.sweep()
        core.clock.advance(LEASE)
        await engine.sweep()
        assert await accept_sessions(engine, 20) == 20
        core.model.let()


async def test_a_terminal_is_nobody_to_count_on(core: Core) -> None:
    async with core.engine(Screen(frozenset({Platform.TERMINAL}))) as terminal:
        await terminal.sweep()
        assert await core.store.muster(Holder("a bot"), 3, LEASE) == Crew(1, 3)


def key(number: int) -> SessionKey:
    return SessionKey(WorkspaceId("home"), SessionId(str(number)))


def test_a_share_is_what_each_would_run() -> None:
    running = 0
    load = Workload(100, lambda: running)
    assert load.share == 100
    load.mustered(Crew(2, 0), 0)
    assert load.share == LEAST_SHARE
    load.mustered(Crew(3, 60), 0)
    assert load.share == 21
    running = 30
    assert load.share == 31
    load.mustered(Crew(3, 1000), 30)
    assert load.share == 100


def test_claims_under_way_count_as_lanes() -> None:
    load = Workload(2, lambda: 1)
    with load.claiming(1):
        assert load.is_full
        assert not load.has_share
    assert load.has_share


def test_sessions_that_were_passed_over_are_remembered_once_in_order_and_not_for_ever() -> None:
    load = Workload(1, lambda: 1)
    for number in (1, 2, 1):
        load.pass_over(key(number))
    assert [load.next_passed() for _ in range(3)] == [key(1), key(2), None]
    for number in range(10_000):
        load.pass_over(key(number))
    assert load.unswept


def test_who_has_more_leaves_more_time_to_the_others() -> None:
    running = 8
    load = Workload(256, lambda: running)
    load.mustered(Crew(2, 0), 0)
    assert 0.05 <= load.courtesy() <= 0.1
    running = 200
    assert 0.05 <= load.courtesy() <= 0.4
