"""Every writing method of a store where it is called: what came before, and the call itself."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from sessions.model import (
    OPEN,
    Audience,
    EventId,
    Holder,
    Listing,
    Message,
    Platform,
    ReplyPart,
    ReplyRecord,
    Role,
    RoleName,
    Session,
    SessionId,
    SessionKey,
    WorkspaceKey,
)
from sessions.ports.bringing import Brought
from sessions.ports.errands import Errand
from sessions.ports.store import Store
from sessions.ports.turns import Work
from tests.storage.contract.scene import (
    ADA,
    HOME,
    LEASE,
    accept,
    claim,
    converse,
    inbound,
    new,
    result,
    take,
    thread,
    workspace_session,
)
from tests.storage.contract.test_checkpoints import further, run
from tests.storage.contract.test_facts import fact

Step = Callable[[], Awaitable[object]]
Scene = Callable[[Store], Awaitable[Step]]

_ROLE, _ONE = RoleName("telegram:1:updates"), Holder("one")
_ERRAND = Errand(EventId("errand"), Platform.TELEGRAM, b"\x00body")
_OLD, _NEW = thread("", "-100"), thread("", "-100200")


async def accept_the_first(store: Store) -> Step:
    return lambda: accept(store, inbound(1))


async def accept_with_a_claim(store: Store) -> Step:
    return lambda: accept(store, inbound(1), claim())


async def accept_another(store: Store) -> Step:
    await take(store, inbound(1))
    return lambda: accept(store, inbound(2), claim())


async def accept_in_a_new_topic(store: Store) -> Step:
    await converse(store, inbound(1))
    return lambda: accept(store, inbound(2, thread("8")), claim())


async def accept_before_one_that_came_early(store: Store) -> Step:
    await take(store, inbound(1))
    await accept(store, inbound(3))
    return lambda: accept(store, inbound(2))


async def acquire(store: Store) -> Step:
    accepted = await accept(store, inbound(1))
    return lambda: store.acquire(accepted.session.key, claim(), None)


async def renew(store: Store) -> Step:
    lease = (await take(store, inbound(1))).lease
    return lambda: store.renew(lease, LEASE * 2)


async def keep_waiting(store: Store) -> Step:
    accepted = await accept(store, inbound(1, owner="terminal"))
    return lambda: store.keep_waiting(accepted.session.key, inbound(1).event, LEASE * 2)


async def note_reply(store: Store) -> Step:
    work = await take(store, inbound(1))
    return lambda: _said(store.note_reply(work.lease, work.turn.id, ReplyRecord((ReplyPart("m"),))))


async def commit(store: Store) -> Step:
    work = await take(store, inbound(1))
    return lambda: store.commit(work.lease, result(work.turn.id, "question", "answer"))


async def deliver_the_last(store: Store) -> Step:
    work = await _committed(store)
    return lambda: store.delivered(work.lease, work.turn.id, claim(), None)


async def deliver_with_another_waiting(store: Store) -> Step:
    work = await _committed(store)
    await accept(store, inbound(2))
    return lambda: store.delivered(work.lease, work.turn.id, claim(), None)


async def deliver_with_one_waiting_for_others(store: Store) -> Step:
    work = await _committed(store)
    await accept(store, inbound(2))
    elsewhere = claim(platforms=frozenset({Platform.DISCORD}))
    return lambda: store.delivered(work.lease, work.turn.id, elsewhere, None)


async def deliver_a_tombstone(store: Store) -> Step:
    session = (await accept(store, inbound(1))).session
    await store.delete(session.key, EventId("delete"))
    tombstone = await store.acquire(session.key, claim(), None)
    assert tombstone is not None
    return lambda: store.delivered(tombstone.lease, tombstone.turn.id, claim(), None)


async def deliver_a_tombstone_with_two(store: Store) -> Step:
    session = (await accept(store, inbound(1))).session
    await accept(store, inbound(2))
    await store.delete(session.key, EventId("delete"))
    tombstone = await store.acquire(session.key, claim(), None)
    assert tombstone is not None
    return lambda: store.delivered(tombstone.lease, tombstone.turn.id, claim(), None)


async def release(store: Store) -> Step:
    lease = (await take(store, inbound(1))).lease
    return lambda: _said(store.release(lease))


async def stop(store: Store) -> Step:
    session = (await take(store, inbound(1))).session
    return lambda: store.stop(session.key, EventId("stop"))


async def find_or_make_a_workspace(store: Store) -> Step:
    return lambda: store.workspace(HOME, "A group")


async def create(store: Store) -> Step:
    home = await store.workspace(HOME)
    made = new("id", "Trip", Audience("discord:5"))
    return lambda: store.create(home.id, made, thread(), EventId("create"))


async def bring(store: Store) -> Step:
    home = await store.workspace(HOME)
    now = datetime(2031, 3, 5, 11, tzinfo=UTC)
    said = Message(Role.USER, "hello", EventId("turn"), now)
    brought = Brought(SessionId("id"), "Trip", OPEN, ADA.id, now, now, messages=(said,))
    return lambda: store.bring(home.id, brought)


async def create_in_a_bound_thread(store: Store) -> Step:
    session = await converse(store, inbound(1))
    made = new("id", "Trip")
    return lambda: store.create(session.key.workspace, made, thread(), EventId("create"))


async def bind(store: Store) -> Step:
    await converse(store, inbound(1))
    made = await workspace_session(store, "Trip")
    await store.archive(made.key, archived=True)
    return lambda: store.bind(made.key, thread(), EventId("bind"))


async def bind_from_another_workspace(store: Store) -> Step:
    await converse(store, inbound(1))
    made = await workspace_session(store, "Trip", workspace=inbound(1, thread("", "5")).place.workspace)
    return lambda: store.bind(made.key, thread(), EventId("bind"))


async def unbind(store: Store) -> Step:
    await converse(store, inbound(1))
    return lambda: _said(store.unbind(thread()))


async def retitle(store: Store) -> Step:
    key = await _key(store)
    return lambda: _said(store.retitle(key, "A title"))


async def archive(store: Store) -> Step:
    key = await _key(store)
    return lambda: _said(store.archive(key, archived=True))


async def delete(store: Store) -> Step:
    key = await _key(store)
    return lambda: store.delete(key, EventId("delete"))


async def delete_with_a_turn_running(store: Store) -> Step:
    work = await take(store, inbound(1))
    await accept(store, inbound(2))
    return lambda: store.delete(work.session.key, EventId("delete"))


async def save_listing(store: Store) -> Step:
    key = await _key(store)
    return lambda: _said(store.save_listing(thread(), ADA.id, Listing((key.id,))))


async def migrate(store: Store) -> Step:
    await converse(store, inbound(1), "a", "b")
    await accept(store, inbound(2))
    await accept(store, inbound(3, thread("8")))
    return lambda: _said(store.migrate(_OLD, _NEW))


async def migrate_to_a_chat_that_was_there(store: Store) -> Step:
    await converse(store, inbound(1), "a", "b")
    await accept(store, inbound(2))
    there = WorkspaceKey("telegram:-100200")
    await converse(store, inbound(1, thread("7", "-100200"), workspace=there), "c", "d")
    await accept(store, inbound(2, thread("8", "-100200"), workspace=there))
    return lambda: _said(store.migrate(_OLD, _NEW))


async def admit(store: Store) -> Step:
    return lambda: store.admit(_ERRAND, _ONE, LEASE)


async def finish(store: Store) -> Step:
    await store.admit(_ERRAND, _ONE, LEASE)
    return lambda: _said(store.finish(_ERRAND.event))


async def hold_role(store: Store) -> Step:
    return lambda: store.hold_role(_ROLE, _ONE, LEASE)


async def leave_role(store: Store) -> Step:
    await store.hold_role(_ROLE, _ONE, LEASE)
    return lambda: _said(store.leave_role(_ROLE, _ONE))


async def muster(store: Store) -> Step:
    return lambda: store.muster(_ONE, 3, LEASE)


async def dismiss(store: Store) -> Step:
    await store.muster(_ONE, 3, LEASE)
    return lambda: _said(store.dismiss(_ONE))


async def remember(store: Store) -> Step:
    home = await store.workspace(HOME)
    return lambda: store.remember(home.id, fact("a"))


async def forget(store: Store) -> Step:
    home = await store.workspace(HOME)
    await store.remember(home.id, fact("a"))
    return lambda: store.forget(home.id, fact("a").id)


async def save_checkpoint(store: Store) -> Step:
    home = await store.workspace(HOME)
    await store.save_checkpoint(home.id, run("Deploy"))
    return lambda: store.save_checkpoint(home.id, further(run("Deploy")))


async def delete_checkpoint(store: Store) -> Step:
    home = await store.workspace(HOME)
    await store.save_checkpoint(home.id, run("Deploy"))
    return lambda: store.delete_checkpoint(home.id, "deploy")


async def _said(step: Awaitable[None]) -> object:
    await step
    return "done"


async def _committed(store: Store) -> Work:
    work = await take(store, inbound(1))
    await store.commit(work.lease, result(work.turn.id, "question", "answer"))
    return work


async def _key(store: Store) -> SessionKey:
    session: Session = await converse(store, inbound(1))
    return session.key


SCENES: tuple[Scene, ...] = (
    accept_the_first,
    accept_with_a_claim,
    accept_another,
    accept_in_a_new_topic,
    accept_before_one_that_came_early,
    acquire,
    renew,
    keep_waiting,
    note_reply,
    commit,
    deliver_the_last,
    deliver_with_another_waiting,
    deliver_with_one_waiting_for_others,
    deliver_a_tombstone,
    deliver_a_tombstone_with_two,
    release,
    stop,
    find_or_make_a_workspace,
    create,
    create_in_a_bound_thread,
    bring,
    bind,
    bind_from_another_workspace,
    unbind,
    retitle,
    archive,
    delete,
    delete_with_a_turn_running,
    save_listing,
    migrate,
    migrate_to_a_chat_that_was_there,
    admit,
    finish,
    hold_role,
    leave_role,
    muster,
    dismiss,
    remember,
    forget,
    save_checkpoint,
    delete_checkpoint,
)
