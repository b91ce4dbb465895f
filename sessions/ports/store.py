"""The whole of a store: what every backend offers over one set of data."""

from typing import Protocol

from sessions.ports.bringing import Bringing
from sessions.ports.catalog import Catalog
from sessions.ports.checkpoints import Checkpoints
from sessions.ports.errands import Errands
from sessions.ports.facts import Facts
from sessions.ports.knowledge import Knowledge
from sessions.ports.roles import Roles
from sessions.ports.turns import Turns


class Store(Turns, Catalog, Bringing, Errands, Roles, Facts, Checkpoints, Knowledge, Protocol):
    """A backend: all the ports over one set of data."""

    async def check(self) -> None:
        """Return when the store can be read and written; leaves no trace. Raises StoreUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of files and connections. Repeating it is a no-op."""
        ...
