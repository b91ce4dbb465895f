"""How much of a session's transcript a terminal has seen, and what it has to tell of the rest."""

from collections.abc import Sequence

from sessions.model import Ending, EventId, Message, Role, Session, SessionKey
from sessions.ports.catalog import Catalog

_AT_FIRST = 10
"""So many of the newest messages are looked at where nothing was seen before."""
_MOST = 200


class SeenMessages:
    """Finds messages that were interrupted since the last look, and names each of them once."""

    def __init__(self, store: Catalog) -> None:
        self._store = store
        self._seen: dict[SessionKey, int] = {}
        self._told: set[EventId] = set()

    def told(self, turn: EventId) -> None:
        """The person was told how this turn ended."""
        self._told.add(turn)

    async def interrupted(self, session: Session) -> tuple[Message, ...]:
        """Return what was interrupted and not told, oldest first; ``session`` is as it stands."""
        seen, count = self._seen.get(session.key), session.tally.messages
        new = min(count, _AT_FIRST) if seen is None else min(count - seen, _MOST)
        if new <= 0:
            return ()
        messages = await self._store.transcript(session.key, count, new)
        self._seen[session.key] = count
        found = lost(messages) if seen is not None else _untold(messages)
        untold = tuple(message for message in found if message.turn not in self._told)
        self._told |= {message.turn for message in untold}
        return untold

    async def is_last(self, session: Session, message: Message) -> bool:
        """Whether nobody said anything in the session after the message."""
        newest = await self._store.transcript(session.key, None, _AT_FIRST)
        asked = [one.turn for one in newest if one.role is Role.USER]
        return asked[-1:] == [message.turn]


def lost(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages of persons that were interrupted, and not answered by a retry either."""
    answered = {message.supersedes for message in messages}
    return tuple(
        message
        for message in messages
        if message.role is Role.USER
        and message.ending is Ending.INTERRUPTED
        and message.turn not in answered
    )


def _untold(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Leave out what its author was told: who says something later looks when that is answered."""
    later = {
        message.author.id: at
        for at, message in enumerate(messages)
        if message.role is Role.USER and message.author and message.ending is not Ending.INTERRUPTED
    }
    found = set(lost(messages))
    return tuple(
        message
        for at, message in enumerate(messages)
        if message in found and (message.author is None or later.get(message.author.id, -1) < at)
    )
