"""Who uses a terminal, and where: one thread per operating-system user and workspace."""

import os

from bots.terminal.talker import Talker
from sessions.errors import NoSuchSession
from sessions.model import OPERATOR, Person, PersonId, Place, Platform, ThreadRef, WorkspaceKey
from sessions.ports.catalog import Catalog

LOCAL = "local"
"""The workspace of the command line and of Python programs."""


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
    thread = ThreadRef(Platform.TERMINAL, chat, user)
    place = Place(WorkspaceKey(workspace), thread, OPERATOR)
    return Talker(Person(PersonId(f"cli:{user}"), user), place)


def _user() -> str:
    try:
        import pwd  # not on every system

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return os.environ.get("USERNAME") or os.environ.get("USER") or "operator"
