import os
import re
import secrets
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from sessions.model import Message, Role
from sessions.ports.store import Store
from storage.opening import open_store
from tests.storage.crash import program

KILLS = int(os.environ.get("PARLEY_CRASH_ROUNDS", "25"))
URLS: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda directory: f"sqlite://{directory}/parley.db",
    "file": lambda directory: f"file://{directory}/store",
}
"""A backend that survives SIGKILL joins by one entry here."""

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("backend", URLS)
async def test_nothing_acknowledged_is_lost_doubled_or_reordered_by_a_kill(
    backend: str, tmp_path: Path
) -> None:
    url = URLS[backend](tmp_path)
    seed = int(os.environ.get("PARLEY_CRASH_SEED") or secrets.randbits(32))
    print(f"PARLEY_CRASH_SEED={seed}")
    chance = Random(seed)
    acknowledged = defaultdict[str, set[str]](set)
    for lap in range(KILLS):
        for line in killed(url, lap, chance):
            what, event = line.split(" ", 1)
            acknowledged[what].add(event)
    assert len(acknowledged["delivered"]) > KILLS, "the rounds were too short to show anything"

    async with open_store(url, clock=program.clock(KILLS)) as store:
        waiting = await in_inboxes(store)
        committed = await in_transcripts(store)
        assert not acknowledged["delivered"] & set(waiting)
        assert acknowledged["committed"] <= set(committed)
        assert acknowledged["accepted"] <= set(waiting) | set(committed)

        await check_shelves(store, acknowledged)
        await check_taken_in(store, acknowledged)
        await program.recover(store, program.claim(KILLS), chance)
        assert await in_inboxes(store) == []
        finished = await in_transcripts(store)
        assert acknowledged["accepted"] <= set(finished)
        assert len(finished) == len(set(finished))
        assert set(committed) | set(waiting) == set(finished)
        assert await store.quarantined() == ()


@pytest.mark.parametrize("backend", URLS)
async def test_the_leases_of_the_dead_are_taken_when_their_time_has_run_out(
    backend: str, tmp_path: Path
) -> None:
    url = URLS[backend](tmp_path)
    waiting: list[str] = []
    for seed in range(100):
        killed(url, 0, Random(seed))
        async with open_store(url, clock=program.clock(0)) as store:
            waiting = await in_inboxes(store)
            assert await store.sweep(program.claim(1), 100) == ()
        if waiting:
            break
    async with open_store(url, clock=program.clock(1)) as store:
        taken = await store.sweep(program.claim(1), 100)
        assert {work.turn.id for work in taken} <= set(waiting)
        assert taken
        assert all(work.turn.takeovers == (work.turn.answer is None) for work in taken)


def killed(url: str, lap: int, chance: Random) -> list[str]:
    """Run the program until a random moment and return the lines that it got out."""
    command = [
        sys.executable,
        "-m",
        "tests.storage.crash.program",
        url,
        str(lap),
        str(chance.randrange(2**32)),
    ]
    lines = chance.choice((0, chance.randrange(40), chance.randrange(40)))
    delay = chance.random() * (0.3 if lines == 0 else 0.005)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(lines)]
        with suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        assert process.poll() is None, "the program ended by itself"
        process.kill()
        printed += process.stdout.readlines()
    return [line.rstrip("\n") for line in printed if line.endswith("\n")]


async def check_shelves(store: Store, acknowledged: Mapping[str, set[str]]) -> None:
    """Every save and every fact that was acknowledged is there, and none that was never begun."""
    home = (await store.workspace(program.HOME)).id
    found = await store.checkpoint(home, program.RUN)
    assert found is not None
    assert found.revision >= max(map(int, acknowledged["saved"]))
    facts = {fact.id for fact in await store.facts(home, None)}
    assert acknowledged["remembered"] <= facts <= {f"{n}" for n in range(1, found.revision + 1)}


async def check_taken_in(store: Store, acknowledged: Mapping[str, set[str]]) -> None:
    """Every document stands whole, none older than was acknowledged; every session came whole."""
    home = (await store.workspace(program.HOME)).id
    assert acknowledged["put"]
    newest: dict[str, tuple[int, int]] = {}
    for line in acknowledged["put"]:
        source, lap, version = line.split(" ")
        newest[source] = max(newest.get(source, (0, 0)), (int(lap), int(version)))
    for source, acknowledged_last in newest.items():
        found = await store.document(home, source)
        assert found is not None
        said = re.fullmatch(rf"{source}lap(\d+)version(\d+)", found.digest)
        assert said is not None
        assert (int(said[1]), int(said[2])) >= acknowledged_last
        passages = await store.find_passages(home, [found.digest], 1_000)
        assert len(passages) == found.passages
        assert all(found.digest in one.passage.text for one in passages)
    for name in acknowledged["brought"]:
        session = await store.by_name(home, name)
        assert session is not None
        assert len(await store.transcript(session.key, None, 100)) == session.tally.messages == 20
    # Of all that was ever begun no other passage is found.
    stands = {one.digest for one in await store.documents(home, "", 100)}
    everything = await store.find_passages(home, ["passage"], 10_000)
    assert {one.passage.text.rpartition(" ")[2] for one in everything} == stands


async def in_inboxes(store: Store) -> list[str]:
    """The events that wait, having checked their order."""
    waiting: list[str] = []
    for session in range(program.SESSIONS):
        found = await store.bound(program.thread(session))
        turns = [] if found is None else [turn.id for turn in await store.waiting(found.key)]
        assert turns == sorted(turns, key=program.number)
        waiting += turns
    return waiting


async def in_transcripts(store: Store) -> list[str]:
    """The events that have their answer, having checked that each stands whole and in its place."""
    answered: list[str] = []
    for session in range(program.SESSIONS):
        found = await store.bound(program.thread(session))
        if found is None:
            continue
        messages = await store.transcript(found.key, None, 1_000_000)
        tally = found.tally
        assert (tally.messages, tally.user_messages) == (len(messages), len(messages) // 2)
        assert tally.size == sum(len(message.content.encode()) for message in messages)
        assert tally.tokens == 15 * (len(messages) // 2)
        events = [message.turn for message in messages[::2]]
        assert events == sorted(events, key=program.number)
        assert [whole(message) for message in messages] == [
            line
            for event in events
            for line in ((Role.USER, f"question {event}"), (Role.ASSISTANT, f"answer {event}"))
        ]
        answered += events
    return answered


def whole(message: Message) -> tuple[Role, str]:
    return (message.role, message.content)
