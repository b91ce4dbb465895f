"""Where something is said: the Place in the words of the core, and who is let in there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from bots.discord.channels import PRIVATE_THREAD, THREADS, Channel
from sessions.model import OPEN, Audience, Person, PersonId, Place, Platform, ThreadRef, WorkspaceKey

_PRIVATE_CHANNEL = "discord:channel:"
_OPENING = {0: 11, 5: 10}
"""Which kind of thread a kind of channel gets (https://discord.com/developers/docs/resources/channel#channel-object-channel-types)."""


class Kind(StrEnum):
    """What the bot answers in a place: everything, what is for it, or what is bound."""

    DIRECT = "direct"
    CHANNEL = "channel"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class Spot:
    """A channel, thread or conversation. ``opens`` is the kind of thread that it gets, if any."""

    place: Place
    kind: Kind
    guild: str = ""
    parent: str = ""
    title: str = ""
    opens: int | None = None

    @property
    def channel(self) -> str:
        """The channel's or thread's own id."""
        return self.place.thread.chat

    def admission_ids(self, user: str) -> tuple[str, ...]:
        """By what a person here may be admitted."""
        channels = [f"discord:channel:{channel}" for channel in (self.channel, self.parent) if channel]
        guilds = [f"discord:guild:{self.guild}"] if self.guild else []
        return (f"discord:user:{user}", *guilds, *channels)


class Places:
    """Makes Spots of what is known of channels, or can be found out."""

    def __init__(self, find: Callable[[str, float], Awaitable[Channel | None]]) -> None:
        self._find = find

    async def of(self, channel: str, guild: str | None, within: float) -> Spot:
        """Return the spot. A guild's channel that is not found in so many seconds counts as private."""
        if not guild:
            key = WorkspaceKey(f"discord:dm:{channel}")
            return Spot(Place(key, thread_of(channel)), Kind.DIRECT)
        found = await self._find(channel, within)
        if found is None:
            place = Place(guild_key(guild), thread_of(channel), private(channel))
            return Spot(place, Kind.CHANNEL, guild)
        return Spot(
            Place(guild_key(guild), thread_of(channel), _audience(found), found.guild_name),
            Kind.THREAD if found.kind in THREADS else Kind.CHANNEL,
            guild,
            found.parent,
            found.name,
            _OPENING.get(found.kind),
        )


def thread_of(channel: str) -> ThreadRef:
    """Name a channel, thread or conversation."""
    return ThreadRef(Platform.DISCORD, channel)


def guild_key(guild: str) -> WorkspaceKey:
    """Name a guild's workspace."""
    return WorkspaceKey(f"discord:guild:{guild}")


def person_of(user: str, name: str) -> Person:
    """Name a person."""
    return Person(PersonId(f"discord:{user}"), name)


def private(channel: str) -> Audience:
    """Return the audience of a private channel or thread."""
    return Audience(_PRIVATE_CHANNEL + channel)


def channel_of(audience: Audience) -> str | None:
    """Return the private channel that an audience is; None for everybody or another platform's."""
    channel = audience.removeprefix(_PRIVATE_CHANNEL)
    return channel if channel != audience and channel.isdecimal() else None


def _audience(channel: Channel) -> Audience:
    """A public thread is read by its channel's people, a private one by those inside."""
    if channel.public:
        return OPEN
    return private(channel.parent if channel.parent and channel.kind != PRIVATE_THREAD else channel.id)
