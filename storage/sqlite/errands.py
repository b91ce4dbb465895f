"""Errands, listings and what else is kept for a while."""

from datetime import timedelta
from itertools import islice

from sessions.model import EventId, Holder, Listing, PersonId, Platform, SessionId, ThreadRef
from sessions.ports.catalog import LISTING_MEMORY
from sessions.ports.errands import Errand
from storage.sqlite import events
from storage.sqlite.step import Step, microseconds

_SEPARATOR = "\n"


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
        "SELECT event, platform, body FROM errands WHERE deadline <= ? ORDER BY seq", (step.now,)
    )
    found = list(islice((row for row in late if row[1] in platforms), max(limit, 0)))
    late.close()
    step.executemany(
        "UPDATE errands SET holder = ?, deadline = ? WHERE event = ?",
        [(holder, step.now + microseconds(duration), event) for event, _, _ in found],
    )
    return tuple(Errand(EventId(event), Platform(platform), body) for event, platform, body in found)


def save_listing(step: Step, thread: ThreadRef, person: PersonId, listing: Listing) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.save_listing`."""
    step.execute(
        "INSERT OR REPLACE INTO listings (platform, chat, thread, person, saved_at, ids)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (thread.platform, thread.chat, thread.thread, person, step.now, _SEPARATOR.join(listing.ids)),
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
    return Listing(tuple(SessionId(id_) for id_ in row[0].split(_SEPARATOR) if id_))


def forget_listings(step: Step, limit: int) -> None:
    """Forget up to ``limit`` listings past their time."""
    step.execute(
        "DELETE FROM listings WHERE seq IN (SELECT seq FROM listings WHERE saved_at <= ? LIMIT ?)",
        (step.now - microseconds(LISTING_MEMORY), limit),
    )
