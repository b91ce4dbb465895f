"""Looking at sessions: by id and name, in pages, by prefix, and what they hold."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import islice
from typing import NamedTuple

from sessions.errors import StoreDamaged
from sessions.model import Audience, Message, Session, SessionKey, Turn, WorkspaceId
from sessions.names import fold
from sessions.ports.catalog import Cursor, Quarantined, SessionPage
from storage import cursors
from storage.sqlite import inbox, records, rows, transcripts
from storage.sqlite.rows import ROW, SessionRow
from storage.sqlite.step import Step

_PAGE = ROW + " FROM sessions s WHERE workspace = ? AND audience = ? AND deleted = 0"
_ORDER = " ORDER BY active_at DESC, id"
_PREFIX = (
    "SELECT folded, name FROM sessions WHERE workspace = ? AND audience = ? AND folded >= ?"
    " ORDER BY folded"
)


class _Listed(NamedTuple):
    """A session of a page, with what ranks it."""

    active_at: int
    id: str
    session: Session


def get(step: Step, session: SessionKey) -> Session | None:
    """See :meth:`sessions.ports.catalog.Catalog.get`."""
    row = rows.find_living(step, session)
    return None if row is None else row.session()


def by_name(step: Step, workspace: WorkspaceId, name: str) -> Session | None:
    """See :meth:`sessions.ports.catalog.Catalog.by_name`."""
    row = step.execute(
        ROW + " FROM sessions s WHERE workspace = ? AND folded = ?", (workspace, fold(name))
    ).fetchone()
    return None if row is None else SessionRow._make(row).session()


def page(
    step: Step,
    workspace: WorkspaceId,
    audiences: frozenset[Audience] | None,
    after: Cursor | None,
    limit: int,
    skip: int,
    idle_since: datetime | None,
) -> SessionPage:
    """See :meth:`sessions.ports.catalog.Catalog.page`."""
    counts = _counts(step, workspace, audiences)
    start = cursors.session_start(after, idle_since)
    ranked = merge(*(_recent(step, workspace, audience, start) for audience in counts), key=_rank)
    found = list(islice(ranked, max(skip, 0), max(skip, 0) + max(limit, 0) + 1))
    shown = found[: max(limit, 0)]
    following = None
    if shown and len(found) > limit:
        following = cursors.after_session(shown[-1].active_at, shown[-1].id)
    return SessionPage(tuple(one.session for one in shown), sum(counts.values()), following)


def names(
    step: Step, workspace: WorkspaceId, audiences: frozenset[Audience] | None, prefix: str, limit: int
) -> tuple[str, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.names`."""
    start = fold(prefix)
    counts = _counts(step, workspace, audiences)
    found = merge(*(_from(step, workspace, audience, start) for audience in counts))
    return tuple(name for _, name in islice(found, max(limit, 0)))


def transcript(step: Step, session: SessionKey, before: int | None, limit: int) -> tuple[Message, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.transcript`."""
    row = rows.find_living(step, session)
    if row is None:
        return ()
    end = row.messages if before is None else max(0, min(before, row.messages))
    return transcripts.read(step, row, max(0, end - max(limit, 0)), end)


def waiting(step: Step, session: SessionKey) -> tuple[Turn, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.waiting`."""
    row = rows.find(step, session)
    return () if row is None else inbox.waiting(step, row)


def quarantined(step: Step) -> tuple[Quarantined, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.quarantined`."""
    found = step.execute("SELECT place, why, seq FROM quarantine ORDER BY seq").fetchall()
    return tuple(Quarantined(place, why, f"table quarantine, row {seq}") for place, why, seq in found)


def _counts(
    step: Step, workspace: WorkspaceId, audiences: Iterable[Audience] | None
) -> dict[Audience, int]:
    """How many sessions each audience has, without those that have none."""
    if audiences is None:
        return dict(
            step.execute(
                "SELECT audience, sessions FROM audiences WHERE workspace = ? AND sessions > 0",
                (workspace,),
            ).fetchall()
        )
    counts: dict[Audience, int] = {}
    for audience in audiences:
        found = step.execute(
            "SELECT sessions FROM audiences WHERE workspace = ? AND audience = ?", (workspace, audience)
        ).fetchone()
        if found is not None and found[0]:
            counts[audience] = found[0]
    return counts


def _recent(
    step: Step, workspace: WorkspaceId, audience: Audience, start: tuple[int, str] | None
) -> Iterator[_Listed]:
    query = partial(_rows, step)
    if start is None:
        yield from query(_PAGE + _ORDER, (workspace, audience))
        return
    # Two ranges of one index: a single condition would have to pass over all who share the cursor's time.
    time, id_ = start
    yield from query(
        _PAGE + " AND active_at = ? AND id > ? ORDER BY id", (workspace, audience, time, id_)
    )
    yield from query(_PAGE + " AND active_at < ?" + _ORDER, (workspace, audience, time))


def _rows(step: Step, query: str, values: tuple[object, ...]) -> Iterator[_Listed]:
    # Closed when the page is full: an open statement would hold on to the transaction's view.
    with closing(step.execute(query, values)) as cursor:
        for row in map(SessionRow._make, cursor):
            try:
                yield _Listed(row.active_at, row.id, row.session())
            except StoreDamaged as damage:
                records.log_skipped("page.skipped", row.seq, damage)


def _rank(listed: _Listed) -> tuple[int, str]:
    return (-listed.active_at, listed.id)


def _from(
    step: Step, workspace: WorkspaceId, audience: Audience, start: str
) -> Iterator[tuple[str, str]]:
    with closing(step.execute(_PREFIX, (workspace, audience, start))) as cursor:
        for folded, name in cursor:
            if not folded.startswith(start):
                return
            yield folded, name
