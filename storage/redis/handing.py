"""What the rooms about turns share: handing work out, and looking for damage when that fails."""

from collections.abc import Awaitable

from sessions.errors import LeaseLost, SessionGone, StoreDamaged, StoreUnavailable
from sessions.model import OPEN, Audience, Inbound, Lease, Message, SessionKey, Turn
from sessions.ports.turns import EVENT_MEMORY, Claim, Known, Work
from sessions.recent import Recent
from storage import codec
from storage.redis.calls import Calls, blob, number, row
from storage.redis.client import Reply
from storage.redis.homes import REMEMBERED, Homes
from storage.redis.records import SessionRecord, microseconds, moment, session_record, turn_record
from storage.redis.repair import UnreadableWork
from storage.redis.room import Room

MEMORY = microseconds(EVENT_MEMORY)


class Handing(Room):
    """A room that hands out work."""

    def __init__(self, calls: Calls, homes: Homes) -> None:
        super().__init__(calls, homes)
        self._listed_in: Recent[SessionKey, Audience] = Recent(REMEMBERED)
        self._vouched: Recent[SessionKey, int] = Recent(REMEMBERED)
        """Over which connection each session's messages were last handed out."""
        self._unanswered: Recent[SessionKey, str] = Recent(REMEMBERED)
        """Tokens of claims that may have taken a lease: their replies were lost."""

    def _work(
        self, key: SessionKey, session: SessionRecord, work: list[Reply], inbound: Inbound | None = None
    ) -> Work:
        self._listed_in.put(key, session.audience)
        self._vouched.put(key, self._calls.client.connections)
        head, since, orphaned, news = work
        lease = session.lease(key)
        try:
            turn = _turn(key, head, inbound)
            messages = tuple(codec.decode(Message, blob(one)) for one in row(news))
        except StoreDamaged as damage:
            raise UnreadableWork(str(damage), lease) from None
        noun = session.session(key.workspace)
        return Work(lease, turn, noun, messages, number(since), orphaned=bool(orphaned))

    def _count_known(self, known: Known | None, key: SessionKey) -> int:
        """How many of the session's messages the caller has; none that a failover may have lost."""
        if known is None or known.session != key.id:
            return 0
        return known.messages if self._vouched.get(key, 0) == self._calls.client.connections else 0

    async def _audience(self, key: SessionKey) -> Audience:
        """Which index the session is listed in: fixed at its birth, so remembering it is safe."""
        known = self._listed_in.get(key, None)
        if known is not None:
            return known
        keys = self._calls.keys.of(key.workspace)
        found = await self._calls.client.command(keys.sessions, b"HGET", keys.sessions, key.id)
        return OPEN if found is None else session_record(blob(found)).audience

    def _claim_fields(self, claim: Claim, key: SessionKey) -> tuple[object, ...]:
        """A claim as lua/lease.lua unpacks it.

        Ends with the token of an earlier claim of this process that got no reply. If it took the lease,
        nobody knows of it: this one may have it, and nobody was taken over.
        """
        lasts, platforms = microseconds(claim.duration), tuple(claim.platforms)
        return (claim.holder, claim.token, lasts, platforms, self._unanswered.get(key, ""))

    async def _claiming(self, claim: Claim, key: SessionKey, call: Awaitable[Reply]) -> Reply:
        """Await a call with a claim, and remember the claim if it gets no reply."""
        try:
            reply = await call
        except StoreUnavailable:
            self._unanswered.put(key, claim.token)
            raise
        self._unanswered.drop(key)
        return reply

    def _of(self, session: SessionKey) -> list[bytes]:
        return self._calls.keys.of(session.workspace).of_turns(session.id)


def _turn(key: SessionKey, head: Reply, inbound: Inbound | None) -> Turn:
    """The head; of one that was just accepted the script only says when."""
    if isinstance(head, int) and inbound is not None:
        return Turn(key, inbound, moment(head))
    return turn_record(blob(head)).turn(key, inbound)


def held_fields(lease: Lease) -> tuple[str, str, int]:
    """What a script compares with the lease that it finds."""
    return (lease.holder, lease.token, lease.fence)


def check_held(what: str) -> None:
    """Raise what a script says of a lease: LeaseLost, SessionGone, or nothing."""
    if what == "gone":
        raise SessionGone("the session was deleted")
    if what == "lost":
        raise LeaseLost("somebody else may act for the session now")
