from secrets import token_hex

from sessions.model import SessionId, SessionKey, WorkspaceId
from storage.opening import open_store
from storage.redis.scripts import script
from tests.redis_servers import Request, Server, proxy
from tests.storage.contract.scene import accept, claim, inbound, thread

ACQUIRE = script("acquire").sha.decode()


async def test_a_sweep_that_loses_a_reply_returns_what_it_has_taken_before(server: Server) -> None:
    options = f"?prefix=test{token_hex(6)}"
    async with proxy(server.port) as front:
        url = f"redis://127.0.0.1:{front.port}{options}"
        async with open_store(url) as store, open_store(server.url + options) as other:
            nowhere = SessionKey(WorkspaceId("none"), SessionId("none"))
            assert await store.acquire(nowhere, claim("one"), None) is None
            for number in range(1, 4):
                await accept(other, inbound(number, thread(str(number))))
            asked: list[str] = []

            def third(request: Request) -> bool:
                asked.extend([request.script] if request.script == ACQUIRE else [])
                return len(asked) == 3

            front.cut_after_request(third)
            taken = await store.sweep(claim("one"), 10)
            assert [work.turn.inbound.number for work in taken] == [1, 2]
        await server.forget(options.removeprefix("?prefix="))
