"""Interactions: opened by a person, to be acknowledged by the bot in three seconds."""

import asyncio
import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.errors import invalid_webhook_token, unknown_webhook
from tests.emulators.discord.nouns import Channel, Message, User
from tests.emulators.discord.permissions import permissions_in
from tests.emulators.discord.world import Event, World


class InteractionKind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4


class Callback(IntEnum):
    """https://discord.com/developers/docs/interactions/receiving-and-responding."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8


class Progress(StrEnum):
    WAITING = "waiting"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    """The person saw "This interaction failed" or "The application did not respond"."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line that autocomplete offers."""

    name: str
    value: str | int | float


@dataclass(slots=True, eq=False)
class Interaction:
    """One use of a command, a component or autocomplete, with all that came back."""

    id: int
    token: str
    kind: InteractionKind
    name: str
    user: User
    channel: Channel
    opened_at: datetime
    data: JsonObject
    source: Message | None = None
    progress: Progress = Progress.WAITING
    callback: Callback | None = None
    acknowledged_at: datetime | None = None
    ephemeral: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Choice] | None = None

    @property
    def metadata(self) -> JsonObject:
        """What messages that answer this interaction say about it."""
        return {
            "id": str(self.id),
            "type": int(self.kind),
            "user": payloads.user(self.user),
            "authorizing_integration_owners": {"0": "0"},
        }


class Interactions:
    """Every interaction so far, and the clock that fails those nobody acknowledges."""

    def __init__(self, world: World) -> None:
        self.by_token: dict[str, Interaction] = {}
        self._world = world
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def failed(self) -> list[Interaction]:
        return [i for i in self.by_token.values() if i.progress is Progress.FAILED]

    def open(
        self,
        kind: InteractionKind,
        name: str,
        user: User,
        channel: Channel,
        data: JsonObject,
        source: Message | None = None,
    ) -> Interaction:
        """Send INTERACTION_CREATE and start the three seconds."""
        world = self._world
        interaction_id = world.ids.next()
        secret = f"interaction:{interaction_id}:{secrets.token_urlsafe(24)}".encode()
        token = base64.urlsafe_b64encode(secret).decode().rstrip("=")
        now = world.clock.now()
        interaction = Interaction(interaction_id, token, kind, name, user, channel, now, data, source)
        self.by_token[token] = interaction
        self._fail_later(interaction)
        # Interactions reach the application even from channels that the bot cannot see.
        world.tell(Event("INTERACTION_CREATE", self._describe(interaction)))
        return interaction

    def expire(self) -> None:
        """Fail what is overdue; called when a test moves the clock."""
        for interaction in self.by_token.values():
            self._fail_if_overdue(interaction)

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def for_webhook(self, application_id: int, token: str) -> Interaction:
        """Find the interaction that a webhook token belongs to, if it may still be used."""
        interaction = self.by_token.get(token)
        if interaction is None or application_id != self._world.application_id:
            raise invalid_webhook_token()
        age = self._world.clock.now() - interaction.opened_at
        if age > self._world.settings.token_lifetime:
            raise invalid_webhook_token()
        if interaction.progress is not Progress.ACKNOWLEDGED:
            raise unknown_webhook()
        return interaction

    def overdue(self, interaction: Interaction) -> bool:
        age = self._world.clock.now() - interaction.opened_at
        return age >= self._world.settings.answer_deadline

    def _fail_later(self, interaction: Interaction) -> None:
        delay = self._world.settings.answer_deadline.total_seconds()

        def fail() -> None:
            self._timers.discard(timer)
            self._fail_if_overdue(interaction)

        # A little late, so that the deadline has surely passed on the emulator's clock.
        timer = asyncio.get_running_loop().call_later(delay + 0.005, fail)
        self._timers.add(timer)

    def _fail_if_overdue(self, interaction: Interaction) -> None:
        if interaction.progress is Progress.WAITING and self.overdue(interaction):
            interaction.progress = Progress.FAILED
            self._world.changes.happened()

    def _describe(self, interaction: Interaction) -> JsonObject:
        world, channel, user = self._world, interaction.channel, interaction.user
        body: JsonObject = {
            "id": str(interaction.id),
            "application_id": str(world.application_id),
            "type": int(interaction.kind),
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": payloads.interaction_channel(channel, user),
            "app_permissions": str(int(permissions_in(channel, world.bot))),
            "locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": world.settings.upload_limit_bytes,
        }
        if interaction.source is not None:
            body["message"] = payloads.message(interaction.source)
        guild = channel.guild
        if guild is None:
            owners = {"0": "0"}
            return body | {
                "user": payloads.user(user),
                "context": 1,
                "authorizing_integration_owners": owners,
            }
        member = payloads.member(guild.members[user.id])
        member["permissions"] = str(int(permissions_in(channel, user)))
        return body | {
            "member": member,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "context": 0,
            "authorizing_integration_owners": {"0": str(guild.id)},
        }
