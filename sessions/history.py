"""History: what was said in a workspace's other sessions, as background for a prompt."""

from collections.abc import Sequence
from functools import partial

from sessions.model import OPEN, OPERATOR, Audience, Message, Role, Session, Used
from sessions.patience import insist
from sessions.ports.catalog import Catalog, Cursor
from sessions.ports.grounds import Ground
from sessions.ports.turns import Work
from sessions.quoting import quoted
from sessions.window import UNBOUNDED, RecentMessages, estimate_tokens

_HEADING = "## Earlier sessions, the last used first"
_LEAST = 100
"""Tokens; a session with less room than that would say nothing."""
_NEWEST = 60
"""So many of a session's newest messages are looked at."""
_BATCH = 20
_EMPTY = 200
"""So many sessions without a message are passed over at most."""
_CUT = " […]"
_SHORTEST = 20
"""Characters of a beginning that says something."""
_SPEAKERS = {Role.USER: "User", Role.ASSISTANT: "Assistant", Role.SYSTEM: "System"}


class HistoryGround:
    """The end of each of the sessions that were used last, for Inbounds that wish for some of them.

    Sessions are those that can be read where the turn's session is: open ones and its own audience's;
    the operator's own terminal reads all. The session of the turn and empty ones are left out. Room that
    a short session leaves goes to the longer ones.
    """

    def __init__(self, store: Catalog) -> None:
        self._store = store

    async def ground(self, work: Work, budget: int, first_source: int) -> Ground | None:
        """See :meth:`sessions.ports.grounds.Grounds.ground`. Waits for a store that is away."""
        budget -= estimate_tokens(_HEADING) + 1
        wanted = min(work.turn.inbound.wishes.history, max(budget, 0) // _LEAST)
        if wanted < 1:
            return None
        sessions = await self._last_used(work, wanted)
        heard = [(one, await self._newest(one)) for one in sessions]
        parts = _divided([(one, messages) for one, messages in heard if messages], budget)
        if not parts:
            return None
        names = tuple(session.name for session, _ in parts)
        return Ground("\n\n".join((_HEADING, *(text for _, text in parts))), Used(sessions=names))

    async def _last_used(self, work: Work, wanted: int) -> list[Session]:
        workspace, audiences = work.session.key.workspace, _readable(work)
        found: list[Session] = []
        after: Cursor | None = None
        looked = 0
        while len(found) < wanted and looked < wanted + _EMPTY:
            page = await insist(partial(self._store.page, workspace, audiences, after, _BATCH))
            looked += len(page.sessions)
            found += (one for one in page.sessions if one.tally.messages and one.key != work.session.key)
            after = page.next
            if after is None:
                break
        return found[:wanted]

    async def _newest(self, session: Session) -> tuple[Message, ...]:
        return await insist(partial(self._store.transcript, session.key, None, _NEWEST))


def _readable(work: Work) -> frozenset[Audience] | None:
    if work.turn.inbound.place.audience == OPERATOR:
        return None
    return frozenset({OPEN, work.session.audience})


def _divided(
    heard: Sequence[tuple[Session, Sequence[Message]]], budget: int
) -> list[tuple[Session, str]]:
    """Give each session a text, in the given order; who needs least is served first."""
    whole = [_told(session, messages, budget) for session, messages in heard]
    costs = [estimate_tokens(text) + 1 for text in whole]
    left, texts = budget, dict[int, str]()
    for served, at in enumerate(sorted(range(len(heard)), key=costs.__getitem__)):
        share = left // (len(heard) - served)
        text = whole[at] if costs[at] <= share else _told(*heard[at], share - 1)
        left -= estimate_tokens(text) + 1
        texts[at] = text
    return [(heard[at][0], texts[at]) for at in sorted(texts) if texts[at]]


def _told(session: Session, messages: Sequence[Message], budget: int) -> str:
    """Tell the end of a session in about that many tokens, below its name; "" where nothing fits."""
    heading = f"### Session “{session.name}”, last used {session.active_at:%Y-%m-%d %H:%M} UTC"
    budget -= estimate_tokens(heading) + 1
    said = _fitting(messages, budget)
    return "\n\n".join((heading, *said)) if said else ""


def _fitting(messages: Sequence[Message], budget: int) -> list[str]:
    """Whole exchanges, the newest ones that fit; of a longer one the beginnings."""
    recent, room = RecentMessages(messages), budget
    while room > 0:
        lines = _lines(recent, room)
        over = sum(estimate_tokens(line) + 1 for line in lines) - budget
        if lines and over <= 0:
            return lines
        room -= max(over, 1) if lines else room
    return _beginnings(_lines(RecentMessages(messages[-2:]), UNBOUNDED), budget)


def _lines(recent: RecentMessages, budget: int) -> list[str]:
    prompt = recent.prompt(system="", budget=budget)
    return [f"{_SPEAKERS[one.role]}:\n{quoted(one.content)}" for one in prompt.messages]


def _beginnings(lines: Sequence[str], budget: int) -> list[str]:
    kept: list[str] = []
    for at, line in enumerate(lines):
        kept.append(_beginning(line, budget // (len(lines) - at) - 1))
        budget -= estimate_tokens(kept[-1]) + 1
    return [line for line in kept if line]


def _beginning(text: str, tokens: int) -> str:
    """As much of the text's beginning as surely fits."""
    if estimate_tokens(text) <= tokens:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_tokens(text[:middle] + _CUT) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low] + _CUT if low >= _SHORTEST else ""
