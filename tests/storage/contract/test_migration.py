from sessions.model import Platform, Status, WorkspaceKey
from sessions.ports.store import Store
from tests.storage.conftest import Second
from tests.storage.contract.scene import HOME, accept, claim, converse, inbound, result, take, thread

NEW_KEY = WorkspaceKey("telegram:-100200")
OLD, NEW = thread("", "-100"), thread("", "-100200")


async def test_the_workspace_moves_to_the_new_chat(store: Store, second: Second) -> None:
    home = await store.workspace(HOME, "A group")
    await store.migrate(OLD, NEW)
    found = await (await second()).find_workspace(NEW_KEY)
    assert found is not None
    assert (found.id, found.key, found.title) == (home.id, NEW_KEY, "A group")
    assert (await store.workspace(NEW_KEY)).id == home.id
    assert len((await store.workspaces(None, 10)).workspaces) == 1


async def test_bindings_move_and_threads_keep_theirs(store: Store) -> None:
    one = await converse(store, inbound(1, thread("7")))
    two = await converse(store, inbound(1, OLD))
    await store.migrate(OLD, NEW)
    for session, where in ((one, thread("7", "-100200")), (two, NEW)):
        bound = await store.bound(where)
        assert bound is not None
        assert (bound.key, bound.status) == (session.key, Status.ACTIVE)
    assert await store.bound(thread("7")) is None
    assert await store.bound(OLD) is None


async def test_the_conversation_goes_on_in_the_new_chat(store: Store) -> None:
    session = await converse(store, inbound(1), "a", "b")
    await store.migrate(OLD, NEW)
    accepted = await accept(store, inbound(2, thread("7", "-100200"), workspace=NEW_KEY), claim())
    assert accepted.session.key == session.key
    assert not accepted.started
    assert accepted.work is not None
    assert len(accepted.work.news) == 2


async def test_waiting_messages_are_answered_in_the_new_chat(store: Store) -> None:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    await store.migrate(OLD, NEW)
    places = [turn.inbound.place for turn in await store.waiting(work.session.key)]
    assert [place.thread for place in places] == [thread("7", "-100200")] * 2
    assert [place.workspace for place in places] == [NEW_KEY] * 2
    await store.commit(work.lease, result(work.turn.id, "a", "b"))
    following = await store.delivered(work.lease, work.turn.id, claim(), None)
    assert following is not None
    assert following.turn.id == inbound(2).event


async def test_repeating_a_migration_changes_nothing(store: Store) -> None:
    await converse(store, inbound(1))
    for _ in range(2):
        await store.migrate(OLD, NEW)
        bound = await store.bound(thread("7", "-100200"))
        assert bound is not None
        assert bound.status is Status.ACTIVE
        assert len((await store.workspaces(None, 10)).workspaces) == 1


async def test_an_event_of_the_old_chat_stays_known(store: Store) -> None:
    session = await converse(store, inbound(1))
    await store.migrate(OLD, NEW)
    again = await accept(store, inbound(1))
    assert not again.fresh
    assert again.session.key == session.key


async def test_other_chats_stay(store: Store) -> None:
    where = thread("7", "-100", Platform.DISCORD)
    session = await converse(store, inbound(1, where, workspace=WorkspaceKey("discord:guild:1")))
    await store.migrate(OLD, NEW)
    assert await store.bound(where) == session


async def test_a_chat_without_history_can_migrate(store: Store) -> None:
    await store.migrate(OLD, NEW)
    assert await store.find_workspace(NEW_KEY) is None
