from datetime import timedelta

import pytest

from sessions.errors import UsageError
from sessions.model import (
    OPEN,
    Audience,
    EventId,
    Listing,
    PersonId,
    SessionId,
    SessionKey,
    WorkspaceKey,
)
from sessions.ports.catalog import LISTING_MEMORY, Cursor, SessionPage
from sessions.ports.store import Store
from tests.storage.conftest import Advance, Second
from tests.storage.contract.scene import (
    ADA,
    HOME,
    accept,
    claim,
    converse,
    inbound,
    thread,
    workspace_session,
)

SECOND = timedelta(seconds=1)
CHANNEL = Audience("channel 9")


async def several(store: Store, advance: Advance, *names: str, audience: Audience = OPEN) -> None:
    for name in names:
        await workspace_session(store, name, audience=audience)
        await advance(SECOND)


def names_of(page: SessionPage) -> list[str]:
    return [session.name for session in page.sessions]


async def home_of(store: Store) -> SessionKey:
    return SessionKey((await store.workspace(HOME)).id, SessionId(""))


async def test_the_newest_activity_comes_first(store: Store, advance: Advance) -> None:
    await several(store, advance, "a", "b", "c")
    home = (await home_of(store)).workspace
    assert names_of(await store.page(home, None, None, 10)) == ["c", "b", "a"]
    await store.bind(SessionKey(home, SessionId(f"id-of-a-in-{HOME}")), thread(), EventId("bind"))
    await accept(store, inbound(1))
    assert names_of(await store.page(home, None, None, 10)) == ["a", "c", "b"]


async def test_equal_activity_is_ordered_by_id(store: Store) -> None:
    for name in ("b", "c", "a"):
        await workspace_session(store, name)
    home = (await home_of(store)).workspace
    assert names_of(await store.page(home, None, None, 10)) == ["a", "b", "c"]
    first = await store.page(home, None, None, 2)
    assert names_of(await store.page(home, None, first.next, 2)) == ["c"]


async def test_pages_follow_each_other(store: Store, advance: Advance) -> None:
    await several(store, advance, *"abcde")
    home = (await home_of(store)).workspace
    shown: list[str] = []
    cursor: Cursor | None = None
    for size in (2, 2, 1):
        page = await store.page(home, None, cursor, 2)
        assert page.total == 5
        assert len(page.sessions) == size
        shown += names_of(page)
        cursor = page.next
    assert shown == list("edcba")
    assert cursor is None


async def test_a_full_last_page_has_no_next(store: Store, advance: Advance) -> None:
    await several(store, advance, "a", "b")
    assert (await store.page((await home_of(store)).workspace, None, None, 2)).next is None


async def test_a_cursor_is_stable_while_sessions_come_and_move(store: Store, advance: Advance) -> None:
    await several(store, advance, *"abcde")
    home = (await home_of(store)).workspace
    first = await store.page(home, None, None, 2)
    await several(store, advance, "f")
    await store.bind(SessionKey(home, SessionId(f"id-of-d-in-{HOME}")), thread(), EventId("bind"))
    await accept(store, inbound(1))
    await store.delete(SessionKey(home, SessionId(f"id-of-e-in-{HOME}")), EventId("delete"))
    assert names_of(await store.page(home, None, first.next, 2)) == ["c", "b"]


async def test_sessions_can_be_skipped(store: Store, advance: Advance) -> None:
    await several(store, advance, *"abcde")
    home = (await home_of(store)).workspace
    page = await store.page(home, None, None, 2, skip=2)
    assert (names_of(page), page.total) == (["c", "b"], 5)
    rest = await store.page(home, None, page.next, 2)
    assert (names_of(rest), rest.next) == (["a"], None)
    assert names_of(await store.page(home, None, None, 2, skip=9)) == []


async def test_a_viewer_sees_their_audiences_merged(store: Store, advance: Advance) -> None:
    await several(store, advance, "a")
    await several(store, advance, "b", audience=CHANNEL)
    await several(store, advance, "c")
    await several(store, advance, "d", audience=Audience("channel 8"))
    home = (await home_of(store)).workspace
    page = await store.page(home, frozenset({OPEN, CHANNEL}), None, 10)
    assert (names_of(page), page.total) == (["c", "b", "a"], 3)
    page = await store.page(home, frozenset({OPEN}), None, 1)
    assert (names_of(page), page.total) == (["c"], 2)
    rest = await store.page(home, frozenset({OPEN}), page.next, 1)
    assert (names_of(rest), rest.next) == (["a"], None)
    assert (await store.page(home, frozenset(), None, 10)) == SessionPage((), 0)
    assert (await store.page(home, None, None, 10)).total == 4


async def test_archived_sessions_are_listed(store: Store) -> None:
    session = await workspace_session(store, "a")
    await store.archive(session.key, archived=True)
    assert (await store.page(session.key.workspace, None, None, 10)).total == 1


async def test_names_are_found_by_their_beginning(store: Store, advance: Advance) -> None:
    await several(store, advance, "Trip to Rome", "trap", "TRIPLE", "other")
    await several(store, advance, "tripod", audience=CHANNEL)
    home = (await home_of(store)).workspace
    assert await store.names(home, frozenset({OPEN}), "tRi", 10) == ("Trip to Rome", "TRIPLE")
    assert await store.names(home, None, "trip", 2) == ("Trip to Rome", "TRIPLE")
    assert await store.names(home, None, "", 10) == ("other", "trap", "Trip to Rome", "TRIPLE", "tripod")
    assert await store.names(home, None, "x", 10) == ()
    assert await store.names(home, frozenset(), "", 10) == ()


async def test_wildcards_in_a_prefix_are_letters(store: Store, advance: Advance) -> None:
    await several(store, advance, "a%b", "a_b", "axb", "[a]")
    home = (await home_of(store)).workspace
    assert await store.names(home, None, "a%", 10) == ("a%b",)
    assert await store.names(home, None, "a_", 10) == ("a_b",)
    assert await store.names(home, None, "[a", 10) == ("[a]",)


async def test_a_transcript_is_read_in_pieces(store: Store) -> None:
    session = await converse(store, inbound(1), *"abcdefg")

    async def piece(before: int | None, limit: int) -> str:
        return "".join(one.content for one in await store.transcript(session.key, before, limit))

    assert await piece(None, 3) == "efg"
    assert await piece(4, 3) == "bcd"
    assert await piece(1, 3) == "a"
    assert await piece(0, 3) == ""
    assert await piece(99, 2) == "fg"
    assert await piece(None, 99) == "abcdefg"


async def test_a_listing_is_remembered_for_its_person_and_thread(
    store: Store, second: Second, advance: Advance
) -> None:
    listing = Listing((SessionId("b"), SessionId("a")))
    bob = PersonId("telegram:43")
    await store.save_listing(thread(), ADA.id, listing)
    assert await (await second()).listing(thread(), ADA.id) == listing
    assert await store.listing(thread(), bob) is None
    assert await store.listing(thread("8"), ADA.id) is None
    await advance(LISTING_MEMORY - SECOND)
    await store.sweep(claim(), 10)
    assert await store.listing(thread(), ADA.id) == listing
    await advance(SECOND)
    assert await store.listing(thread(), ADA.id) is None


@pytest.mark.parametrize("ids", [("", "", "c", "d"), ("", "b", ""), ("",), ("", ""), ()])
async def test_a_blank_keeps_the_place_of_a_number(
    store: Store, second: Second, ids: tuple[str, ...]
) -> None:
    listing = Listing(tuple(map(SessionId, ids)))
    await store.save_listing(thread(), ADA.id, listing)
    assert await (await second()).listing(thread(), ADA.id) == listing


async def test_the_latest_listing_counts(store: Store, advance: Advance) -> None:
    await store.save_listing(thread(), ADA.id, Listing((SessionId("a"),)))
    await advance(timedelta(minutes=50))
    await store.save_listing(thread(), ADA.id, Listing((SessionId("b"),)))
    await advance(timedelta(minutes=50))
    await store.sweep(claim(), 10)
    assert await store.listing(thread(), ADA.id) == Listing((SessionId("b"),))


@pytest.mark.parametrize("position", ["", "x", "7", "9" * 40 + ".a", "1e5.a", "-5.a", "\u0663.a", ".a"])
async def test_a_cursor_that_no_page_of_sessions_gave_is_refused(store: Store, position: str) -> None:
    session = await workspace_session(store, "a")
    with pytest.raises(UsageError):
        await store.page(session.key.workspace, None, Cursor(position), 10)


@pytest.mark.parametrize("position", ["", "x", "0", "-1", "1.a", "99", "9" * 40, "\u0661", "1e5"])
async def test_a_cursor_that_no_page_of_workspaces_gave_is_refused(store: Store, position: str) -> None:
    await store.workspace(HOME)
    with pytest.raises(UsageError):
        await store.workspaces(Cursor(position), 10)


async def test_a_cursor_of_another_workspace_shows_nothing_of_it(store: Store, advance: Advance) -> None:
    await several(store, advance, "a", "b", "c")
    own = await workspace_session(store, "own", workspace=WorkspaceKey("other"))
    foreign = (await store.page((await home_of(store)).workspace, None, None, 1)).next
    assert names_of(await store.page(own.key.workspace, None, foreign, 10)) == []


async def test_a_cursor_outlives_its_session(store: Store, advance: Advance) -> None:
    await several(store, advance, *"abc")
    home = (await home_of(store)).workspace
    first = await store.page(home, None, None, 1)
    await store.delete(first.sessions[0].key, EventId("delete"))
    assert names_of(await store.page(home, None, first.next, 10)) == ["b", "a"]


async def test_workspaces_are_paged_in_order_of_creation(store: Store, advance: Advance) -> None:
    for key in ("c", "a", "b"):
        await store.workspace(WorkspaceKey(key))
        await advance(SECOND)
    await workspace_session(store, "one", workspace=WorkspaceKey("a"))
    await workspace_session(store, "two", workspace=WorkspaceKey("a"))
    first = await store.workspaces(None, 2)
    assert [(one.key, count) for one, count in first.workspaces] == [("c", 0), ("a", 2)]
    await store.workspace(WorkspaceKey("d"))
    rest = await store.workspaces(first.next, 2)
    assert [(one.key, count) for one, count in rest.workspaces] == [("b", 0), ("d", 0)]
    assert rest.next is None


async def test_a_deleted_session_is_not_counted(store: Store) -> None:
    accepted = await accept(store, inbound(1))
    await store.delete(accepted.session.key, EventId("delete"))
    ((_, count),) = (await store.workspaces(None, 10)).workspaces
    assert count == 0


async def test_a_sound_store_has_nothing_in_quarantine(store: Store) -> None:
    await converse(store, inbound(1))
    assert await store.quarantined() == ()
