"""A duty is done by one process at a time, and by another soon after the first is gone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bots.duty import Duty
from sessions.errors import SettingError, StoreUnavailable
from sessions.model import Holder, RoleName
from sessions.ports.roles import Crew
from storage.memory import MemoryStore
from tests.bots.virtual import now, run

LEASE = timedelta(seconds=30)
POLLER = RoleName("telegram:1:updates")


def store_clock() -> datetime:
    return datetime(2031, 3, 5, tzinfo=UTC) + timedelta(seconds=now())


class FrailRoles(MemoryStore):
    """Roles by the loop's time; away, or without an answer, when a test says so."""

    def __init__(self) -> None:
        super().__init__(clock=store_clock)
        self.away = False
        self.hangs = False
        self.asked: list[float] = []

    async def hold_role(self, role: RoleName, holder: Holder, duration: timedelta) -> bool:
        self.asked.append(now())
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.away:
            raise StoreUnavailable("redis://user:secret@host")
        return await super().hold_role(role, holder, duration)

    async def leave_role(self, role: RoleName, holder: Holder) -> None:
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        await super().leave_role(role, holder)


@dataclass
class Process:
    """Who does the work, and when it did."""

    roles: FrailRoles
    name: str
    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    ending: float = 0.0

    @property
    def works(self) -> bool:
        return len(self.began) > len(self.ended)

    async def serve(self) -> None:
        await Duty(self.roles, POLLER, Holder(self.name), LEASE).perform(self.work)

    async def work(self) -> None:
        self.began.append(now())
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(self.ending)
            self.ended.append(now())


async def until(condition: Callable[[], bool]) -> float:
    while not condition():  # noqa: ASYNC110 - other tasks bring it about
        await asyncio.sleep(0.1)
    return now()


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_one_of_two_works_and_keeps_on_working() -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        one, two = Process(roles, "one"), Process(roles, "two")
        tasks = [asyncio.create_task(process.serve()) for process in (one, two)]
        await asyncio.sleep(600)
        assert (one.began, one.ended, two.began) == ([0.0], [], [])
        await end(*tasks)

    run(scenario())


@pytest.mark.parametrize("lived", range(20))
def test_a_standby_takes_over_within_one_lease_time_of_a_death(lived: int) -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        dead, standby = Holder("dead"), Process(roles, "standby")
        await roles.hold_role(POLLER, dead, LEASE * 2 / 3)
        task = asyncio.create_task(standby.serve())
        while now() < lived:
            await asyncio.sleep(1)
            await roles.hold_role(POLLER, dead, LEASE * 2 / 3)
        assert await until(lambda: standby.works) - lived <= LEASE.total_seconds()
        await end(task)

    run(scenario())


def test_who_is_told_to_end_hands_over_when_its_work_has_ended() -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        one, two = Process(roles, "one", ending=1.0), Process(roles, "two")
        ending = asyncio.create_task(one.serve())
        await until(lambda: one.works)
        standing_by = asyncio.create_task(two.serve())
        await asyncio.sleep(60)
        told = now()
        await end(ending)
        assert one.ended == [told + 1.0]
        taken = await until(lambda: two.works)
        assert told + 1.0 <= taken <= told + 1.0 + LEASE.total_seconds() * 2 / 9
        await end(standing_by)

    run(scenario())


@pytest.mark.parametrize("trouble", ["away", "hangs"])
def test_who_hears_nothing_from_the_store_ends_its_work_before_another_may_begin(
    trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        one, two = Process(roles, "one", ending=2.0), Process(FrailRoles(), "two")
        two.roles._root = roles._root
        tasks = [asyncio.create_task(process.serve()) for process in (one, two)]
        await asyncio.sleep(100)
        setattr(roles, trouble, True)
        await until(lambda: two.works)
        assert len(one.ended) == 1
        assert one.ended[0] <= two.began[0]
        assert now() - 100 <= LEASE.total_seconds()
        await asyncio.sleep(300)
        setattr(roles, trouble, False)
        await end(*tasks)

    run(scenario())
    logged = capsys.readouterr().out
    assert logged.count("duty.lost") == 1
    assert logged.count("duty.store_away") == (1 if trouble == "away" else 0)
    assert logged.count("duty.taken") == 2
    assert "secret" not in logged


def test_a_short_absence_of_the_store_is_survived() -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        one = Process(roles, "one")
        task = asyncio.create_task(one.serve())
        await asyncio.sleep(60)
        roles.away = True
        await asyncio.sleep(LEASE.total_seconds() / 4)
        roles.away = False
        await asyncio.sleep(600)
        assert (one.began, one.ended) == ([0.0], [])
        await end(task)

    run(scenario())


def test_who_is_told_that_another_has_the_role_ends_at_once_and_comes_back_later() -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        one = Process(roles, "one")
        task = asyncio.create_task(one.serve())
        await asyncio.sleep(1)
        await roles.leave_role(POLLER, Holder("one"))
        await roles.hold_role(POLLER, Holder("other"), LEASE)
        await until(lambda: len(one.ended) == 1)
        assert now() <= 1 + LEASE.total_seconds() * 2 / 9
        await until(lambda: one.works)
        assert now() >= 1 + LEASE.total_seconds()
        await end(task)

    run(scenario())


def test_a_store_that_is_away_at_the_start_is_waited_for_and_told_of_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        roles.away = True
        one = Process(roles, "one")
        task = asyncio.create_task(one.serve())
        await asyncio.sleep(600)
        assert 60 <= len(roles.asked) <= 120
        roles.away = False
        await until(lambda: one.works)
        await end(task)

    run(scenario())
    assert capsys.readouterr().out.count("duty.store_away") == 1


def test_an_error_of_the_work_is_raised_as_it_is_and_the_role_left() -> None:
    async def scenario() -> None:
        roles = FrailRoles()

        async def refused() -> None:
            raise SettingError("the token is refused")

        with pytest.raises(SettingError, match="refused"):
            await Duty(roles, POLLER, Holder("one"), LEASE).perform(refused)
        assert await roles.hold_role(POLLER, Holder("two"), LEASE)

    run(scenario())


def test_leaving_a_store_that_does_not_answer_takes_a_moment_only() -> None:
    async def scenario() -> None:
        roles = FrailRoles()
        one = Process(roles, "one")
        task = asyncio.create_task(one.serve())
        await until(lambda: one.works)
        roles.hangs, told = True, now()
        await end(task)
        assert now() - told <= 2.0

    run(scenario())


def test_work_that_is_done_leaves_the_role() -> None:
    async def scenario() -> None:
        roles = FrailRoles()

        async def work() -> str:
            return "done"

        assert await Duty(roles, POLLER, Holder("one"), LEASE).perform(work) == "done"
        assert await roles.hold_role(POLLER, Holder("two"), LEASE)
        assert await roles.muster(Holder("two"), 0, LEASE) == Crew(1, 0)

    run(scenario())
