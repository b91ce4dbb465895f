"""Messages over REST: send, read, change, delete, and typing."""

from dataclasses import replace

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.errors import (
    cannot_message_user,
    empty_message,
    missing_permissions,
    not_a_text_channel,
    not_in_a_dm,
    not_the_author,
    reply_needs_history,
    thread_archived,
    thread_locked,
)
from tests.emulators.discord.form import Form, query_form
from tests.emulators.discord.nouns import Channel, ChannelKind, Message
from tests.emulators.discord.permissions import Permission, can_send, permissions_in
from tests.emulators.discord.posting import (
    Draft,
    delete,
    edit,
    post,
    readable_without_intent,
    type_in,
)
from tests.emulators.discord.rest.drafts import read_change, read_draft
from tests.emulators.discord.rest.request import Reply, Request, Routes
from tests.emulators.discord.settings import Intent
from tests.emulators.discord.threads import join, set_archived
from tests.emulators.discord.world import World

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"


def routes() -> Routes:
    return {
        ("GET", _MESSAGES): list_messages,
        ("POST", _MESSAGES): send,
        ("POST", f"{_MESSAGES}/bulk-delete"): delete_many,
        ("GET", _MESSAGE): get,
        ("PATCH", _MESSAGE): change,
        ("DELETE", _MESSAGE): remove,
        ("POST", "/channels/{channel_id}/typing"): typing,
    }


def send(request: Request) -> Reply:
    """Send a message; a repeated enforced nonce gives the earlier message instead."""
    channel = request.channel()
    _check_sending(request.world, channel)
    form = request.form()
    draft = _with_reply(request, channel, form, read_draft(request, form))
    form.check()
    if draft.empty:
        raise empty_message()
    enforced = form.flag("enforce_nonce") and draft.nonce is not None
    if enforced and (earlier := _same_nonce(request.world, channel, draft)) is not None:
        return Reply(200, payloads.message(earlier))
    state = channel.thread
    if state is not None:
        if state.archived:
            set_archived(request.world, channel, archived=False)
        join(request.world, channel, request.world.bot)
    return Reply(200, payloads.message(post(request.world, channel, draft)))


def list_messages(request: Request) -> Reply:
    """Give up to 100 messages, newest first, before, after or around an id."""
    channel = request.channel()
    if channel.kind is ChannelKind.FORUM:
        raise not_a_text_channel()
    form = query_form(request.query)
    limit = form.integer("limit", 1, 100) or 50
    before, after = form.snowflake("before"), form.snowflake("after")
    around = form.snowflake("around")
    form.check()
    if Permission.READ_MESSAGE_HISTORY not in permissions_in(channel, request.world.bot):
        return Reply(200, [])
    seen = [m for m in channel.messages.values() if m.deleted_at is None and not m.ephemeral]
    seen.sort(key=lambda m: m.id)
    found = _page(seen, limit, before, after, around)
    return Reply(200, [_readable(request.world, m) for m in reversed(found)])


def get(request: Request) -> Reply:
    channel = request.channel(Permission.READ_MESSAGE_HISTORY)
    return Reply(200, _readable(request.world, request.message(channel)))


def change(request: Request) -> Reply:
    channel = request.channel()
    message = request.message(channel)
    if message.author is not request.world.bot:
        raise not_the_author()
    if channel.thread is not None and channel.thread.archived:
        raise thread_archived()
    form = request.form()
    draft = read_change(request, form, message)
    form.check()
    if draft.empty:
        raise empty_message()
    edit(request.world, message, draft)
    return Reply(200, payloads.message(message))


def remove(request: Request) -> Reply:
    channel = request.channel()
    message = request.message(channel)
    if message.author is not request.world.bot:
        if channel.guild is None:
            raise not_in_a_dm()
        if Permission.MANAGE_MESSAGES not in permissions_in(channel, request.world.bot):
            raise missing_permissions()
    if channel.thread is not None and channel.thread.archived:
        raise thread_archived()
    delete(request.world, message)
    return Reply(204)


def delete_many(request: Request) -> Reply:
    channel = request.channel(Permission.MANAGE_MESSAGES)
    if channel.guild is None:
        raise not_in_a_dm()
    form = request.form()
    named = form.items("messages", most=100, least=2)
    form.check()
    for value in named:
        message = channel.messages.get(int(str(value)))
        if message is not None:
            delete(request.world, message)
    return Reply(204)


def typing(request: Request) -> Reply:
    channel = request.channel()
    if channel.kind is ChannelKind.FORUM:
        raise not_a_text_channel()
    if not can_send(channel, request.world.bot):
        raise missing_permissions()
    type_in(request.world, channel, request.world.bot)
    return Reply(204)


def _check_sending(world: World, channel: Channel) -> None:
    if channel.kind is ChannelKind.FORUM:
        raise not_a_text_channel()
    if channel.kind is ChannelKind.DM:
        for user in channel.recipients:
            if user is not world.bot and not (user.accepts_dms and world.shares_guild(user)):
                raise cannot_message_user()
        return
    if not can_send(channel, world.bot):
        raise missing_permissions()
    state = channel.thread
    if state is None or not state.locked:
        return
    if Permission.MANAGE_THREADS not in permissions_in(channel, world.bot):
        raise thread_archived() if state.archived else thread_locked()


def _with_reply(request: Request, channel: Channel, form: Form, draft: Draft) -> Draft:
    if form.raw("message_reference") is None:
        return draft
    reference = form.child("message_reference")
    message_id = reference.snowflake("message_id", required=True)
    channel_id = reference.snowflake("channel_id")
    strict = reference.flag("fail_if_not_exists") is not False
    if Permission.READ_MESSAGE_HISTORY not in permissions_in(channel, request.world.bot):
        raise reply_needs_history()
    target = channel.messages.get(message_id or 0)
    elsewhere = channel_id is not None and channel_id != channel.id
    if elsewhere:
        message = "Cannot reply to a message in a different channel"
        form.refuse("message_reference", "MESSAGE_REFERENCE_CHANNEL_MISMATCH", message)
    elif target is None or target.deleted_at is not None or target.ephemeral:
        if strict:
            form.refuse("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return draft
    elif int(target.kind) not in {0, 19, 20, 23}:
        message = "Cannot reply to a system message"
        form.refuse("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", message)
    return replace(draft, reply_to=target)


def _same_nonce(world: World, channel: Channel, draft: Draft) -> Message | None:
    since = world.clock.now() - world.settings.nonce_window
    for message in channel.messages.values():
        same = message.author is draft.author and str(message.nonce) == str(draft.nonce)
        if same and message.created_at >= since:
            return message
    return None


def _page(
    seen: list[Message], limit: int, before: int | None, after: int | None, around: int | None
) -> list[Message]:
    if around is not None:
        older = [m for m in seen if m.id <= around][-(limit // 2 + 1) :]
        newer = [m for m in seen if m.id > around][: limit // 2]
        return (older + newer)[:limit]
    if after is not None:
        return [m for m in seen if m.id > after][:limit]
    if before is not None:
        seen = [m for m in seen if m.id < before]
    return seen[-limit:]


def _readable(world: World, message: Message) -> JsonObject:
    body = payloads.message(message)
    granted = Intent.MESSAGE_CONTENT in world.settings.privileged_intents
    if granted or readable_without_intent(world, message):
        return body
    return payloads.without_content(body)
