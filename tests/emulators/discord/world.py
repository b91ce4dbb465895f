"""The world that people and the bot share: who and what exists, and who hears of changes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.emulators.discord.changes import Changes, Clock, JsonObject, Snowflakes
from tests.emulators.discord.nouns import Channel, ChannelKind, Guild, Message, User
from tests.emulators.discord.permissions import can_see
from tests.emulators.discord.settings import ALWAYS, Intent, Settings


@dataclass(frozen=True, slots=True)
class Event:
    """Something the gateway may tell; intents of 0 reach every session."""

    name: str
    data: JsonObject
    intents: Intent = ALWAYS
    without_content: JsonObject | None = None
    """The same for a session without the MESSAGE_CONTENT intent."""


class World:
    """All nouns by id, the bot among them, and the way to publish events."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.changes = Changes()
        self.ids = Snowflakes(self.clock)
        self.bot = User(self.ids.next(), "parley", bot=True)
        self.owner = User(self.ids.next(), "bot-owner")
        self.application_id = self.bot.id
        self.users: dict[int, User] = {u.id: u for u in (self.bot, self.owner)}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.deleted_channels: dict[int, Channel] = {}
        self.listeners: list[Callable[[Event], None]] = []

    def tell(self, event: Event, channel: Channel | None = None) -> None:
        """Publish an event, unless it is about a channel that the bot cannot see."""
        if channel is None or can_see(channel, self.bot):
            for listener in self.listeners:
                listener(event)
        self.changes.happened()

    def dm(self, user: User) -> Channel:
        """Find or open the conversation between the bot and a user."""
        for channel in self.channels.values():
            if channel.kind is ChannelKind.DM and user in channel.recipients:
                return channel
        channel = Channel(self.ids.next(), ChannelKind.DM, "", recipients=[self.bot, user])
        self.channels[channel.id] = channel
        return channel

    def any_channel(self, channel_id: int) -> Channel:
        """Find a channel or thread, deleted ones included; KeyError if it never was."""
        channel = self.channels.get(channel_id)
        return self.deleted_channels[channel_id] if channel is None else channel

    def any_message(self, message_id: int) -> Message:
        """Find a message anywhere, deleted ones included; KeyError if it never was."""
        for channel in [*self.channels.values(), *self.deleted_channels.values()]:
            if message_id in channel.messages:
                return channel.messages[message_id]
        raise KeyError(message_id)

    def threads(self, guild: Guild) -> Iterator[Channel]:
        return (channel for channel in guild.channels.values() if channel.thread is not None)

    def shares_guild(self, user: User) -> bool:
        together = (user.id in g.members and self.bot.id in g.members for g in self.guilds.values())
        return any(together)
