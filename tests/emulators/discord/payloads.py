"""Nouns as the JSON objects that Discord's documentation describes."""

from datetime import datetime

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.nouns import (
    Attachment,
    Channel,
    ChannelKind,
    Guild,
    Member,
    Message,
    MessageKind,
    Overwrite,
    Role,
    User,
)
from tests.emulators.discord.permissions import permissions_in


def user(noun: User) -> JsonObject:
    return {
        "id": str(noun.id),
        "username": noun.name,
        "discriminator": "0",
        "global_name": None if noun.bot else noun.name,
        "avatar": None,
        "bot": noun.bot,
        "public_flags": 0,
    }


def own_user(noun: User) -> JsonObject:
    extra = {"verified": True, "mfa_enabled": True, "email": None, "flags": 0, "locale": "en-US"}
    return user(noun) | extra


def member(noun: Member, with_user: bool = True) -> JsonObject:
    body: JsonObject = {
        "nick": None,
        "avatar": None,
        "roles": [str(role.id) for role in noun.roles],
        "joined_at": noun.joined_at.isoformat(),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }
    return body | {"user": user(noun.user)} if with_user else body


def role(noun: Role) -> JsonObject:
    return {
        "id": str(noun.id),
        "name": noun.name,
        "permissions": str(int(noun.permissions)),
        "position": noun.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": noun.managed,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel(noun: Channel, viewer: User | None = None) -> JsonObject:
    """Describe a channel, thread or conversation; a viewer's thread membership is added."""
    body: JsonObject = {
        "id": str(noun.id),
        "type": int(noun.kind),
        "last_message_id": _id(noun.last_message_id),
        "flags": 0,
    }
    if noun.guild is None:
        others = [u for u in noun.recipients if viewer is None or u.id != viewer.id]
        return body | {"recipients": [user(u) for u in others]}
    body |= {"guild_id": str(noun.guild.id), "name": noun.name, "rate_limit_per_user": 0}
    if noun.thread is not None:
        return body | _thread(noun, viewer)
    body |= {
        "position": noun.position,
        "parent_id": None,
        "topic": noun.topic,
        "nsfw": False,
        "permission_overwrites": [_overwrite(o) for o in noun.overwrites],
    }
    if noun.kind is ChannelKind.FORUM:
        forum = {"available_tags": [], "default_forum_layout": 0, "default_sort_order": None}
        body |= {**forum, "default_reaction_emoji": None, "template": ""}
    return body


def thread_member(thread: Channel, user_id: int, joined: datetime) -> JsonObject:
    return {
        "id": str(thread.id),
        "user_id": str(user_id),
        "join_timestamp": joined.isoformat(),
        "flags": 0,
    }


def guild(noun: Guild) -> JsonObject:
    """Describe a guild as GET /guilds/{id} does."""
    return {
        "id": str(noun.id),
        "name": noun.name,
        "owner_id": str(noun.owner_id),
        "icon": None,
        "splash": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role(r) for r in noun.roles.values()],
        "afk_timeout": 300,
        "afk_channel_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "description": None,
        "premium_progress_bar_enabled": False,
    }


def message(noun: Message) -> JsonObject:
    """Describe a message as REST gives it."""
    body = _bare_message(noun)
    if noun.reply_to is not None:
        gone = noun.reply_to.deleted_at is not None
        body["referenced_message"] = None if gone else _bare_message(noun.reply_to)
    if noun.started is not None:
        body["thread"] = channel(noun.started)
    return body


def gateway_message(noun: Message) -> JsonObject:
    """Describe a message as the gateway tells it: with its guild and the author as member."""
    body = message(noun)
    home = noun.channel.guild
    if home is not None:
        body["guild_id"] = str(home.id)
        author = home.members.get(noun.author.id)
        if author is not None:
            body["member"] = member(author, with_user=False)
    return body


def without_content(body: JsonObject) -> JsonObject:
    """Blank what the MESSAGE_CONTENT intent guards, in the message it replies to as well."""
    blank = body | {"content": "", "embeds": [], "attachments": [], "components": []}
    quoted = body.get("referenced_message")
    if quoted:
        blank["referenced_message"] = without_content(quoted)
    return blank


def interaction_channel(noun: Channel, viewer: User) -> JsonObject:
    """Describe a channel inside an interaction, with the permissions of who interacts."""
    return channel(noun) | {"permissions": str(int(permissions_in(noun, viewer)))}


def _bare_message(noun: Message) -> JsonObject:
    body: JsonObject = {
        "id": str(noun.id),
        "channel_id": str(noun.channel.id),
        "type": int(noun.kind),
        "author": user(noun.author),
        "content": noun.content,
        "timestamp": noun.created_at.isoformat(),
        "edited_timestamp": None if noun.edited_at is None else noun.edited_at.isoformat(),
        "tts": False,
        "mention_everyone": noun.mention_everyone,
        "mentions": [user(u) for u in noun.mentions],
        "mention_roles": [str(r) for r in noun.mention_roles],
        "attachments": [_attachment(noun, a) for a in noun.attachments],
        "embeds": noun.embeds,
        "components": noun.components,
        "pinned": False,
        "flags": noun.flags,
    }
    if noun.nonce is not None:
        body["nonce"] = noun.nonce
    if noun.reference is not None:
        body["message_reference"] = noun.reference
    if noun.interaction is not None:
        body |= {"interaction_metadata": noun.interaction, "webhook_id": str(noun.author.id)}
        body["application_id"] = str(noun.author.id)
    if noun.kind is MessageKind.THREAD_STARTER:
        body["content"] = ""
    return body


def _attachment(noun: Message, file: Attachment) -> JsonObject:
    url = f"https://cdn.discordapp.com/attachments/{noun.channel.id}/{file.id}/{file.filename}"
    return {
        "id": str(file.id),
        "filename": file.filename,
        "size": len(file.content),
        "url": url,
        "proxy_url": url,
        "content_type": file.content_type,
    }


def _thread(noun: Channel, viewer: User | None) -> JsonObject:
    state = noun.thread
    assert state is not None
    body: JsonObject = {
        "parent_id": str(state.parent.id),
        "owner_id": str(state.owner_id),
        "message_count": noun.sent,
        "total_message_sent": noun.sent,
        "member_count": len(state.members),
        "applied_tags": state.applied_tags,
        "thread_metadata": {
            "archived": state.archived,
            "auto_archive_duration": state.auto_archive_minutes,
            "archive_timestamp": state.archive_changed_at.isoformat(),
            "locked": state.locked,
            "invitable": state.invitable,
            "create_timestamp": state.created_at.isoformat(),
        },
    }
    if viewer is not None and viewer.id in state.members:
        body["member"] = thread_member(noun, viewer.id, state.members[viewer.id])
    return body


def _overwrite(noun: Overwrite) -> JsonObject:
    return {
        "id": str(noun.target_id),
        "type": 1 if noun.for_member else 0,
        "allow": str(int(noun.allow)),
        "deny": str(int(noun.deny)),
    }


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)
