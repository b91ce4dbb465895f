import asyncio
import fcntl
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sessions.errors import SessionGone, StoreUnavailable
from sessions.model import EventId, Holder, Listing, Platform, Session, SessionId, WorkspaceKey
from sessions.ports.catalog import Quarantined
from sessions.ports.errands import Errand
from storage.file import FileStore
from storage.file.records import frame
from tests.storage.contract.scene import ADA, HOME, LEASE, accept, claim, converse, inbound, take, thread


def journal(path: Path) -> Path:
    """The journal of the only workspace."""
    (found,) = path.glob("workspaces/*/journal")
    return found


def bytes_of(kept: Quarantined) -> bytes:
    return Path(kept.kept).read_bytes()


def damage(path: Path, needle: bytes, replacement: bytes) -> None:
    data = path.read_bytes()
    assert data.count(needle) == 1
    path.write_bytes(data.replace(needle, replacement))


async def talk(path: Path, *texts: str) -> Session:
    """One turn a text, its answer the text in capitals."""
    async with FileStore.open(path) as store:
        for number, text in enumerate(texts, 1):
            session = await converse(store, inbound(number), text, text.upper())
    return session


async def contents(store: FileStore, session: Session) -> list[str]:
    return [message.content for message in await store.transcript(session.key, None, 100)]


async def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one", "two")
    async with FileStore.open(tmp_path) as store:
        work = await take(store, inbound(3))
        await accept(store, inbound(4))
        before = await store.waiting(session.key)
        page = await store.page(session.key.workspace, None, None, 10)
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE", "two", "TWO"]
        assert await store.waiting(session.key) == before
        assert await store.page(session.key.workspace, None, None, 10) == page
        assert await store.bound(thread()) == page.sessions[0]
        assert (await store.renew(work.lease, claim().duration)).lease.fence == work.lease.fence


@pytest.mark.parametrize("tail", [b"1 0123", b"\0" * 500, frame(b"[]")[:-4]])
async def test_a_line_that_was_not_finished_is_cut(tmp_path: Path, tail: bytes) -> None:
    session = await talk(tmp_path, "one")
    with journal(tmp_path).open("ab") as file:
        file.write(tail)
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE"]
        await converse(store, inbound(2), "two", "TWO")
        assert await store.quarantined() == ()
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE", "two", "TWO"]
    assert tail not in journal(tmp_path).read_bytes()


async def test_an_end_that_was_never_a_record_is_kept_aside(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one")
    with journal(tmp_path).open("ab") as file:
        file.write(b"no record")
    async with FileStore.open(tmp_path) as store:
        await converse(store, inbound(2), "two", "TWO")
        (kept,) = await store.quarantined()
        assert bytes_of(kept).endswith(b"no record")
        assert await contents(store, session) == ["one", "ONE", "two", "TWO"]


async def test_a_last_line_that_lacks_only_its_break_counts(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one")
    path = journal(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    async with FileStore.open(tmp_path) as store:
        await converse(store, inbound(2), "two", "TWO")
        assert await store.waiting(session.key) == ()
        assert await store.quarantined() == ()
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE", "two", "TWO"]


async def test_a_damaged_record_hides_nothing_else(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one", "two", "three")
    damage(journal(tmp_path), b'"content":"TWO"', b'"content":"T?O"')
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE", "three", "THREE"]
        found = await store.get(session.key)
        assert found is not None
        assert found.tally.messages == 4
        (kept,) = await store.quarantined()
    assert str(journal(tmp_path)) in kept.where
    assert b"T?O" in bytes_of(kept)
    assert "checksum" in kept.why


async def test_a_damaged_first_record_leaves_the_session(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one", "two")
    path = journal(tmp_path)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE", "two", "TWO"]
        found = await store.by_name(session.key.workspace, session.name)
        assert found is not None
        await converse(store, inbound(3), "three", "THREE")
        assert len(await store.quarantined()) == 1


async def test_a_swallowed_line_break_hides_no_record(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one", "two")
    lines = journal(tmp_path).read_bytes().splitlines(keepends=True)
    lines[1] = lines[1][:-1] + b"#"
    journal(tmp_path).write_bytes(b"".join(lines))
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE", "two", "TWO"]


async def test_line_breaks_inside_damage_hide_no_record(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one", "two", "three")
    damage(journal(tmp_path), b'"content":"TWO"', b'"con\n\n":"T\nO"')
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE", "three", "THREE"]
        assert len(await store.quarantined()) == 1


async def test_a_record_of_an_unknown_kind_is_put_aside(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one")
    with journal(tmp_path).open("ab") as file:
        file.write(frame(b'[{"type":"PutSomethingElse"}]'))
    async with FileStore.open(tmp_path) as store:
        assert await contents(store, session) == ["one", "ONE"]
        (kept,) = await store.quarantined()
    assert b"PutSomethingElse" in bytes_of(kept)


async def test_what_a_damaged_record_says_is_not_in_the_report_on_it(tmp_path: Path) -> None:
    await talk(tmp_path, "one")
    record = b'[{"type":"PutSession","session":{"status":"a secret"}}]'
    with journal(tmp_path).open("ab") as file:
        file.write(frame(record))
    with capture_logs() as logs:
        async with FileStore.open(tmp_path) as store:
            (kept,) = await store.quarantined()
    assert "secret" not in kept.why
    assert "secret" not in str(logs)
    assert b"a secret" in bytes_of(kept)


async def test_a_session_deleted_under_its_holder_stays_with_it_after_reopening(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as store:
        work = await take(store, inbound(1))
        await store.delete(work.session.key, EventId("delete"))
    async with FileStore.open(tmp_path) as store:
        assert await store.sweep(claim("two"), 10) == ()
        with pytest.raises(SessionGone):
            await store.renew(work.lease, LEASE)
        await store.release(work.lease)
        (tomb,) = await store.sweep(claim("two"), 10)
    async with FileStore.open(tmp_path) as store:
        assert (await store.renew(tomb.lease, LEASE)).lease.fence == tomb.lease.fence


async def test_the_same_damage_is_reported_once(tmp_path: Path) -> None:
    await talk(tmp_path, "one", "two")
    damage(journal(tmp_path), b'"content":"TWO"', b'"content":"T?O"')
    for _ in range(2):
        async with FileStore.open(tmp_path) as store, FileStore.open(tmp_path) as other:
            assert len(await store.quarantined()) == 1
            assert await other.quarantined() == await store.quarantined()


async def test_damage_in_one_workspace_is_not_seen_in_another(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one")
    path = journal(tmp_path)
    async with FileStore.open(tmp_path) as store:
        where = thread("7", "-200")
        other = await converse(store, inbound(1, where, workspace=WorkspaceKey("telegram:-200")))
    path.write_bytes(b"\xff" * 5_000 + b"\n")
    async with FileStore.open(tmp_path) as store:
        assert await store.get(other.key) == other
        assert await store.get(session.key) is None
        assert len(await store.quarantined()) == 1


async def test_a_damaged_root_journal_hides_no_workspace_and_no_binding(tmp_path: Path) -> None:
    session = await talk(tmp_path, "one")
    root = tmp_path / "journal"
    root.write_bytes(b"\0" * root.stat().st_size + b"\n")
    async with FileStore.open(tmp_path) as store:
        home = await store.find_workspace(HOME)
        assert home is not None
        assert home.id == session.key.workspace
        assert await store.bound(thread()) == session
        assert await contents(store, session) == ["one", "ONE"]
        assert not (await accept(store, inbound(1))).fresh


async def test_two_processes_write_in_turns(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as one, FileStore.open(tmp_path) as two:
        async with asyncio.TaskGroup() as group:
            for number in range(40):
                store = (one, two)[number % 2]
                group.create_task(accept(store, inbound(number, event=f"event {number}")))
        accepted = await accept(one, inbound(99))
        for store in (one, two):
            waiting = await store.waiting(accepted.session.key)
            assert [turn.inbound.number for turn in waiting] == [*range(40), 99]


async def test_a_turn_appends_as_much_to_a_long_journal_as_to_a_short_one(tmp_path: Path) -> None:
    sizes: list[int] = []
    async with FileStore.open(tmp_path) as store:
        for number in range(100, 300):
            await converse(store, inbound(number), "hello", "hi")
            sizes.append(journal(tmp_path).stat().st_size)
    growth = [after - before for before, after in pairwise(sizes)]
    assert max(growth) - min(growth) < 100


async def test_a_journal_that_needs_few_of_its_lines_is_rewritten_by_a_sweep(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as store:
        work = await take(store, inbound(1))
        for _ in range(1_100):
            await store.renew(work.lease, claim().duration)
    size = journal(tmp_path).stat().st_size
    async with FileStore.open(tmp_path) as store, FileStore.open(tmp_path) as other:
        before = await other.waiting(work.session.key)
        await store.sweep(claim("two"), 10)
        assert journal(tmp_path).stat().st_size < size / 50
        assert await other.waiting(work.session.key) == before
        assert (await other.renew(work.lease, claim().duration)).lease.token == work.lease.token


async def test_a_root_journal_that_needs_few_of_its_lines_is_rewritten_by_a_sweep(
    tmp_path: Path,
) -> None:
    listing = Listing((SessionId("a"),))
    async with FileStore.open(tmp_path) as store, FileStore.open(tmp_path) as other:
        session = await converse(store, inbound(1))
        await store.admit(Errand(EventId("errand"), Platform.DISCORD, b"body"), Holder("one"), LEASE)
        for _ in range(1_100):
            await store.save_listing(thread(), ADA.id, listing)
        size = (tmp_path / "journal").stat().st_size
        await store.sweep(claim(), 10)
        assert (tmp_path / "journal").stat().st_size < size / 50
        for one in (store, other):
            assert await one.listing(thread(), ADA.id) == listing
            assert await one.bound(thread()) == session
            assert not await one.admit(
                Errand(EventId("errand"), Platform.DISCORD, b""), Holder("two"), LEASE
            )


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_step_that_could_not_be_written_did_not_happen(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as store:
        accepted = await accept(store, inbound(1))
        with no_file_larger_than(journal(tmp_path).stat().st_size + 10):
            with pytest.raises(StoreUnavailable):
                await accept(store, inbound(2))
            assert len(await store.waiting(accepted.session.key)) == 1
        assert (await accept(store, inbound(2))).fresh
    async with FileStore.open(tmp_path) as store:
        assert len(await store.waiting(accepted.session.key)) == 2


async def test_a_lock_that_another_process_keeps_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.file.locking.PATIENCE", 0.01)
    session = await talk(tmp_path, "one")
    async with FileStore.open(tmp_path) as store:
        with (journal(tmp_path).parent / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(StoreUnavailable):
                await accept(store, inbound(2))
            assert await contents(store, session) == ["one", "ONE"]
        assert (await accept(store, inbound(2))).fresh


async def test_a_closed_store_takes_nothing_more(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as store:
        pass
    await store.close()
    with pytest.raises(StoreUnavailable):
        await accept(store, inbound(1))


async def test_a_call_that_was_cancelled_does_not_stop_the_store(tmp_path: Path) -> None:
    async with FileStore.open(tmp_path) as store:
        await store.workspace(HOME)
        waiting = asyncio.create_task(accept(store, inbound(1)))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        again = await accept(store, inbound(1))
        assert len(await store.waiting(again.session.key)) == 1
        assert await store.stop(again.session.key, EventId("stop")) is None
