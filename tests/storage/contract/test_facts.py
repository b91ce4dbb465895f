import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sessions.errors import NoSuchSession, UsageError
from sessions.model import OPEN, Audience, PersonId, WorkspaceId, WorkspaceKey
from sessions.ports.facts import MOST_FACTS, Fact, FactId
from sessions.ports.store import Store
from sessions.ports.turns import EVENT_MEMORY
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import ADA, HOME

NOON = datetime(2031, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SECRET = Audience("discord:5")
NOBODY = PersonId("")


def fact(
    identity: str, text: str = "", audience: Audience = OPEN, about: PersonId = NOBODY, at: int = 0
) -> Fact:
    said = text or f"What {identity} says"
    return Fact(FactId(identity), said, audience, about, NOON + timedelta(seconds=at))


async def home(store: Store) -> WorkspaceId:
    return (await store.workspace(HOME)).id


async def test_what_is_remembered_is_there_for_every_process(store: Store, second: Second) -> None:
    here = await home(store)
    one, two, three = fact("b"), fact("a"), fact("c", about=ADA.id, at=1)
    for each in (one, two, three):
        assert await store.remember(here, each)
    assert await (await second()).facts(here, None) == (three, two, one)


async def test_facts_are_seen_in_their_audience_only(store: Store) -> None:
    here = await home(store)
    said, whispered = fact("a"), fact("b", audience=SECRET)
    await store.remember(here, said)
    await store.remember(here, whispered)
    assert await store.facts(here, frozenset({OPEN})) == (said,)
    assert await store.facts(here, frozenset({SECRET, OPEN})) == (said, whispered)
    assert await store.facts(here, frozenset()) == ()


async def test_an_id_is_remembered_once(store: Store) -> None:
    here = await home(store)
    assert await store.remember(here, fact("a"))
    assert not await store.remember(here, fact("a"))
    assert not await store.remember(here, fact("a", "Something else"))
    assert await store.facts(here, None) == (fact("a"),)


async def test_the_same_said_in_other_letters_is_remembered_once(store: Store) -> None:
    here = await home(store)
    assert await store.remember(here, fact("a", "Ada lives in Århus"))
    assert not await store.remember(here, fact("b", "ADA LIVES IN A\u030aRHUS"))
    assert await store.remember(here, fact("c", "Ada lives in Århus", SECRET))
    assert await store.remember(here, fact("d", "Ada lives in Århus", about=ADA.id))
    assert await store.forget(here, FactId("a")) is not None
    assert await store.remember(here, fact("e", "Ada lives in Århus"))


async def test_a_forgotten_fact_is_gone_and_returned(store: Store, second: Second) -> None:
    here, other = await home(store), await second()
    await store.remember(here, fact("a"))
    await store.remember(here, fact("b"))
    assert await other.forget(here, FactId("a")) == fact("a")
    assert await store.forget(here, FactId("a")) is None
    assert await store.forget(here, FactId("never seen")) is None
    assert await store.facts(here, None) == (fact("b"),)


async def test_a_forgotten_id_is_not_remembered_again_for_two_days(
    store: Store, advance: Advance
) -> None:
    here = await home(store)
    await store.remember(here, fact("a"))
    await store.forget(here, FactId("a"))
    await advance(EVENT_MEMORY - SECOND)
    assert not await store.remember(here, fact("a"))
    assert await store.facts(here, None) == ()
    await advance(SECOND)
    assert await store.remember(here, fact("a"))


async def test_a_workspace_knows_nothing_of_another(store: Store) -> None:
    here = await home(store)
    there = (await store.workspace(WorkspaceKey("telegram:-200"))).id
    await store.remember(here, fact("a"))
    assert await store.facts(there, None) == ()
    assert await store.forget(there, FactId("a")) is None
    assert await store.remember(there, fact("a"))
    with pytest.raises(NoSuchSession):
        await store.remember(WorkspaceId("none"), fact("a"))
    assert await store.facts(WorkspaceId("none"), None) == ()
    assert await store.forget(WorkspaceId("none"), FactId("a")) is None


async def test_a_full_workspace_says_so_until_something_is_forgotten(store: Store) -> None:
    here = await home(store)
    kept = await asyncio.gather(*(store.remember(here, fact(f"{n}")) for n in range(MOST_FACTS)))
    assert all(kept)
    with pytest.raises(UsageError, match="Forget one"):
        await store.remember(here, fact("more"))
    assert not await store.remember(here, fact("0"))
    await store.forget(here, FactId("0"))
    assert await store.remember(here, fact("more"))
    assert len(await store.facts(here, None)) == MOST_FACTS


async def test_half_a_pair_in_a_fact_is_replaced(store: Store) -> None:
    here = await home(store)
    assert await store.remember(here, fact("a\ud800", "b\udc00"))
    assert await store.facts(here, None) == (fact("a\ufffd", "b\ufffd"),)
    assert await store.forget(here, FactId("a\ud800")) is not None
