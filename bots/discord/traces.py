"""What a channel's messages tell of those that were taken over, and of those that nobody heard.

Knows no time at which anything was done: an answer may be sent, and a turn be committed, long after its
question and after other messages. What counts is which messages were taken over, by their ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bots.discord.addressing import addressed
from bots.discord.events import Said


@dataclass(frozen=True, slots=True)
class Traces:
    """What tells the messages that were taken over before this process heard anything.

    ``taken`` are ids that the store knows. ``heard_from`` is the least id that this process may have
    heard of itself: what it did then says nothing of earlier messages.
    """

    bot: str
    role: str
    taken: frozenset[str]
    heard_from: int

    def seen(self, page: Sequence[Said]) -> bool:
        """Whether a message among these was taken over, so that earlier ones were heard as well."""
        taken = self._taken(page)
        return any(said.id in taken and int(said.id) < self.heard_from for said in page)

    def missed(self, found: Sequence[Said], *, direct: bool) -> list[Said]:
        """Return what may have been missed, oldest first.

        In a guild that is nothing before the newest sign that the thread was bound: a command that was
        carried out there, or a message to the bot that was taken over. People may have been among
        themselves before it.
        """
        taken, missed = self._taken(found), list[Said]()
        for said in sorted(found, key=lambda said: int(said.id)):
            if not direct and int(said.id) < self.heard_from and self._binds(said, taken):
                missed.clear()
            if said.id not in taken and said.author.id != self.bot:
                missed.append(said)
        return missed

    def _binds(self, said: Said, taken: frozenset[str]) -> bool:
        if said.author.id == self.bot:
            return said.interaction_metadata is not None
        return said.id in taken and addressed(said, self.bot, self.role)

    def _taken(self, found: Sequence[Said]) -> frozenset[str]:
        """What the store knows and what the bot has replied to, if only with its first sign of life."""
        replied = (
            said.message_reference.message_id or ""
            for said in found
            if said.author.id == self.bot and said.message_reference is not None
        )
        return self.taken.union(replied)
