"""The tables that come from changes, and from a snapshot of them, are the same."""

from datetime import UTC, datetime, timedelta

import msgspec

from sessions.model import (
    EventId,
    Holder,
    ReplyPart,
    ReplyRecord,
    RoleName,
    SessionKey,
    WorkspaceId,
)
from storage.shelf import CHECKPOINTS, FACTS, checkpoint_slot, fact_slot
from storage.state import catalog, leasing, roles, shelving, turns
from storage.state.changes import Change, RootChange
from storage.state.root import RootStep, RootTables
from storage.state.snapshot import root_snapshot, snapshot
from storage.state.step import Step
from storage.state.tables import Tables
from tests.storage.contract.scene import (
    ADA,
    LEASE,
    claim,
    inbound,
    new,
    proposal,
    result,
    thread,
)
from tests.storage.contract.test_checkpoints import further, run
from tests.storage.contract.test_facts import fact

HOME = WorkspaceId("home")


def a_long_day() -> tuple[Tables, list[Change]]:
    """A workspace in which everything has happened, and the changes that it took."""
    step = Step(Tables(HOME), datetime(2031, 3, 5, 12, tzinfo=UTC))
    one, two = proposal("id-of-one", "one"), proposal("id-of-two", "two")
    work = turns.accept(step, inbound(5), one, claim(), None).work
    assert work is not None
    for number in (9, 7, 8):
        turns.accept(step, inbound(number), one, None, None)
    leasing.note_reply(step, work.lease, work.turn.id, ReplyRecord((ReplyPart("77"),)))
    turns.commit(step, work.lease, result(work.turn.id, *(f"line {n}" for n in range(150))))
    turns.delivered(step, work.lease, work.turn.id, claim(), None)
    turns.stop(step, work.session.key, EventId("stop"), None, None)
    step.now += timedelta(seconds=40)
    leasing.acquire(step, work.session.key, claim("two"), None)
    doomed = turns.accept(step, inbound(1, thread("b")), two, claim(), None).session
    catalog.bind(step, doomed.key, thread("c"), EventId("bind"))
    catalog.delete(step, doomed.key, EventId("delete"))
    catalog.create(step, new("id-of-three", "Two"), thread("b"), EventId("create"))
    catalog.archive(step, SessionKey(HOME, new("id-of-three", "").id), archived=True)
    catalog.create(step, new("id-of-four", "four"), None, EventId("create four"))
    catalog.delete(step, SessionKey(HOME, new("id-of-four", "").id), EventId("delete four"))
    leasing.keep_waiting(step, work.session.key, inbound(8).event, LEASE)
    catalog.retitle(step, work.session.key, f"what {ADA.name} asked")
    for name in "abc":
        shelving.shelve(step, fact_slot(fact(name)))
    shelving.unshelve(step, FACTS, "a")
    shelving.shelve(step, checkpoint_slot(run("deploy")))
    shelving.shelve(step, checkpoint_slot(further(run("deploy"))))
    shelving.shelve(step, checkpoint_slot(run("gone")))
    shelving.unshelve(step, CHECKPOINTS, "gone")
    return step.tables, step.changes


def written_and_read(changes: list[Change]) -> Tables:
    tables = Tables(HOME)
    for change in msgspec.json.decode(msgspec.json.encode(changes), type=list[Change]):
        tables.apply(change)
    return tables


def same(one: Tables, other: Tables) -> bool:
    return (
        vars(one.shelf) == vars(other.shelf)
        and all(
            getattr(one, table) == getattr(other, table)
            for table in (
                "sessions",
                "by_fold",
                "transcripts",
                "leases",
                "inboxes",
                "bindings",
                "events",
                "receipts",
            )
        )
        and list(one.events) == list(other.events)
    )


def test_changes_that_were_written_down_make_the_same_tables() -> None:
    tables, changes = a_long_day()
    assert same(written_and_read(changes), tables)


def test_a_snapshot_makes_the_same_tables() -> None:
    tables, changes = a_long_day()
    short = [change for batch in snapshot(tables) for change in batch]
    assert same(written_and_read(short), tables)
    assert len(short) < len(changes)


def test_a_snapshot_keeps_who_holds_a_role_and_who_lives() -> None:
    step = RootStep(RootTables(), datetime(2031, 3, 5, 12, tzinfo=UTC))
    one, two, poller = Holder("one"), Holder("two"), RoleName("telegram:1:updates")
    for _ in range(100):
        assert roles.hold_role(step, poller, one, LEASE)
        roles.muster(step, one, 1, LEASE)
    roles.muster(step, two, 1, LEASE)
    roles.dismiss(step, two)
    short = [change for batch in root_snapshot(step.tables) for change in batch]
    assert len(short) == 2
    again = RootTables()
    for change in msgspec.json.decode(msgspec.json.encode(short), type=list[RootChange]):
        again.apply(change)
    assert (again.roles, again.musters) == (step.tables.roles, step.tables.musters)


def test_lists_are_the_same_whenever_they_are_first_asked_for() -> None:
    tables, changes = a_long_day()
    early = Tables(HOME)
    for change in changes:
        early.apply(change)
        catalog.page(early, None, None, 10)
        catalog.names(early, None, "", 10)
    assert catalog.page(early, None, None, 10) == catalog.page(tables, None, None, 10)
    assert catalog.names(early, None, "", 10) == catalog.names(tables, None, "", 10)
    assert early.count() == tables.count() == 2
