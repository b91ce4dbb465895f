"""What comes from elsewhere, put into the tables as it was there."""

from sessions.errors import NameTaken
from sessions.model import Session, SessionKey
from sessions.names import fold
from sessions.ports.bringing import Brought
from storage.rules import status
from storage.state.changes import PutMessages, PutSession
from storage.state.step import Step


def bring(step: Step, brought: Brought) -> Session:
    """See :meth:`sessions.ports.bringing.Bringing.bring`. The workspace is this one."""
    tables = step.tables
    if brought.id in tables.sessions:
        return tables.sessions[brought.id]
    name = next((one for one in brought.names() if fold(one) not in tables.by_fold), None)
    if name is None:
        raise NameTaken(f"There is a session named {brought.name} already. Give it another name.")
    kept = brought.archived_at is not None
    session = Session(
        key=SessionKey(tables.workspace, brought.id),
        name=name,
        title=brought.title,
        status=status(deleted=False, archived=kept, bound=False),
        audience=brought.audience,
        starter=brought.starter,
        created_at=brought.created_at,
        active_at=brought.active_at,
        tally=brought.tally(),
        preferences=brought.preferences,
        archived_at=brought.archived_at,
    )
    step.put(PutSession(session))
    if brought.messages:
        step.put(PutMessages(brought.id, 0, brought.messages))
    return tables.sessions[brought.id]
