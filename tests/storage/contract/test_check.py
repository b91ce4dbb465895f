from sessions.ports.store import Store
from sessions.ports.turns import Wake, Wakeup
from tests.storage.conftest import Second
from tests.storage.contract.scene import accept, inbound


async def test_a_store_that_works_passes_its_check(store: Store, second: Second) -> None:
    await store.check()
    await accept(store, inbound(1), None)
    await store.check()
    await (await second()).check()


async def test_a_check_wakes_nobody(store: Store, second: Second) -> None:
    async with (await second()).wakeups() as wakeups:
        await store.check()
        accepted = await accept(store, inbound(1), None)
        assert await anext(wakeups) == Wakeup(Wake.WAITING, accepted.session.key)
