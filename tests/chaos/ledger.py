"""What the store holds in the end: whole transcripts, and nothing that is still to be done."""

from collections.abc import Mapping, Sequence

from sessions.model import Message, Role
from sessions.ports.store import Store
from storage.opening import open_store
from tests.chaos.house import PREFIX, House
from tests.chaos.town import Chat
from tests.redis_servers import SentinelSet
from tests.storage.redis.leaks import check_leaks

_MOST = 10_000

Conversation = Sequence[tuple[Role, str]]


async def left_to_do(servers: SentinelSet) -> list[str]:
    """The keys of inboxes: they hold what waits, what runs and its lease."""
    keys = await servers.keys_of(f"{PREFIX}:")
    return [name for name in keys if ":i:" in name]


async def mistakes(
    house: House, chats: Sequence[Chat], expected: Mapping[int, Conversation]
) -> list[str]:
    """Compare the transcripts with what people saw; then look for what belongs to nothing."""
    found: list[str] = []
    async with open_store(house.storage) as store:
        for chat in chats:
            if chat.asked:
                found += await _compare(store, chat, expected[chat.number])
    found += [f"left to do: {key}" for key in await left_to_do(house.servers)]
    try:
        await check_leaks(house.servers, PREFIX)
    except AssertionError as error:
        found.append(f"a leak: {error}")
    return found


async def _compare(store: Store, chat: Chat, expected: Conversation) -> list[str]:
    session = await store.bound(chat.thread)
    if session is None:
        return [f"chat {chat.number} has no session"]
    messages = await store.transcript(session.key, None, _MOST)
    kept = [(message.role, message.content) for message in messages]
    where = f"chat {chat.number} (session {session.key.id})"
    if kept != list(expected):
        return [f"{where}: the transcript differs: {_difference(messages, expected)}"]
    if session.tally.messages != len(kept):
        return [f"{where}: {session.tally.messages} messages are counted, {len(kept)} are there"]
    return []


def _difference(messages: Sequence[Message], expected: Conversation) -> str:
    for number, (kept, wanted) in enumerate(zip(messages, expected, strict=False)):
        if (kept.role, kept.content) != wanted:
            said = f"{kept.role} {kept.content!r:.60} of {kept.turn}"
            return f"message {number} is {said}, not {wanted[0]} {wanted[1]!r:.60}"
    return f"{len(messages)} messages, not {len(expected)}"
