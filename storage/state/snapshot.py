"""The shortest list of changes that makes the same tables again."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import TypeVar

from sessions.model import Session
from storage.state.changes import (
    Change,
    PutAlias,
    PutBinding,
    PutHome,
    PutInbound,
    PutMessages,
    PutSession,
    PutWorkspace,
    RootChange,
)
from storage.state.root import RootTables
from storage.state.tables import Tables

BATCH = 64
"""How many messages or small changes go into one list."""

T = TypeVar("T")


def snapshot(tables: Tables) -> Iterator[list[Change]]:
    """Changes that make these tables again, in lists of bounded length."""
    small: Iterator[Change] = chain(
        tables.events.values(),
        tables.receipts.values(),
        (PutBinding(thread, session) for thread, session in tables.bindings.items()),
    )
    yield from _batches(small)
    for session in tables.sessions.values():
        yield from _session(tables, session)
    # One by one: a checkpoint may be long.
    yield from ([change] for change in tables.shelf.changes())


def root_snapshot(tables: RootTables) -> Iterator[list[RootChange]]:
    """Changes that make the root tables again, in lists of bounded length."""
    small: Iterator[RootChange] = chain(
        (PutWorkspace(workspace) for workspace in tables.workspaces.values()),
        (PutAlias(key, workspace) for key, workspace in tables.keys.items()),
        (PutHome(thread, workspace) for thread, workspace in tables.homes.items()),
        tables.listings.values(),
        tables.errands.values(),
        tables.roles.values(),
        tables.musters.values(),
    )
    yield from _batches(small)


def estimate(tables: Tables) -> int:
    """About how many lists a snapshot has."""
    small = len(tables.events) + len(tables.receipts) + len(tables.bindings)
    messages = sum(map(len, tables.transcripts.values()))
    single = len(tables.sessions) + len(tables.inboxes) + len(tables.shelf)
    return (small + messages) // BATCH + single


def root_estimate(tables: RootTables) -> int:
    """About how many lists a snapshot of the root has."""
    named = len(tables.workspaces) + len(tables.keys) + len(tables.homes)
    return (named + len(tables.listings) + len(tables.errands)) // BATCH


def _session(tables: Tables, session: Session) -> Iterator[list[Change]]:
    identity = session.key.id
    lease = tables.leases.get(identity)
    first: list[Change] = [PutSession(session)]
    yield first if lease is None else [*first, lease]
    messages = tables.transcripts.get(identity, [])
    for start in range(0, len(messages), BATCH):
        yield [PutMessages(identity, start, tuple(messages[start : start + BATCH]))]
    for one in tables.inboxes.get(identity, ()):
        yield [PutInbound(identity, one.inbound, one.accepted_at), one.progress]


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch
