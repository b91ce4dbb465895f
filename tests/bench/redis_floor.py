"""The floor of the Redis store: a turn's two scripts by hand on redis-py and hiredis."""

from itertools import count
from types import TracebackType
from typing import Self, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tests.bench.store_turns import TEXT

BODY = b'{"role":"user","content":"' + TEXT.encode() + b'"}'
MESSAGES_A_PUSH = 1_000

_events = count(1)

ACCEPT = b"""
local event, inbox, session, transcript, recent = unpack(KEYS)
local body, holder, known, id = unpack(ARGV)
if not redis.call('SET', event, 1, 'NX', 'PX', 172800000) then
  return { 0 }
end
redis.call('RPUSH', inbox, body)
local found = redis.call('HMGET', session, 'holder', 'deadline', 'fence', 'messages')
local now = tonumber(redis.call('TIME')[1])
if found[1] and found[1] ~= '' and tonumber(found[2]) > now then
  return { 1 }
end
redis.call('HSET', session, 'holder', holder, 'deadline', now + 30, 'fence', (found[3] or 0) + 1)
redis.call('ZADD', recent, now, id)
local messages = tonumber(found[4] or 0)
local news = messages > tonumber(known) and redis.call('LRANGE', transcript, known, -1) or {}
return { 1, found, news }
"""

COMMIT = b"""
local inbox, session, transcript, recent = unpack(KEYS)
local holder, asked, said, answer, id = unpack(ARGV)
if redis.call('HGET', session, 'holder') ~= holder then
  return { 0 }
end
redis.call('RPUSH', transcript, asked, said)
local messages = redis.call('HINCRBY', session, 'messages', 2)
redis.call('HINCRBY', session, 'tokens', 200)
redis.call('HSET', session, 'answer', answer, 'holder', '')
redis.call('ZADD', recent, redis.call('TIME')[1], id)
redis.call('LPOP', inbox)
return { 1, messages }
"""


class HandWritten:
    """What somebody would write by hand: no contract, no codec, no take-over, no repeats.

    A plain pool with a connection for each session, scripts by their digest, no retries; a call takes at
    most ``timeout`` seconds, or for ever.
    """

    def __init__(self, url: str, sessions: int, *, timeout: float | None = 5) -> None:
        pool = ConnectionPool.from_url(
            url, max_connections=sessions, retry=Retry(NoBackoff(), 0), socket_timeout=timeout
        )
        self._redis: Redis = Redis(connection_pool=pool)
        self._known: dict[str, int] = {}
        self._accept = self._commit = ""

    async def __aenter__(self) -> Self:
        self._accept = await self._redis.script_load(ACCEPT)
        self._commit = await self._redis.script_load(COMMIT)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.aclose()

    async def prepare(self, sessions: list[str], messages: int) -> None:
        """Make sessions of that many messages."""
        for session in sessions:
            for at in range(0, messages, MESSAGES_A_PUSH):
                batch = [BODY] * min(MESSAGES_A_PUSH, messages - at)
                await self._redis.rpush(f"{{floor}}:transcript:{session}", *batch)
            await self._redis.hset(f"{{floor}}:session:{session}", "messages", str(messages))
            self._known[session] = messages

    async def turn(self, session: str) -> None:
        """Accept and commit: two scripts, one awaited after the other."""
        inbox, record = f"{{floor}}:inbox:{session}", f"{{floor}}:session:{session}"
        transcript, recent = f"{{floor}}:transcript:{session}", "{floor}:recent"
        event = f"{{floor}}:event:{next(_events)}"
        keys = (event, inbox, record, transcript, recent)
        known = str(self._known[session])
        await self._redis.evalsha(self._accept, 5, *keys, BODY, "me", known, session)
        reply = await self._redis.evalsha(self._commit, 4, *keys[1:], "me", BODY, BODY, BODY, session)
        self._known[session] = cast("list[int]", reply)[1]
