"""Channels and threads over REST: read, rename, archive, lock, delete, open, join."""

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.errors import (
    empty_message,
    missing_permissions,
    thread_archived,
    thread_exists,
    unknown_member,
    wrong_channel_type,
)
from tests.emulators.discord.form import Form, query_form
from tests.emulators.discord.nouns import Channel, ChannelKind, ThreadState, User
from tests.emulators.discord.permissions import Permission, can_see, can_send, permissions_in
from tests.emulators.discord.rest.drafts import read_draft
from tests.emulators.discord.rest.request import Reply, Request, Routes
from tests.emulators.discord.threads import (
    ThreadPlan,
    delete_channel,
    join,
    leave,
    open_post,
    open_thread,
    open_thread_on,
    rename,
    set_archived,
    set_locked,
    tell_update,
)

_CHANNEL = "/channels/{channel_id}"
_MEMBER = "/channels/{channel_id}/thread-members/{user_id}"
_DURATIONS = frozenset({60, 1440, 4320, 10080})
_NAME_LIMIT = 100


def routes() -> Routes:
    return {
        ("GET", _CHANNEL): get,
        ("PATCH", _CHANNEL): change,
        ("DELETE", _CHANNEL): remove,
        ("POST", f"{_CHANNEL}/threads"): open_here,
        ("POST", f"{_CHANNEL}/messages/{{message_id}}/threads"): open_on_message,
        ("GET", f"{_CHANNEL}/threads/archived/public"): archived_public,
        ("GET", f"{_CHANNEL}/threads/archived/private"): archived_private,
        ("GET", f"{_CHANNEL}/thread-members"): members,
        ("GET", _MEMBER): member,
        ("PUT", _MEMBER): add_member,
        ("DELETE", _MEMBER): remove_member,
    }


def get(request: Request) -> Reply:
    return Reply(200, payloads.channel(request.channel(), request.world.bot))


def change(request: Request) -> Reply:
    channel = request.channel()
    form = request.form()
    if channel.thread is not None:
        _change_thread(request, channel, channel.thread, form)
    elif channel.guild is None:
        raise wrong_channel_type()
    else:
        _change_channel(request, channel, form)
    return Reply(200, payloads.channel(channel, request.world.bot))


def remove(request: Request) -> Reply:
    channel = request.channel()
    if channel.guild is not None:
        needed = Permission.MANAGE_CHANNELS
        if channel.thread is not None:
            needed = Permission.MANAGE_THREADS
        if needed not in permissions_in(channel, request.world.bot):
            raise missing_permissions()
        delete_channel(request.world, channel)
    return Reply(200, payloads.channel(channel))


def open_here(request: Request) -> Reply:
    """Open a thread with no message, or a post when the channel is a forum."""
    parent = request.channel()
    form = request.form()
    if parent.kind is ChannelKind.FORUM:
        return _open_post(request, parent, form)
    if parent.kind not in {ChannelKind.TEXT, ChannelKind.NEWS}:
        raise wrong_channel_type()
    kind = form.choice("type", {10, 11, 12}) or int(ChannelKind.PRIVATE_THREAD)
    plan = _plan(request, form, ChannelKind(kind))
    form.check()
    needed = Permission.CREATE_PUBLIC_THREADS
    if plan.kind is ChannelKind.PRIVATE_THREAD:
        needed = Permission.CREATE_PRIVATE_THREADS
    if needed not in permissions_in(parent, request.world.bot):
        raise missing_permissions()
    thread = open_thread(request.world, parent, plan)
    return Reply(201, payloads.channel(thread, request.world.bot))


def open_on_message(request: Request) -> Reply:
    parent = request.channel(Permission.CREATE_PUBLIC_THREADS)
    message = request.message(parent)
    if parent.kind not in {ChannelKind.TEXT, ChannelKind.NEWS}:
        raise wrong_channel_type()
    if message.started is not None:
        raise thread_exists()
    form = request.form()
    kind = ChannelKind.PUBLIC_THREAD
    if parent.kind is ChannelKind.NEWS:
        kind = ChannelKind.NEWS_THREAD
    plan = _plan(request, form, kind)
    form.check()
    thread = open_thread_on(request.world, message, plan)
    return Reply(201, payloads.channel(thread, request.world.bot))


def archived_public(request: Request) -> Reply:
    kinds = {ChannelKind.PUBLIC_THREAD, ChannelKind.NEWS_THREAD}
    return _archived(request, request.channel(Permission.READ_MESSAGE_HISTORY), kinds)


def archived_private(request: Request) -> Reply:
    needed = Permission.READ_MESSAGE_HISTORY | Permission.MANAGE_THREADS
    return _archived(request, request.channel(needed), {ChannelKind.PRIVATE_THREAD})


def members(request: Request) -> Reply:
    thread, state = _thread(request)
    found = [payloads.thread_member(thread, i, joined) for i, joined in state.members.items()]
    return Reply(200, found)


def member(request: Request) -> Reply:
    thread, state = _thread(request)
    user = _user(request)
    if user is None or user.id not in state.members:
        raise unknown_member()
    return Reply(200, payloads.thread_member(thread, user.id, state.members[user.id]))


def add_member(request: Request) -> Reply:
    thread, state = _thread(request)
    if state.archived:
        raise thread_archived()
    user = _user(request)
    if user is None or not can_see(thread.root, user):
        raise unknown_member()
    if user is not request.world.bot and not can_send(thread, request.world.bot):
        raise missing_permissions()
    join(request.world, thread, user)
    return Reply(204)


def remove_member(request: Request) -> Reply:
    thread, state = _thread(request)
    if state.archived:
        raise thread_archived()
    user = _user(request)
    if user is None or user.id not in state.members:
        raise unknown_member()
    if user is not request.world.bot and not _manages(request, thread):
        raise missing_permissions()
    leave(request.world, thread, user)
    return Reply(204)


def _change_thread(request: Request, thread: Channel, state: ThreadState, form: Form) -> None:
    name = form.text("name", 1, _NAME_LIMIT)
    archived, locked = form.flag("archived"), form.flag("locked")
    minutes = form.choice("auto_archive_duration", _DURATIONS)
    form.check()
    world, manages = request.world, _manages(request, thread)
    if state.archived and archived is not False:
        raise thread_archived()
    if state.archived and state.locked and not manages:
        raise missing_permissions()
    owns = state.owner_id == world.bot.id
    if not (manages or owns or (state.archived and name is None)):
        raise missing_permissions()
    if locked is not None and not manages:
        raise missing_permissions()
    if archived is False and state.archived:
        set_archived(world, thread, archived=False)
    if minutes is not None:
        state.auto_archive_minutes = minutes
        tell_update(world, thread)
    if name is not None and name != thread.name:
        rename(world, thread, name, world.bot)
    if locked is not None and locked != state.locked:
        set_locked(world, thread, locked)
    if archived and not state.archived:
        set_archived(world, thread, archived=True)


def _change_channel(request: Request, channel: Channel, form: Form) -> None:
    name = form.text("name", 1, _NAME_LIMIT)
    topic = form.text("topic", most=1024)
    form.check()
    if Permission.MANAGE_CHANNELS not in permissions_in(channel, request.world.bot):
        raise missing_permissions()
    if form.given("topic"):
        channel.topic = topic
    rename(request.world, channel, name or channel.name, request.world.bot)


def _open_post(request: Request, forum: Channel, form: Form) -> Reply:
    plan = _plan(request, form, ChannelKind.PUBLIC_THREAD)
    first = read_draft(request, form.child("message"))
    form.check()
    if first.empty:
        raise empty_message()
    if Permission.SEND_MESSAGES not in permissions_in(forum, request.world.bot):
        raise missing_permissions()
    thread = open_post(request.world, forum, plan, first)
    body = payloads.channel(thread, request.world.bot)
    return Reply(201, body | {"message": payloads.message(thread.messages[thread.id])})


def _plan(request: Request, form: Form, kind: ChannelKind) -> ThreadPlan:
    name = form.text("name", 1, _NAME_LIMIT, required=True)
    return ThreadPlan(
        name=name or "",
        owner=request.world.bot,
        kind=kind,
        auto_archive_minutes=form.choice("auto_archive_duration", _DURATIONS) or 4320,
        invitable=form.flag("invitable") is not False,
        applied_tags=tuple(str(tag) for tag in form.items("applied_tags", most=5)),
    )


def _archived(request: Request, parent: Channel, kinds: set[ChannelKind]) -> Reply:
    assert parent.guild is not None
    limit = query_form(request.query).integer("limit") or 50
    found = [
        t
        for t in request.world.threads(parent.guild)
        if t.thread is not None and t.thread.archived and t.root is parent and t.kind in kinds
    ]
    found.sort(key=_archived_at, reverse=True)
    shown = found[:limit]
    body: JsonObject = {
        "threads": [payloads.channel(t, request.world.bot) for t in shown],
        "members": [],
        "has_more": len(found) > len(shown),
    }
    return Reply(200, body)


def _archived_at(thread: Channel) -> float:
    assert thread.thread is not None
    return thread.thread.archive_changed_at.timestamp()


def _thread(request: Request) -> tuple[Channel, ThreadState]:
    channel = request.channel()
    if channel.thread is None:
        raise wrong_channel_type()
    return channel, channel.thread


def _user(request: Request) -> User | None:
    if request.params["user_id"] == "@me":
        return request.world.bot
    return request.world.users.get(request.id("user_id"))


def _manages(request: Request, thread: Channel) -> bool:
    return Permission.MANAGE_THREADS in permissions_in(thread, request.world.bot)
