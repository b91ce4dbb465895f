"""What comes from elsewhere, as rows."""

from sessions.errors import NameTaken
from sessions.model import Session, SessionKey, WorkspaceId
from sessions.ports.bringing import Brought
from sessions.ports.catalog import NewSession
from storage.shelf import nowhere
from storage.sqlite import creating, rows, transcripts
from storage.sqlite.step import Step, instant


def bring(step: Step, workspace: WorkspaceId, brought: Brought) -> Session:
    """See :meth:`sessions.ports.bringing.Bringing.bring`."""
    there = rows.find(step, SessionKey(workspace, brought.id))
    if there is not None:
        return there.session()
    if step.execute("SELECT 1 FROM workspaces WHERE id = ?", (workspace,)).fetchone() is None:
        raise nowhere()
    rows.step_aside(step, SessionKey(workspace, brought.id))
    name = next((one for one in brought.names() if not creating.taken(step, workspace, one)), None)
    if name is None:
        raise NameTaken(f"There is a session named {brought.name} already. Give it another name.")
    row = creating.insert(
        step,
        workspace,
        NewSession(
            brought.id, name, brought.audience, brought.starter, brought.title, brought.preferences
        ),
    )
    transcripts.append(step, row, brought.messages)
    tally = brought.tally()
    step.execute(
        "UPDATE sessions SET created_at = ?, active_at = ?, archived = ?, messages = ?,"
        " user_messages = ?, agent_messages = ?, tokens = ?, context = ?, size = ?, estimated = ?"
        " WHERE seq = ?",
        (
            instant(brought.created_at),
            instant(brought.active_at),
            0 if brought.archived_at is None else max(instant(brought.archived_at), 1),
            tally.messages,
            tally.user_messages,
            tally.agent_messages,
            tally.tokens,
            tally.context,
            tally.size,
            tally.estimated,
            row.seq,
        ),
    )
    return rows.load(step, row.seq).session()
