"""What comes from elsewhere: see :class:`sessions.ports.bringing.Bringing`."""

from sessions.errors import NameTaken
from sessions.model import Session, SessionKey, WorkspaceId
from sessions.names import fold
from sessions.ports.bringing import Brought
from storage import codec
from storage.redis.calls import packed, row, text
from storage.redis.looking import session_in
from storage.redis.records import instant
from storage.redis.room import Room
from storage.shelf import nowhere
from storage.wellformed import mends_text


@mends_text
class Bringing(Room):
    """Whole sessions, each in one script."""

    async def bring(self, workspace: WorkspaceId, brought: Brought) -> Session:
        """See :meth:`sessions.ports.bringing.Bringing.bring`."""
        keys = self._calls.keys.of(workspace)
        names = [
            keys.sessions,
            keys.meta,
            keys.recent(brought.audience),
            keys.names,
            keys.alphabet(brought.audience),
            keys.audiences,
            keys.transcript(brought.id),
        ]
        args, messages = _fields(brought), list(map(codec.encode, brought.messages))
        key = SessionKey(workspace, brought.id)
        found = row(
            await self._repair.sound(key, lambda: self._calls.run("bring", names, args, *messages))
        )
        match text(found[0]):
            case "nowhere":
                raise nowhere()
            case "taken":
                raise NameTaken(f"There is a session named {brought.name} already. Give it another name.")
            case _:
                return session_in(workspace, found[1])


def _fields(brought: Brought) -> bytes:
    tally, names = brought.tally(), brought.names()
    counts = (
        tally.user_messages,
        tally.agent_messages,
        tally.tokens,
        tally.context,
        tally.size,
        tally.estimated,
    )
    return packed(
        brought.id,
        names,
        [fold(one) for one in names],
        brought.title,
        brought.audience,
        brought.starter,
        brought.preferences.model,
        brought.preferences.system,
        instant(brought.created_at),
        instant(brought.active_at),
        0 if brought.archived_at is None else max(instant(brought.archived_at), 1),
        counts,
    )
