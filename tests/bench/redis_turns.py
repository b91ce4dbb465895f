"""A turn through the Redis store beside the same work by hand, in client CPU, wall time and bytes."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path

from sessions.model import (
    Answer,
    Ending,
    EventId,
    Inbound,
    Message,
    Place,
    Role,
    SessionId,
    TurnResult,
    Usage,
)
from sessions.ports.turns import Known, Proposal
from storage.redis.address import parse_address
from storage.redis.store import RedisStore
from tests.bench.contest import Lap, micros, table
from tests.bench.redis_clock import Spent, compete_on
from tests.bench.redis_floor import HandWritten
from tests.bench.store_turns import ADA, AT, CLAIM, TEXT, WORKSPACE, BenchSession, prepare, turn
from tests.redis_servers import Proxy, Server, proxy, standalone

ROUNDS = 15
LENGTHS = (10, 100, 1_000, 10_000)
CROWDS = (1, 64)

# As the tests have it: what is acknowledged is in the append-only file, which is not synced. It is not
# rewritten meanwhile: filling the sessions would begin that, and measuring would pay for it.
WRITTEN = {"auto-aof-rewrite-percentage": "0"}
SYNCED = WRITTEN | {"appendfsync": "everysec"}

SETUPS: Mapping[str, tuple[Mapping[str, str], float | None, Sequence[int]]] = {
    "": (WRITTEN, 5, LENGTHS),
    ", fsync every second": (SYNCED, 5, LENGTHS[:1]),
    ", by hand without time-outs": (WRITTEN, None, LENGTHS[:1]),
}
"""The server's directives, the seconds that a call by hand may take, and the lengths."""

_numbers = count(1)


async def redis_turns() -> None:
    """Time and bytes of a turn at every length, alone and among others."""
    cpu = [("Redis", "messages", "by hand", "Parley", "ratio", "to 10 messages")]
    wall: list[tuple[str, ...]] = [
        ("Redis", "messages", "by hand", "Parley", "ratio", "turns/s", "server by hand", "server, Parley")
    ]
    for sessions in CROWDS:
        for how, (config, patience, lengths) in SETUPS.items():
            found = await _measured(sessions, lengths, config, patience)
            shortest = found[lengths[0]][1].client
            for length, (floor, ours) in found.items():
                name = (f"{sessions} sessions{how}", f"{length:,}")
                cpu.append((*name, *_cpu(floor, ours), f"{ours.client / shortest:.2f} x"))
                wall.append((*name, *_wall(floor, ours)))
    table("Client CPU of a turn through the Redis store; goal: at most 1.3 x two scripts by hand", cpu)
    table("The same in wall time, and what the server spends", wall)
    await _bytes()


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A temporary folder beside the project: a file in /tmp may be memory."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as made:
        yield Path(made)


@asynccontextmanager
async def server_with(config: Mapping[str, str]) -> AsyncIterator[Server]:
    """A server of its own with these directives."""
    async with folder() as home, standalone(home, config=config) as server:
        yield server


def turns_each(sessions: int) -> int:
    """How many turns of each session make a lap."""
    return max(10, 200 // sessions)


def lap_of(turns: list[Callable[[], Awaitable[None]]]) -> Lap:
    """Some turns of every session; the sessions run at once, each its own in order."""
    each = turns_each(len(turns))

    async def one(turn: Callable[[], Awaitable[None]]) -> None:
        for _ in range(each):
            await turn()

    async def lap() -> int:
        await asyncio.gather(*(one(turn) for turn in turns))
        return each * len(turns)

    return lap


async def store_lap(store: RedisStore, sessions: int, messages: int) -> Lap:
    """Turns of that many new sessions of that many messages."""
    made = await prepare(store, sessions, min(messages, LENGTHS[2]))
    for session in made:
        while session.messages < messages:
            await _lengthen(store, session, LENGTHS[2])
        # The floor's messages are there, too, before it is measured.
        session.stock((ROUNDS + 2) * turns_each(sessions))
    return lap_of([partial(turn, store, session) for session in made])


async def _measured(
    sessions: int, lengths: Sequence[int], config: Mapping[str, str], patience: float | None
) -> dict[int, tuple[Spent, Spent]]:
    """Sessions of all lengths in one contest: the floor's and ours by length."""
    laps: dict[str, Lap] = {}
    async with (
        server_with(config) as server,
        HandWritten(server.url, sessions, timeout=patience) as floor,
        RedisStore.open(parse_address(server.url)) as store,
    ):
        for length in lengths:
            names = [f"{length}-{number}" for number in range(sessions)]
            await floor.prepare(names, length)
            laps[f"floor {length}"] = lap_of([partial(floor.turn, name) for name in names])
            laps[f"ours {length}"] = await store_lap(store, sessions, length)
        found = await compete_on(server, laps, ROUNDS)
    return {length: (found[f"floor {length}"], found[f"ours {length}"]) for length in lengths}


async def _bytes() -> None:
    rows = [("Redis", "messages", "round trips", "bytes up", "bytes down")]
    async with server_with(WRITTEN) as server, proxy(server.port) as counting:
        url = f"redis://127.0.0.1:{counting.port}"
        for length in LENGTHS:
            async with AsyncExitStack() as stack:
                floor = await stack.enter_async_context(HandWritten(url, 1))
                store = await stack.enter_async_context(RedisStore.open(parse_address(url)))
                await floor.prepare([f"s{length}"], length)
                turns = {
                    "by hand": lap_of([partial(floor.turn, f"s{length}")]),
                    "Parley": await store_lap(store, 1, length),
                }
                for name, lap in turns.items():
                    rows.append((name, f"{length:,}", *await _counted(counting, lap)))
    table("A warm turn on the wire; goal: less than 1 KB down", rows)


async def _counted(counting: Proxy, lap: Lap) -> tuple[str, str, str]:
    await lap()
    counting.reset()
    turns = await lap()
    found = (counting.trips / turns, counting.bytes_up / turns, counting.bytes_down / turns)
    return (f"{found[0]:.2f}", f"{found[1]:,.0f}", f"{found[2]:,.0f}")


async def _lengthen(store: RedisStore, session: BenchSession, messages: int) -> None:
    """One turn of that many messages: a script takes no more than some thousands."""
    number = next(_numbers)
    event = EventId(f"bench:long:{number}")
    inbound = Inbound(event, Place(WORKSPACE, session.thread), ADA, TEXT, number, str(number), AT)
    known = Known(session.key.id, session.messages)
    accepted = await store.accept(inbound, Proposal(SessionId("unused"), "unused"), CLAIM, known)
    if accepted.work is None:
        raise RuntimeError("the lease was not free")
    exchange = (Message(Role.USER, TEXT, event, AT, ADA), Message(Role.ASSISTANT, TEXT, event, AT))
    answer = Answer(Ending.ANSWERED, TEXT)
    result = TurnResult(event, answer, exchange * (messages // 2), Usage(100, 100))
    committed = await store.commit(accepted.work.lease, result)
    session.messages = committed.session.tally.messages
    await store.delivered(accepted.work.lease, event, CLAIM, Known(session.key.id, session.messages))


def _cpu(floor: Spent, ours: Spent) -> tuple[str, str, str]:
    return (micros(floor.client), micros(ours.client), f"{ours.client / floor.client:.2f} x")


def _wall(floor: Spent, ours: Spent) -> tuple[str, ...]:
    return (
        micros(floor.wall),
        micros(ours.wall),
        f"{ours.wall / floor.wall:.2f} x",
        f"{1 / ours.wall:,.0f}",
        micros(floor.server),
        micros(ours.server),
    )
