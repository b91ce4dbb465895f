from datetime import timedelta

from sessions.model import EventId, Holder, Platform
from sessions.ports.errands import Errand
from sessions.ports.store import Store
from sessions.ports.turns import EVENT_MEMORY
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import (
    EVERYWHERE,
    HOME,
    LEASE,
    TELEGRAM,
    accept,
    claim,
    inbound,
    new,
)

ONE, TWO = Holder("one"), Holder("two")
SECOND = timedelta(seconds=1)


def errand(name: str = "a", platform: Platform = Platform.TELEGRAM) -> Errand:
    return Errand(EventId(name), platform, b"\x00 bytes \xff of " + name.encode())


async def test_an_errand_is_admitted_once(store: Store, second: Second) -> None:
    assert await store.admit(errand(), ONE, LEASE)
    assert not await store.admit(errand(), ONE, LEASE)
    assert not await (await second()).admit(errand(), TWO, LEASE)


async def test_a_finished_errand_is_not_admitted_again(store: Store) -> None:
    await store.admit(errand(), ONE, LEASE)
    await store.finish(errand().event)
    await store.finish(errand().event)
    assert not await store.admit(errand(), TWO, LEASE)


async def test_finishing_what_is_not_kept_changes_nothing(store: Store) -> None:
    await store.finish(EventId("never seen"))
    assert await store.admit(Errand(EventId("never seen"), Platform.DISCORD, b""), ONE, LEASE)


async def test_an_errand_of_the_dead_is_adopted(store: Store, second: Second, advance: Advance) -> None:
    await store.admit(errand(), ONE, LEASE)
    await advance(LEASE - SECOND)
    assert await store.adopt(EVERYWHERE, TWO, LEASE, 10) == ()
    await advance(SECOND)
    assert await (await second()).adopt(EVERYWHERE, TWO, LEASE, 10) == (errand(),)
    assert await store.adopt(EVERYWHERE, ONE, LEASE, 10) == ()
    await advance(LEASE)
    assert await store.adopt(EVERYWHERE, ONE, LEASE, 10) == (errand(),)


async def test_a_finished_errand_is_not_adopted(store: Store, advance: Advance) -> None:
    await store.admit(errand(), ONE, LEASE)
    await store.finish(errand().event)
    await advance(LEASE)
    assert await store.adopt(EVERYWHERE, TWO, LEASE, 10) == ()


async def test_the_oldest_errands_are_adopted_first(store: Store, advance: Advance) -> None:
    for name in "cab":
        await store.admit(errand(name), ONE, LEASE)
        await advance(SECOND)
    await advance(LEASE)
    assert await store.adopt(EVERYWHERE, TWO, LEASE, 2) == (errand("c"), errand("a"))
    assert await store.adopt(EVERYWHERE, TWO, LEASE, 2) == (errand("b"),)


async def test_only_errands_of_the_own_platforms_are_adopted(store: Store, advance: Advance) -> None:
    await store.admit(errand("a", Platform.DISCORD), ONE, LEASE)
    await store.admit(errand("b"), ONE, LEASE)
    await advance(LEASE)
    assert await store.adopt(TELEGRAM, TWO, LEASE, 10) == (errand("b"),)


async def test_a_finished_errands_event_is_forgotten_past_its_time(
    store: Store, advance: Advance
) -> None:
    await store.admit(errand(), ONE, LEASE)
    await store.finish(errand().event)
    await advance(EVENT_MEMORY - SECOND)
    await store.sweep(claim(), 10)
    assert not await store.admit(errand(), ONE, LEASE)
    await advance(SECOND * 2)
    await store.sweep(claim(), 10)
    assert await store.admit(errand(), ONE, LEASE)


async def test_an_unfinished_errand_is_not_forgotten(store: Store, advance: Advance) -> None:
    await store.admit(errand(), ONE, LEASE)
    await advance(EVENT_MEMORY * 2)
    await store.sweep(claim(), 10)
    assert await store.adopt(EVERYWHERE, TWO, LEASE, 10) == (errand(),)


async def test_an_errands_event_serves_what_the_errand_does(store: Store) -> None:
    await store.admit(errand(), ONE, LEASE)
    home = await store.workspace(HOME)
    made = await store.create(home.id, new("an-id", "Trip"), None, errand().event)
    assert await store.stop(made.key, errand().event) is None
    assert (await accept(store, inbound(1, event=errand().event))).fresh
