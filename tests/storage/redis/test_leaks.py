"""The leak check sees what is left over: each kind of thing that a store could forget."""

from collections.abc import Sequence

import pytest

from sessions.model import EventId
from tests.redis_servers import Server
from tests.redis_servers.wire import Word
from tests.storage.contract.scene import accept, converse, inbound, take, thread
from tests.storage.redis.watched import watched

LEFT: dict[str, Sequence[Sequence[Word]]] = {
    "a key of no known name": [["SET", "{tag}:forgotten", "x"]],
    "a transcript without a session": [["RPUSH", "{home}:t:gone", "x"]],
    "an inbox without a session": [["RPUSH", "{home}:i:gone", "x"]],
    "a name without a session": [["HSET", "{home}:n", "gone", "gone"]],
    "a binding without a session": [["HSET", "{home}:b", "telegram\0-100\09", "gone"]],
    "a binding that its session does not know": [["HSET", "{home}:b", "telegram\0-100\09", "{id}"]],
    "an audience counted too often": [["HINCRBY", "{home}:u", "open", 1]],
    "an entry of the index by activity": [["ZADD", "{home}:r:open", 0, "gone"]],
    "an entry of the index by name": [["ZADD", "{home}:a:open", 0, "gone\0gone"]],
    "an entry in what is due": [["ZADD", "{tag}:due", 0, "telegram\x000\0{workspace}\0gone"]],
    "work that no sweep finds": [["DEL", "{tag}:due"]],
    "an event that stays for ever": [["SET", "{home}:e:event", "x"]],
    "an event that stays too long": [["SET", "{home}:e:event", "x", "PX", 49 * 3_600_000]],
    "a receipt that stays for ever": [["HSET", "{home}:c:event", "bind", "x"]],
    "a session that would vanish": [["PEXPIRE", "{home}:s", 1_000_000]],
    "a listing that stays for ever": [["SET", "{prefix}:{{c:telegram:-100}}:l:7:ada", "x"]],
    "a mark without a fact": [["HSET", "{home}:m:fact", "gone", "gone"]],
    "a forgotten fact that stays for ever": [["SET", "{home}:g:fact:a", "0"]],
    "an errand without a deadline": [["HSET", "{prefix}:{{x01}}:e", "event", "x"]],
    "an errand's body without the errand": [["HSET", "{prefix}:{{x01}}:o", "event", "x"]],
}


@pytest.mark.parametrize("left", LEFT)
async def test_what_is_left_over_is_seen(server: Server, left: str) -> None:
    with pytest.raises(AssertionError):
        await leave(server, LEFT[left])


async def leave(server: Server, commands: Sequence[Sequence[Word]]) -> None:
    """Use a store, and leave more than it does."""
    async with watched(server) as one:
        session = await converse(one.store, inbound(1))
        await take(one.store, inbound(2))
        keys = one.keys.of(session.key.workspace)
        names = {
            "prefix": one.address.prefix,
            "tag": keys.due.decode().removesuffix(":due"),
            "home": keys.meta.decode(),
            "workspace": session.key.workspace,
            "id": session.key.id,
        }
        for command in commands:
            words = (word.format(**names) if isinstance(word, str) else word for word in command)
            await server.call(*words)


async def test_what_a_store_leaves_by_itself_is_no_leak(server: Server) -> None:
    await leave(server, [])


async def test_after_a_deletion_only_its_events_are_left(server: Server) -> None:
    async with watched(server) as one:
        session = await converse(one.store, inbound(1), "a", "b")
        await accept(one.store, inbound(1, thread("8")))
        await one.store.delete(session.key, EventId("delete"))
        found = await server.keys_of(f"{one.address.prefix}:")
        of_it = [name for name, key in found.items() if session.key.id in name and key.ttl is None]
        assert of_it == []


async def test_of_deleted_sessions_nothing_is_left_but_their_workspace_and_what_expires(
    server: Server,
) -> None:
    async with watched(server) as one:
        for number in range(5):
            # On Discord every thread is a chat of its own.
            session = await converse(one.store, inbound(1, thread("", f"chat-{number}")))
            await one.store.delete(session.key, EventId(f"delete {number}"))
        left = await server.keys_of(f"{one.address.prefix}:")
        stays = sorted(name for name, key in left.items() if key.ttl is None)
        (workspace,) = [name for name in stays if name.endswith(session.key.workspace)]
        assert stays == sorted(
            (workspace, f"{one.address.prefix}:k:telegram:-100", f"{one.address.prefix}:workspaces")
        )
