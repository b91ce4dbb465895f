"""Who talks at a terminal, and where."""

import os
from dataclasses import dataclass

from sessions.commands import Caller
from sessions.model import EventId, Person, Place


@dataclass(frozen=True)
class Talker:
    """The person at a terminal: the deployment's operator, who may see and do everything."""

    person: Person
    place: Place

    def caller(self) -> Caller:
        """Return what a command wants to know, for one command given now."""
        return Caller(self.person, self.place, new_event(), operator=True)


def new_event() -> EventId:
    """Return the id of something said at a terminal just now."""
    return EventId(f"cli:{os.urandom(12).hex()}")
