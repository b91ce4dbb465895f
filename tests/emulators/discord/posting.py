"""Messages come, change and go, and the gateway hears of it."""

import re
from dataclasses import dataclass, field

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.nouns import (
    LOADING,
    Attachment,
    Channel,
    Message,
    MessageKind,
    Revision,
    Typing,
    User,
)
from tests.emulators.discord.settings import Intent
from tests.emulators.discord.world import Event, World

_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")


@dataclass(frozen=True, slots=True)
class Pings:
    """Whom a message may mention; None for a kind means everybody that it names."""

    users: frozenset[int] | None = None
    roles: frozenset[int] | None = None
    everyone: bool = True
    replied_user: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say."""

    author: User
    content: str = ""
    kind: MessageKind = MessageKind.DEFAULT
    embeds: list[JsonObject] = field(default_factory=list)
    components: list[JsonObject] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reply_to: Message | None = None
    reference: JsonObject | None = None
    flags: int = 0
    nonce: str | int | None = None
    pings: Pings = field(default_factory=Pings)
    interaction: JsonObject | None = None
    ephemeral_to: User | None = None
    message_id: int | None = None

    @property
    def empty(self) -> bool:
        return not (self.content.strip() or self.embeds or self.components or self.attachments)


def post(world: World, channel: Channel, draft: Draft) -> Message:
    """Put a message into a channel; whitespace around the content is cut, as Discord does."""
    kind = draft.kind
    if kind is MessageKind.DEFAULT and draft.reply_to is not None:
        kind = MessageKind.REPLY
    message = Message(
        id=draft.message_id or world.ids.next(),
        channel=channel,
        author=draft.author,
        created_at=world.clock.now(),
        content=draft.content.strip(),
        kind=kind,
        embeds=draft.embeds,
        components=draft.components,
        attachments=draft.attachments,
        flags=draft.flags,
        nonce=draft.nonce,
        reply_to=draft.reply_to,
        reference=draft.reference or _reference(draft.reply_to),
        interaction=draft.interaction,
        ephemeral_to=draft.ephemeral_to,
    )
    _mention(world, message, draft.pings)
    _remember(world, message)
    channel.messages[message.id] = message
    channel.sent += not message.ephemeral
    _tell(world, "MESSAGE_CREATE", message)
    return message


def edit(world: World, message: Message, draft: Draft) -> None:
    """Let a message say what the draft says; a loading message stops loading and counts as new."""
    was_loading = message.loading
    message.content = draft.content.strip()
    message.embeds = draft.embeds
    message.components = draft.components
    message.attachments = draft.attachments
    message.flags &= ~LOADING
    if not was_loading:
        message.edited_at = world.clock.now()
    _mention(world, message, draft.pings)
    _remember(world, message)
    _tell(world, "MESSAGE_UPDATE", message)


def delete(world: World, message: Message) -> None:
    if message.deleted_at is not None:
        return
    message.deleted_at = world.clock.now()
    data: JsonObject = {"id": str(message.id), "channel_id": str(message.channel.id)}
    if message.channel.guild is not None:
        data["guild_id"] = str(message.channel.guild.id)
    if message.ephemeral:
        world.changes.happened()
        return
    world.tell(Event("MESSAGE_DELETE", data, _intent(message.channel)), message.channel)


def type_in(world: World, channel: Channel, user: User) -> None:
    """Show that somebody is typing."""
    now = world.clock.now()
    channel.typing.append(Typing(user, now))
    data: JsonObject = {
        "channel_id": str(channel.id),
        "user_id": str(user.id),
        "timestamp": int(now.timestamp()),
    }
    intent = Intent.DIRECT_MESSAGE_TYPING
    if channel.guild is not None:
        intent = Intent.GUILD_MESSAGE_TYPING
        data["guild_id"] = str(channel.guild.id)
        data["member"] = payloads.member(channel.guild.members[user.id])
    world.tell(Event("TYPING_START", data, intent), channel)


def current(message: Message) -> Draft:
    """Give what a message says as a draft, so that an edit may change parts of it."""
    return Draft(
        author=message.author,
        content=message.content,
        embeds=message.embeds,
        components=message.components,
        attachments=message.attachments,
        flags=message.flags,
    )


def readable_without_intent(world: World, message: Message) -> bool:
    """Say whether a bot reads the content without the MESSAGE_CONTENT intent.

    https://discord.com/developers/docs/events/gateway#message-content-intent
    """
    mine = message.author is world.bot or message.interaction is not None
    return mine or message.channel.guild is None or world.bot in message.mentions


def _tell(world: World, name: str, message: Message) -> None:
    if message.ephemeral:
        world.changes.happened()
        return
    data = payloads.gateway_message(message)
    hidden = None
    if not readable_without_intent(world, message):
        hidden = payloads.without_content(data)
    world.tell(Event(name, data, _intent(message.channel), hidden), message.channel)


def _remember(world: World, message: Message) -> None:
    message.history.append(Revision(world.clock.now(), message.content, message.components))


def _reference(reply_to: Message | None) -> JsonObject | None:
    if reply_to is None:
        return None
    reference: JsonObject = {
        "type": 0,
        "message_id": str(reply_to.id),
        "channel_id": str(reply_to.channel.id),
    }
    if reply_to.channel.guild is not None:
        reference["guild_id"] = str(reply_to.channel.guild.id)
    return reference


def _mention(world: World, message: Message, pings: Pings) -> None:
    named = [int(found) for found in _MENTION.findall(message.content)]
    allowed = [i for i in named if pings.users is None or i in pings.users]
    if message.reply_to is not None and pings.replied_user:
        allowed.append(message.reply_to.author.id)
    message.mentions = [world.users[i] for i in dict.fromkeys(allowed) if i in world.users]
    roles = [int(found) for found in _ROLE_MENTION.findall(message.content)]
    message.mention_roles = [i for i in roles if pings.roles is None or i in pings.roles]
    shouts = "@everyone" in message.content or "@here" in message.content
    message.mention_everyone = shouts and pings.everyone and message.channel.guild is not None


def _intent(channel: Channel) -> Intent:
    return Intent.DIRECT_MESSAGES if channel.guild is None else Intent.GUILD_MESSAGES
