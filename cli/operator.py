"""Who uses the command line, and where: one thread per operating-system user and workspace."""

import os
import secrets
from dataclasses import dataclass

from cli.options import LOCAL
from sessions.commands import Caller
from sessions.errors import NoSuchSession
from sessions.model import EventId, Person, PersonId, Place, Platform, ThreadRef, WorkspaceKey
from sessions.ports.catalog import Catalog


@dataclass(frozen=True)
class Operator:
    """The person at the command line in a workspace; may see and do everything there."""

    person: Person
    place: Place

    def caller(self) -> Caller:
        """Return what a command wants to know, for one command given now."""
        return Caller(self.person, self.place, self.event(), operator=True)

    @staticmethod
    def event() -> EventId:
        """Return the id of something said just now."""
        return EventId(f"cli:{secrets.token_hex(12)}")


async def operator_in(store: Catalog, workspace: str) -> Operator:
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
    return Operator(Person(PersonId(f"cli:{user}"), user), Place(WorkspaceKey(workspace), thread))


def _user() -> str:
    try:
        import pwd  # not on every system

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return os.environ.get("USERNAME") or os.environ.get("USER") or "operator"
