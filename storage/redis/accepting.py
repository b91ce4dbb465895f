"""Taking an Inbound in: see :meth:`sessions.ports.turns.Turns.accept`."""

from datetime import timedelta
from functools import partial

from sessions.errors import StoreUnavailable
from sessions.model import OPERATOR, Audience, Inbound, SessionId, SessionKey
from sessions.names import fold
from sessions.ports.turns import NEWS_LIMIT, Accepted, Claim, Known, Proposal
from storage.redis.calls import blob, number, packed, row, text
from storage.redis.client import Reply
from storage.redis.handing import MEMORY, Handing
from storage.redis.homes import Home
from storage.redis.records import microseconds, moment, queued, session_record, thread_field
from storage.rules import born_in, gone
from storage.wellformed import mends_text

_UNCLAIMED = timedelta(seconds=30)
"""How long an owner may be silent about an Inbound that was accepted without a claim."""
_TRIES = 6
"""So often may what a thread is bound to change between looking and accepting."""
_TAKEN = ("started", "fresh", "again")


@mends_text
class Accepting(Handing):
    """One script where the thread's session is remembered; else the way to it is looked up first."""

    async def accept(
        self, inbound: Inbound, proposal: Proposal, claim: Claim | None, known: Known | None
    ) -> Accepted:
        """See :meth:`sessions.ports.turns.Turns.accept`."""
        place = inbound.place
        home = self._homes.bound(place.thread, place.workspace)
        for _ in range(_TRIES):
            made = proposal if home is None else None
            if home is None:
                home = await self._new_home(inbound, proposal)
            key = SessionKey(home.workspace, home.session)
            accepting = partial(self._accept, inbound, made, home, claim, known)
            found = await self._repair.sound(key, accepting, place.thread)
            if isinstance(found, Accepted):
                if found.started:
                    await self._homes.settle(place.thread, home.workspace)
                return found
            match text(found[0]):
                case "gone":
                    return Accepted(gone(key, moment(number(found[1]))), fresh=False)
                case "elsewhere":
                    # Of a repeat only the session is told: its indexes are not touched.
                    session, audience = SessionId(text(found[1])), Audience(text(found[2]))
                    home = Home(place.workspace, home.workspace, session, audience or home.audience)
                case _:
                    self._homes.forget(place.thread, place.workspace)
                    home = None
        raise StoreUnavailable("the thread's session changes faster than it can be found")

    async def _new_home(self, inbound: Inbound, proposal: Proposal) -> Home:
        place = inbound.place
        workspace = await self._homes.settled(place.thread, place.workspace)
        return Home(place.workspace, workspace, proposal.id, born_in(place.audience))

    async def _accept(
        self,
        inbound: Inbound,
        made: Proposal | None,
        home: Home,
        claim: Claim | None,
        known: Known | None,
    ) -> Accepted | list[Reply]:
        """Accept into that session; else what the script found instead."""
        place, keys = inbound.place, self._calls.keys.of(home.workspace)
        key = SessionKey(home.workspace, home.session)
        patience = _UNCLAIMED if claim is None else claim.duration
        args = packed(
            self._calls.clock,
            home.workspace,
            home.session,
            self._calls.keys.wakeups,
            place.workspace,
            thread_field(place.thread),
            () if place.audience == OPERATOR else (place.audience,),
            home.audience,
            _made(made, inbound) if made is not None else False,
            queued(inbound),
            microseconds(patience),
            False if claim is None else self._claim_fields(claim, key),
            self._count_known(known, key),
            NEWS_LIMIT,
            MEMORY,
        )
        names = [
            *keys.of_turns(home.session),
            keys.event(inbound.event),
            keys.meta,
            keys.bindings,
            keys.recent(home.audience),
        ]
        if made is not None:
            names += [keys.names, keys.alphabet(home.audience), keys.audiences]
        accepting = self._calls.run("accept", names, args)
        found = row(await (accepting if claim is None else self._claiming(claim, key, accepting)))
        what = text(found[0])
        return self._accepted(inbound, home, found, what) if what in _TAKEN else found

    def _accepted(self, inbound: Inbound, home: Home, found: list[Reply], what: str) -> Accepted:
        _, record, ahead, work = found
        session = session_record(blob(record))
        key = SessionKey(home.workspace, home.session)
        home = Home(home.key, home.workspace, home.session, session.audience)
        self._homes.remember(inbound.place.thread, home)
        taken = None if work is None else self._work(key, session, row(work), inbound)
        noun = taken.session if taken is not None else session.session(home.workspace)
        return Accepted(noun, what != "again", what == "started", number(ahead), taken)


def _made(proposal: Proposal, inbound: Inbound) -> tuple[object, ...]:
    # The end of the id: its beginning may be a time that others share.
    names = (proposal.name, f"{proposal.name}-{proposal.id[-6:]}", f"{proposal.name}-{proposal.id}")
    wanted = proposal.preferences
    candidates = tuple((name, fold(name)) for name in names)
    return (candidates, proposal.title, inbound.author.id, wanted.model, wanted.system)
