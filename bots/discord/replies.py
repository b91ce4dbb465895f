"""Opens the replies of turns that came from Discord."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from bots.discord.outlet import DiscordOutlet
from bots.discord.sending import Rest
from bots.pacing import Pacer
from bots.reply import open_streamed
from sessions.model import Platform, Turn
from sessions.ports.replies import Grant, Reply

PACE = timedelta(seconds=1.3)
"""A channel takes five edits in five seconds; the last ones of an answer must not wait for that."""


class DiscordReplies:
    """Implements :class:`sessions.ports.Replies`."""

    def __init__(self, rest: Rest, bot: Callable[[], str], pace: timedelta = PACE) -> None:
        self._rest = rest
        self._bot = bot
        self._pacer = Pacer(pace)

    @property
    def platforms(self) -> frozenset[Platform]:
        """Discord alone."""
        return frozenset({Platform.DISCORD})

    def open(self, turn: Turn, grant: Grant) -> AbstractAsyncContextManager[Reply]:
        """Begin or take up the reply of a turn, in the channel and under the message that asked."""
        inbound = turn.inbound
        outlet = DiscordOutlet(self._rest, self._bot(), inbound.place.thread.chat, inbound.message)
        return open_streamed(outlet, turn, grant, self._pacer)
