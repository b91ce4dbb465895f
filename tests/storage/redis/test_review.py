"""Steps that were cut short between a command and its reply, and are taken again."""

from secrets import token_hex

import pytest

from sessions.errors import StoreUnavailable
from sessions.model import WorkspaceKey
from storage.redis.address import parse_address
from storage.redis.store import RedisStore
from tests.redis_servers import Server, proxy
from tests.storage.contract.scene import accept, claim, converse, inbound, thread

NEW_KEY = WorkspaceKey("telegram:-100200")
OLD, NEW = thread("", "-100"), thread("", "-100200")


@pytest.mark.parametrize("met_before", [False, True], ids=["a new chat", "a chat that was met before"])
async def test_a_migration_cut_short_anywhere_is_completed_by_its_repeat(
    server: Server, met_before: bool
) -> None:
    cut = 0
    while await migration_cut_at(server, cut + 1, met_before=met_before):
        cut += 1
    assert cut > 8


async def migration_cut_at(server: Server, which: int, *, met_before: bool) -> bool:
    """Lose the reply of that request of a migration, repeat it elsewhere; whether there was such a one."""
    path = f"?prefix=test{token_hex(6)}"
    async with RedisStore.open(parse_address(server.url + path)) as other:
        session = await converse(other, inbound(1))
        if met_before:
            await other.workspace(NEW_KEY)
        async with (
            proxy(server.port) as front,
            RedisStore.open(parse_address(f"redis://127.0.0.1:{front.port}{path}")) as store,
        ):
            await store.find_workspace(WorkspaceKey("telegram:of-nobody"))
            cut = front.cut_after_request(which)
            try:
                await store.migrate(OLD, NEW)
            except StoreUnavailable:
                assert cut.happened.is_set()
            await other.migrate(OLD, NEW)
        gone_on = await accept(other, inbound(2, thread("7", "-100200"), workspace=NEW_KEY), claim())
        assert gone_on.session.key == session.key, f"cut at {which}"
        return cut.happened.is_set()
