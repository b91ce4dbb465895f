"""What can go wrong on Discord beyond what every platform has in common."""

from bots.outlet import Closed, OutletError


class ThreadArchived(Closed):
    """The thread is archived; it takes messages once it is taken back."""


class InteractionOver(Closed):
    """The interaction was acknowledged before, or its time is over."""


class BadToken(OutletError):
    """Discord does not know the bot's token."""


class NoIntent(OutletError):
    """The message content intent is not switched on for the application."""
