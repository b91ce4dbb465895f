"""Errands, listings and what else is kept for a while."""

from datetime import timedelta
from itertools import islice

from sessions.errors import StoreDamaged
from sessions.model import EventId, Holder, Listing, PersonId, Platform, SessionId, ThreadRef
from sessions.ports.catalog import LISTING_MEMORY
from sessions.ports.errands import Errand
from storage.sqlite import events, records
from storage.sqlite.step import Step, microseconds

_END = "\n"
"""Ends each id of a listing: a number that nobody may use keeps its place as an empty one."""


def admit(step: Step, errand: Errand, holder: Holder, duration: timedelta) -> bool:
    """See :meth:`sessions.ports.errands.Errands.admit`."""
    if not events.remember(step, events.Kind.ERRAND, errand.event):
        return False
    step.execute(
        "INSERT INTO errands (event, platform, holder, deadline, body) VALUES (?, ?, ?, ?, ?)",
        (errand.event, errand.platform, holder, step.now + microseconds(duration), errand.body),
    )
    return True


def finish(step: Step, event: EventId) -> None:
    """See :meth:`sessions.ports.errands.Errands.finish`."""
    step.execute("DELETE FROM errands WHERE event = ?", (event,))


def adopt(
    step: Step, platforms: frozenset[Platform], holder: Holder, duration: timedelta, limit: int
) -> tuple[Errand, ...]:
    """See :meth:`sessions.ports.errands.Errands.adopt`."""
    late = step.execute(
        "SELECT seq, event, platform, body FROM errands WHERE deadline <= ? ORDER BY seq", (step.now,)
    )
    found = list(islice((row for row in late if row[2] in platforms), max(limit, 0)))
    late.close()
    deadline = step.now + microseconds(duration)
    return tuple(
        Errand(EventId(event), Platform(platform), body)
        for seq, event, platform, body in found
        if _hold(step, seq, event, holder, deadline)
    )


def _hold(step: Step, seq: int, event: str, holder: Holder, deadline: int) -> bool:
    """Give the errand to the holder.

    One whose event cannot be read could never be finished; it is put aside.
    """
    if step.execute(
        "UPDATE errands SET holder = ?, deadline = ? WHERE seq = ? AND event = ?",
        (holder, deadline, seq, event),
    ).rowcount:
        return True
    (body,) = step.execute("DELETE FROM errands WHERE seq = ? RETURNING body", (seq,)).fetchone()
    records.put_aside(step, f"errand in row {seq}", StoreDamaged("an unreadable event"), body)
    return False


def save_listing(step: Step, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
    step.execute(
        "INSERT OR REPLACE INTO listings (platform, chat, thread, person, saved_at, ids)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            thread.platform,
            thread.chat,
            thread.thread,
            person,
            step.now,
            "".join(f"{id_}{_END}" for id_ in listing.ids),
        ),
    )


def listing(step: Step, thread: ThreadRef, person: PersonId) -> Listing | None:
    """See :meth:`sessions.ports.catalog.Catalog.listing`."""
    row = step.execute(
        "SELECT ids FROM listings WHERE platform = ? AND chat = ? AND thread = ? AND person = ?"
        " AND saved_at > ?",
        (thread.platform, thread.chat, thread.thread, person, step.now - microseconds(LISTING_MEMORY)),
    ).fetchone()
    if row is None:
        return None
    ids = row[0].removesuffix(_END).split(_END) if row[0] else []
    return Listing(tuple(map(SessionId, ids)))


def forget_listings(step: Step, limit: int) -> None:
    """Forget up to ``limit`` listings past their time."""
    step.execute(
        "DELETE FROM listings WHERE seq IN (SELECT seq FROM listings WHERE saved_at <= ? LIMIT ?)",
        (step.now - microseconds(LISTING_MEMORY), limit),
    )
