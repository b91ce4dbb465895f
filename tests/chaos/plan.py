"""How much of everything there is in a run; all of it can be set in the environment."""

import os
import random
from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Plan:
    """Each field's variable is ``PARLEY_CHAOS_`` and its name in capitals. Times are in seconds.

    ``rate`` is messages a second of all chats together. ``kill_every`` is between two kills of replicas,
    ``down`` at most between a kill and the next start. ``lost`` is the share of requests whose reply is
    lost with the connection; ``cut_every`` is between two moments at which a node loses all connections.
    ``settle`` bounds the wait for the last answer. ``orderly`` ones are told to end, not killed.
    """

    seed: int = 0
    replicas: int = 3
    chats: int = 200
    messages: int = 5000
    rate: float = 6.0
    lease: int = 3
    kill_every: float = 9.0
    down: float = 2.0
    master_kills: int = 6
    lost: float = 0.002
    cut_every: float = 20.0
    settle: float = 180.0
    orderly: int = 1

    @property
    def seconds(self) -> float:
        """How long the messages take to send."""
        return self.messages / self.rate

    def chance(self, of: str) -> random.Random:
        """A source of choices that depends on the seed and on nothing that others choose."""
        return random.Random(f"{self.seed}:{of}")

    def from_environment(self) -> Self:
        """The same with what is set; a seed that is not set is drawn."""
        found = {
            one.name: type(getattr(self, one.name))(text)
            for one in fields(self)
            if (text := os.environ.get(f"PARLEY_CHAOS_{one.name.upper()}"))
        }
        return replace(self, **{"seed": random.randrange(1 << 30), **found})


FULL = Plan()
SHORT = Plan(
    replicas=2,
    chats=20,
    messages=100,
    rate=12.0,
    kill_every=3.0,
    down=0.5,
    master_kills=1,
    lost=0.005,
    cut_every=4.0,
    settle=120.0,
    orderly=0,
)
