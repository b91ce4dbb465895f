"""What the adapter knows of the gateway and of channels, in words of its own."""

from dataclasses import dataclass
from typing import Protocol

CALL_TIME = 10.0
"""Seconds that a REST call may take, with what it waits for its rate-limit bucket."""

PRIVATE_THREAD = 12
THREADS = frozenset({10, 11, PRIVATE_THREAD})
"""https://discord.com/developers/docs/resources/channel#channel-object-channel-types"""


class Listener(Protocol):
    """Who is told what the gateway says. Both methods return at once and raise nothing."""

    def heard(self, event: str, data: object) -> None:
        """An event, by its name on the wire, before anything else takes notice of it."""
        ...

    def changed(self, state: str) -> None:
        """The connection's state: ``ready`` (a new session), ``resumed`` or ``disconnect``."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel or thread of a guild as the gateway described it; ids in decimal.

    ``parent`` is a thread's channel. ``public`` says that everybody in the guild may read it.
    """

    id: str
    guild: str
    guild_name: str
    name: str
    kind: int
    parent: str
    public: bool
    newest: int
    shut: bool
