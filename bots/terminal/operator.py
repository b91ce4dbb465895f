"""Who uses a terminal, and where: one thread per operating-system user and workspace."""

import os

from bots.terminal.talker import Talker
from sessions.errors import NoSuchSession
from sessions.model import OPERATOR, Person, PersonId, Place, Platform, ThreadRef, WorkspaceKey
from sessions.ports.catalog import Catalog

LOCAL = "local"
"""The workspace of the command line and of Python programs."""


def operator_at(place: str) -> Talker:
    """Return the operator at a place beside the terminal, in the local workspace."""
    user = _user()
    return _talker(user, WorkspaceKey(LOCAL), ThreadRef(Platform.TERMINAL, LOCAL, f"{user}:{place}"))


async def operator_in(store: Catalog, workspace: str) -> Talker:
    """Return the operator in that workspace. Raises NoSuchSession when there is none of that key."""
    user = _user()
    chat = LOCAL
    if workspace != LOCAL:
        found = await store.find_workspace(WorkspaceKey(workspace))
        if found is None:
            raise NoSuchSession(
                f"There is no workspace “{workspace}”. See which there are: parley workspace list"
            )
        chat = found.id
    return _talker(user, WorkspaceKey(workspace), ThreadRef(Platform.TERMINAL, chat, user))


def _talker(user: str, workspace: WorkspaceKey, thread: ThreadRef) -> Talker:
    return Talker(Person(PersonId(f"cli:{user}"), user), Place(workspace, thread, OPERATOR))


def _user() -> str:
    try:
        import pwd  # not on every system

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return os.environ.get("USERNAME") or os.environ.get("USER") or "operator"
