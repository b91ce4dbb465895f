"""A store that is away is told of once, whoever asks for it and however often."""

import asyncio
from datetime import timedelta

import pytest

from bots.patience import until_stored
from sessions.engine import Engine, EngineSettings
from sessions.errors import StoreUnavailable
from sessions.model import Lease, Turn, TurnResult
from sessions.outage import SILENCE, Outage, watched
from sessions.ports.turns import Committed, Renewal
from storage.memory import MemoryStore
from tests.engine.parts import Screen, ScriptedModel, said, until

LANES = 20
QUICK = EngineSettings(lease=timedelta(seconds=1))


class FrailStore(MemoryStore):
    """Commits and renewals fail while it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.refused = 0

    async def commit(self, lease: Lease, result: TurnResult) -> Committed:
        self._be_there()
        return await super().commit(lease, result)

    async def renew(self, lease: Lease, duration: timedelta) -> Renewal:
        self._be_there()
        return await super().renew(lease, duration)

    async def waiting(self, session: object) -> tuple[Turn, ...]:
        self._be_there()
        return ()

    def _be_there(self) -> None:
        if self.away:
            self.refused += 1
            raise StoreUnavailable("the disk is full")


async def nap(seconds: float) -> None:
    """A pause of the engine, a hundred times as short."""
    await asyncio.sleep(seconds / 100)


async def test_many_lanes_say_once_that_the_store_is_away_and_once_that_it_is_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frail, screen, model = FrailStore(), Screen(), ScriptedModel()
    store = watched(frail)
    model.hold()
    async with Engine(store, model, screen, settings=QUICK, sleep=nap) as engine:
        for number in range(LANES):
            await engine.accept(said("hello", number, str(number)))
        await until(lambda: model.running == LANES)
        frail.away = True
        model.let()
        beside = asyncio.create_task(until_stored(lambda: store.waiting(object())))
        await until(lambda: frail.refused > 10 * LANES)
        frail.away = False
        await screen.wait(LANES)
        await beside
    logged = capsys.readouterr().out
    assert (logged.count("store.away"), logged.count("store.back")) == (1, 1)
    assert logged.index("store.away") < logged.index("store.back")
    assert "the disk is full" in logged


def test_a_store_that_comes_and_goes_is_told_of_once_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 100.0
    outage = Outage(lambda: now)
    for _ in range(50):
        outage.away(StoreUnavailable())
        now += 0.5
        assert outage.seconds == 0.5
        outage.back()
        assert outage.seconds is None
    outage.away(StoreUnavailable())
    now += SILENCE
    outage.away(StoreUnavailable())
    outage.back()
    outage.back()
    logged = capsys.readouterr().out
    assert (logged.count("store.away"), logged.count("store.back")) == (2, 2)
    assert "seconds=0.5" in logged
    assert f"seconds={SILENCE}" in logged


async def test_what_is_watched_stays_the_store_that_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    frail = FrailStore()
    store = watched(frail)
    assert watched(store) is store
    assert store.refused == 0
    async with store.wakeups():
        pass

    async def broken() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(frail, "check", broken)
    with pytest.raises(StoreUnavailable):
        await store.check()


async def test_a_store_that_can_only_be_read_is_still_away() -> None:
    outage = Outage()

    async def done() -> None:
        return None

    outage.away(StoreUnavailable("full"))
    await outage.watch(done(), writes=False)
    assert outage.seconds is not None
    await outage.watch(done())
    assert outage.seconds is None
