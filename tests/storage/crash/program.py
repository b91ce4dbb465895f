"""A process that runs turns on several sessions and prints a line when a call has returned.

Its clock is a minute ahead of the former round's, so that the leases of the killed have run out.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from sessions.model import (
    OPEN,
    Answer,
    Ending,
    EventId,
    Holder,
    Inbound,
    Message,
    Person,
    PersonId,
    Place,
    Platform,
    Role,
    SessionId,
    ThreadRef,
    TurnResult,
    Usage,
    WorkspaceKey,
)
from sessions.ports.bringing import Brought
from sessions.ports.checkpoints import Checkpoint
from sessions.ports.facts import MOST_FACTS, Fact, FactId
from sessions.ports.knowledge import Document, DocumentId, Passage
from sessions.ports.store import Store
from sessions.ports.turns import Claim, Proposal, Work
from storage.opening import open_store

SESSIONS = 4
RUN = "nightly"
HOME = WorkspaceKey("telegram:-100")

_ADA = Person(PersonId("telegram:42"), "Ada")
_START = datetime(2031, 3, 5, 12, tzinfo=UTC)
_NUMBERS_A_ROUND = 1_000_000


def clock(lap: int) -> Callable[[], datetime]:
    """The store's clock in that round."""
    return lambda: _START + timedelta(minutes=lap)


def claim(lap: int) -> Claim:
    return Claim(Holder(f"process {lap}"), f"token {lap}", timedelta(seconds=30), frozenset(Platform))


def thread(session: int) -> ThreadRef:
    return ThreadRef(Platform.TELEGRAM, "-100", str(session))


def number(event: str) -> int:
    """The place of an event's Inbound in its thread."""
    return int(event.rpartition(":")[2])


def acknowledge(what: str, event: str) -> None:
    """One write, so that a line is whole or not there."""
    os.write(1, f"{what} {event}\n".encode())


def inbound(session: int, place: int) -> Inbound:
    where = thread(session)
    event = EventId(f"{where}:{place}")
    return Inbound(event, Place(HOME, where), _ADA, f"question {event}", place, str(place), _START)


def result(event: EventId) -> TurnResult:
    said = (
        Message(Role.USER, f"question {event}", event, _START, _ADA),
        Message(Role.ASSISTANT, f"answer {event}", event, _START),
    )
    return TurnResult(event, Answer(Ending.ANSWERED, f"answer {event}"), said, Usage(10, 5))


async def work_off(store: Store, work: Work | None, by: Claim, chance: Random) -> None:
    """Run and deliver what the lease was taken for, and all that waits behind it."""
    while work is not None:
        event = work.turn.id
        if work.turn.answer is None:
            for _ in range(chance.choice((1, 1, 2))):
                await store.commit(work.lease, result(event))
        acknowledge("committed", event)
        work = await store.delivered(work.lease, event, by, None)
        acknowledge("delivered", event)


async def recover(store: Store, by: Claim, chance: Random) -> None:
    """Finish what a killed process has left."""
    while found := await store.sweep(by, 100):
        for work in found:
            await work_off(store, work, by, chance)


async def talk(store: Store, session: int, lap: int, chance: Random) -> None:
    """Send Inbounds for ever; now and then several before the first is answered, or one twice."""
    places = count(lap * _NUMBERS_A_ROUND)
    by = claim(lap)
    while True:
        work: Work | None = None
        for _ in range(chance.choice((1, 1, 3))):
            message = inbound(session, next(places))
            for _ in range(chance.choice((1, 1, 1, 2))):
                proposed = Proposal(SessionId(f"session-{session}"), f"talk {session}")
                accepted = await store.accept(message, proposed, by, None)
                acknowledge("accepted", message.event)
                work = work or accepted.work
        await work_off(store, work, by, chance)


async def run_on(store: Store, lap: int) -> None:
    """Save the run of a workflow for ever, and remember a fact with each save."""
    home = (await store.workspace(HOME)).id
    while True:
        found = await store.checkpoint(home, RUN)
        revision = 1 if found is None else found.revision + 1
        saved = Checkpoint(RUN, RUN, "", _START, OPEN, _ADA.id, revision=revision, taken_by=f"{lap}")
        assert await store.save_checkpoint(home, saved)
        acknowledge("saved", f"{revision}")
        if revision <= MOST_FACTS:
            said = Fact(FactId(f"{revision}"), f"fact {revision}", OPEN, _ADA.id, _START)
            assert await store.remember(home, said)
            acknowledge("remembered", said.id)


def document(source: str, lap: int, version: int) -> tuple[Document, tuple[Passage, ...]]:
    """A version of a document; each says by one word which it is, in every passage."""
    length = 300 if version % 5 == 0 else 2  # the long ones are written in several parts
    word = f"{source}lap{lap}version{version}"
    passages = tuple(Passage(n, f"line {n}", f"passage of {word}") for n in range(length))
    return Document(DocumentId(word), source, source, word, 1, length, _START), passages


def brought(lap: int, place: int) -> Brought:
    """A session from elsewhere."""
    said = tuple(Message(Role.USER, f"line {n}", EventId(f"{n}"), _START) for n in range(20))
    name = f"brought-{lap}-{place}"
    return Brought(SessionId(name), name, OPEN, _ADA.id, _START, _START, messages=said)


async def take_in(store: Store, lap: int) -> None:
    """Put documents, each over its former version, and bring sessions, for ever."""
    home = (await store.workspace(HOME)).id
    for version in count(1):
        source = f"source{version % 3}"
        await store.put_document(home, *document(source, lap, version))
        acknowledge("put", f"{source} {lap} {version}")
        await store.bring(home, brought(lap, version))
        acknowledge("brought", brought(lap, version).id)


async def main(url: str, lap: int, seed: int) -> None:
    """Recover, then talk on all sessions, beside a workflow's run and what is taken in, until killed."""
    async with open_store(url, clock=clock(lap)) as store, asyncio.TaskGroup() as talks:
        await recover(store, claim(lap), Random(seed))
        for session in range(SESSIONS):
            talks.create_task(talk(store, session, lap, Random(seed + session)))
        talks.create_task(run_on(store, lap))
        talks.create_task(take_in(store, lap))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
