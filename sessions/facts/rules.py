"""When facts are drawn on and taken down, and whose they may be."""

from dataclasses import dataclass

from sessions.model import OPEN, Audience, Platform
from sessions.ports.turns import Work


@dataclass(frozen=True, slots=True)
class MemoryRules:
    """What a deployment says about facts.

    They are used in every turn that is asked on a platform of ``always``, elsewhere where a person wishes
    it. ``extracts``: after such a turn facts are also taken from what was said without being asked to.
    """

    always: frozenset[Platform] = frozenset()
    extracts: bool = False

    def is_on(self, work: Work) -> bool:
        """Whether the turn draws on facts and may add to them."""
        inbound = work.turn.inbound
        return inbound.wishes.memory or inbound.place.thread.platform in self.always


def readable(work: Work) -> frozenset[Audience]:
    """Whose facts may enter the turn's prompts: everybody who reads along there may read them."""
    return frozenset({OPEN, work.session.audience})
