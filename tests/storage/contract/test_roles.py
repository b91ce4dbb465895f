import asyncio
from datetime import timedelta

from sessions.model import Holder, RoleName
from sessions.ports.roles import Crew
from sessions.ports.store import Store
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import LEASE

ONE, TWO, THREE = Holder("one"), Holder("two"), Holder("three")
POLLER, GATEWAY = RoleName("telegram:123:updates"), RoleName("discord:9:shard:0")
SECOND = timedelta(seconds=1)
MOMENT = timedelta(milliseconds=1)


async def test_a_role_that_nobody_holds_is_taken(store: Store) -> None:
    assert await store.hold_role(POLLER, ONE, LEASE)


async def test_a_role_that_another_holds_is_not_taken(store: Store, second: Second) -> None:
    assert await store.hold_role(POLLER, ONE, LEASE)
    assert not await (await second()).hold_role(POLLER, TWO, LEASE)
    assert await store.hold_role(POLLER, ONE, LEASE)


async def test_a_role_is_free_from_its_deadline_on(
    store: Store, second: Second, advance: Advance
) -> None:
    other = await second()
    await store.hold_role(POLLER, ONE, LEASE)
    await advance(LEASE - MOMENT)
    assert not await other.hold_role(POLLER, TWO, LEASE)
    await advance(MOMENT)
    assert await other.hold_role(POLLER, TWO, LEASE)
    assert not await store.hold_role(POLLER, ONE, LEASE)


async def test_its_holder_moves_the_deadline(store: Store, second: Second, advance: Advance) -> None:
    other = await second()
    await store.hold_role(POLLER, ONE, LEASE)
    for _ in range(3):
        await advance(LEASE - SECOND)
        assert await store.hold_role(POLLER, ONE, LEASE)
    await advance(LEASE - MOMENT)
    assert not await other.hold_role(POLLER, TWO, LEASE)
    await advance(MOMENT)
    assert await other.hold_role(POLLER, TWO, LEASE)


async def test_its_holder_may_move_the_deadline_nearer(store: Store, advance: Advance) -> None:
    await store.hold_role(POLLER, ONE, LEASE)
    await store.hold_role(POLLER, ONE, SECOND)
    await advance(SECOND)
    assert await store.hold_role(POLLER, TWO, LEASE)


async def test_who_asks_in_vain_moves_no_deadline(store: Store, advance: Advance) -> None:
    await store.hold_role(POLLER, ONE, LEASE)
    await advance(LEASE - SECOND)
    assert not await store.hold_role(POLLER, TWO, LEASE * 2)
    await advance(SECOND)
    assert await store.hold_role(POLLER, THREE, LEASE)


async def test_a_role_that_ran_out_is_its_former_holders_while_nobody_took_it(
    store: Store, advance: Advance
) -> None:
    await store.hold_role(POLLER, ONE, LEASE)
    await advance(LEASE * 2)
    assert await store.hold_role(POLLER, ONE, LEASE)
    await advance(LEASE - MOMENT)
    assert not await store.hold_role(POLLER, TWO, LEASE)


async def test_roles_are_held_each_for_itself(store: Store, second: Second, advance: Advance) -> None:
    other = await second()
    assert await store.hold_role(POLLER, ONE, LEASE)
    assert await other.hold_role(GATEWAY, TWO, LEASE * 2)
    await advance(LEASE)
    assert await other.hold_role(POLLER, THREE, LEASE)
    assert not await store.hold_role(GATEWAY, ONE, LEASE)


async def test_a_role_that_was_left_is_free_at_once(store: Store, second: Second) -> None:
    other = await second()
    await store.hold_role(POLLER, ONE, LEASE)
    await store.leave_role(POLLER, ONE)
    await store.leave_role(POLLER, ONE)
    assert await other.hold_role(POLLER, TWO, LEASE)
    assert not await store.hold_role(POLLER, ONE, LEASE)


async def test_only_its_holder_leaves_a_role(store: Store, advance: Advance) -> None:
    await store.leave_role(POLLER, ONE)
    await store.hold_role(POLLER, ONE, LEASE)
    await store.leave_role(POLLER, TWO)
    await store.leave_role(GATEWAY, ONE)
    assert not await store.hold_role(POLLER, TWO, LEASE)
    await advance(LEASE)
    assert await store.hold_role(POLLER, TWO, LEASE)
    await store.leave_role(POLLER, ONE)
    assert not await store.hold_role(POLLER, THREE, LEASE)


async def test_of_many_that_ask_at_once_one_gets_the_role(store: Store, second: Second) -> None:
    stores = (store, await second())
    asking = (stores[n % 2].hold_role(POLLER, Holder(f"holder {n}"), LEASE) for n in range(20))
    assert sum(await asyncio.gather(*asking)) == 1


async def test_a_process_alone_is_a_crew_of_one(store: Store) -> None:
    assert await store.muster(ONE, 3, LEASE) == Crew(1, 3)


async def test_a_crew_is_all_who_live_and_their_lanes(store: Store, second: Second) -> None:
    other = await second()
    await store.muster(ONE, 3, LEASE)
    assert await other.muster(TWO, 4, LEASE) == Crew(2, 7)
    assert await store.muster(THREE, 0, LEASE) == Crew(3, 7)


async def test_what_a_process_said_last_counts(store: Store) -> None:
    await store.muster(ONE, 3, LEASE)
    await store.muster(TWO, 1, LEASE)
    assert await store.muster(ONE, 5, LEASE) == Crew(2, 6)
    assert await store.muster(ONE, 5, LEASE) == Crew(2, 6)


async def test_a_process_counts_until_its_deadline(
    store: Store, second: Second, advance: Advance
) -> None:
    other = await second()
    await store.muster(ONE, 3, LEASE)
    await advance(LEASE - MOMENT)
    assert await other.muster(TWO, 1, LEASE) == Crew(2, 4)
    await advance(MOMENT)
    assert await other.muster(TWO, 1, LEASE) == Crew(1, 1)
    assert await store.muster(ONE, 2, LEASE) == Crew(2, 3)


async def test_a_process_that_was_dismissed_does_not_count(store: Store, second: Second) -> None:
    other = await second()
    await store.muster(ONE, 3, LEASE)
    await store.muster(TWO, 1, LEASE)
    await store.dismiss(ONE)
    await store.dismiss(ONE)
    assert await other.muster(TWO, 1, LEASE) == Crew(1, 1)
    assert await store.muster(ONE, 2, LEASE) == Crew(2, 3)


async def test_dismissing_who_is_not_known_changes_nothing(store: Store) -> None:
    await store.dismiss(ONE)
    await store.muster(TWO, 1, LEASE)
    await store.dismiss(THREE)
    assert await store.muster(TWO, 1, LEASE) == Crew(1, 1)


async def test_who_is_dismissed_keeps_its_roles(store: Store) -> None:
    await store.hold_role(POLLER, ONE, LEASE)
    await store.muster(ONE, 1, LEASE)
    await store.dismiss(ONE)
    assert not await store.hold_role(POLLER, TWO, LEASE)
