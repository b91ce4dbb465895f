"""A strict stand-in for Discord: REST v10 and the gateway on loopback, with people to talk."""

from tests.emulators.discord.emulator import Discord
from tests.emulators.discord.errors import PersonCannot
from tests.emulators.discord.faults import FaultKind
from tests.emulators.discord.people import InteractionFailed, Invocation
from tests.emulators.discord.permissions import EVERYTHING, NOTHING, TALKING, Permission
from tests.emulators.discord.seen import ChannelView, SeenMessage
from tests.emulators.discord.settings import Intent, Rate, RateLimits, Settings

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "TALKING",
    "ChannelView",
    "Discord",
    "FaultKind",
    "Intent",
    "InteractionFailed",
    "Invocation",
    "Permission",
    "PersonCannot",
    "Rate",
    "RateLimits",
    "SeenMessage",
    "Settings",
]
