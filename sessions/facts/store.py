"""What facts need of a store."""

from typing import Protocol

from sessions.ports.catalog import Catalog
from sessions.ports.facts import Facts


class FactStore(Facts, Catalog, Protocol):
    """The ports of a store that facts need."""
