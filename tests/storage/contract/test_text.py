"""Text that no encoding can carry: half of a surrogate pair is a valid string in memory and in JSON."""

from dataclasses import replace

from sessions.model import (
    Answer,
    Ending,
    EventId,
    Holder,
    Listing,
    Person,
    PersonId,
    Platform,
    Preferences,
    SessionId,
    WorkspaceKey,
)
from sessions.ports.catalog import NewSession
from sessions.ports.errands import Errand
from sessions.ports.store import Store
from sessions.ports.turns import Proposal
from tests.storage.conftest import Second
from tests.storage.contract.scene import (
    EVERYWHERE,
    HOME,
    LEASE,
    accept,
    claim,
    inbound,
    new,
    result,
    take,
    thread,
    workspace_session,
)

HALF = "a\ud800b\udc00\U0001f600"
WHOLE = "a\ufffdb\ufffd\U0001f600"


async def test_half_a_pair_in_a_conversation_is_replaced(store: Store, second: Second) -> None:
    author = Person(PersonId("telegram:42"), HALF)
    asked = replace(inbound(1, text=HALF), author=author)
    wanted = Proposal(SessionId("an-id"), HALF, HALF, Preferences(HALF, HALF))
    accepted = await store.accept(asked, wanted, claim(), None)
    assert accepted.work is not None
    assert (accepted.session.name, accepted.session.title) == (WHOLE, WHOLE)
    assert accepted.session.preferences == Preferences(WHOLE, WHOLE)
    said = accepted.work.turn.inbound
    assert (said.text, said.author.name) == (WHOLE, WHOLE)
    done = replace(result(said.event, HALF, HALF), answer=Answer(Ending.ANSWERED, HALF, HALF))
    committed = await store.commit(accepted.work.lease, done)
    assert committed.session.tally.size == 2 * len(WHOLE.encode())
    other = await second()
    (turn,) = await other.waiting(accepted.session.key)
    assert turn.answer == Answer(Ending.ANSWERED, WHOLE, WHOLE)
    messages = await other.transcript(accepted.session.key, None, 10)
    assert [message.content for message in messages] == [WHOLE, WHOLE]


async def test_half_a_pair_in_a_name_or_title_is_replaced(store: Store, second: Second) -> None:
    home = await store.workspace(HOME, HALF)
    assert home.title == WHOLE
    made = await store.create(
        home.id,
        NewSession(SessionId("i"), HALF, new("i", "x").audience, PersonId("p"), HALF),
        None,
        EventId("create"),
    )
    assert (made.name, made.title) == (WHOLE, WHOLE)
    await store.retitle(made.key, f"{HALF}!")
    found = await (await second()).by_name(home.id, HALF)
    assert found == replace(made, title=f"{WHOLE}!")
    assert await store.names(home.id, None, HALF, 10) == (WHOLE,)


async def test_half_a_pair_in_an_id_is_replaced_and_found_again(store: Store, second: Second) -> None:
    where = thread(HALF, HALF, Platform.TERMINAL)
    asked = inbound(1, where, event=HALF, workspace=WorkspaceKey(HALF))
    first = await accept(store, asked)
    other = await second()
    again = await accept(other, asked)
    assert (first.fresh, again.fresh) == (True, False)
    assert await other.bound(where) == first.session
    listing = Listing((SessionId(HALF),))
    await store.save_listing(where, PersonId(HALF), listing)
    assert await other.listing(where, PersonId(HALF)) == Listing((SessionId(WHOLE),))
    errand = Errand(EventId(HALF), Platform.TERMINAL, b"body")
    assert await store.admit(errand, Holder(HALF), LEASE)
    assert not await other.admit(errand, Holder(HALF), LEASE)
    await store.finish(errand.event)
    assert await store.adopt(EVERYWHERE, Holder("one"), LEASE, 10) == ()


async def test_half_a_pair_harms_nothing_else(store: Store, second: Second) -> None:
    work = await take(store, inbound(1, text=HALF))
    await store.stop(work.session.key, EventId(HALF), turn=EventId(HALF))
    await workspace_session(store, "beside")
    other = await second()
    assert (await other.page(work.session.key.workspace, None, None, 10)).total == 2
    assert await store.quarantined() == ()
