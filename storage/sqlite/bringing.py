"""What comes from elsewhere, as rows."""

from sessions.errors import NameTaken
from sessions.model import Session, SessionKey, WorkspaceId
from sessions.names import fold
from sessions.ports.bringing import Brought
from storage.shelf import nowhere
from storage.sqlite import creating, rows, transcripts
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import Step, instant

_INSERT = (
    "INSERT INTO sessions (workspace, id, name, folded, title, archived, audience, starter, created_at,"
    " active_at, messages, user_messages, agent_messages, tokens, context, size, estimated, model,"
    " system) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def bring(step: Step, workspace: WorkspaceId, brought: Brought) -> Session:
    """See :meth:`sessions.ports.bringing.Bringing.bring`."""
    key = SessionKey(workspace, brought.id)
    there = rows.find(step, key)
    if there is not None:
        return there.session()
    if step.execute("SELECT 1 FROM workspaces WHERE id = ?", (workspace,)).fetchone() is None:
        raise nowhere()
    name = next((one for one in brought.names() if not creating.taken(step, workspace, one)), None)
    if name is None:
        raise NameTaken(f"There is a session named {brought.name} already. Give it another name.")
    rows.step_aside(step, key)
    return _insert(step, key, brought, name).session()


def _insert(step: Step, key: SessionKey, brought: Brought, name: str) -> SessionRow:
    tally, preferences = brought.tally(), brought.preferences
    seq = step.execute(
        _INSERT,
        (
            *(key.workspace, key.id, name, fold(name), brought.title),
            0 if brought.archived_at is None else max(instant(brought.archived_at), 1),
            *(brought.audience, brought.starter),
            *(instant(brought.created_at), instant(brought.active_at)),
            *(tally.messages, tally.user_messages, tally.agent_messages),
            *(tally.tokens, tally.context, tally.size, tally.estimated),
            *(preferences.model, preferences.system),
        ),
    ).lastrowid
    transcripts.write(step, seq or 0, 0, brought.messages)
    creating.count(step, key.workspace, brought.audience, 1)
    rows.bury(step, (seq or 0) - 1)
    return rows.load(step, seq or 0)
