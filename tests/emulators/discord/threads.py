"""Channels and threads are made, renamed, archived, locked and deleted, and the gateway hears."""

from dataclasses import dataclass

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.nouns import (
    HAS_THREAD,
    Channel,
    ChannelKind,
    Guild,
    Message,
    MessageKind,
    ThreadState,
    User,
)
from tests.emulators.discord.posting import Draft, Pings, post
from tests.emulators.discord.settings import Intent
from tests.emulators.discord.world import Event, World

_QUIET = Pings(replied_user=False)


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """A thread that somebody wants."""

    name: str
    owner: User
    kind: ChannelKind = ChannelKind.PUBLIC_THREAD
    auto_archive_minutes: int = 4320
    invitable: bool = True
    applied_tags: tuple[str, ...] = ()


def add_channel(world: World, channel: Channel) -> None:
    assert channel.guild is not None
    channel.guild.channels[channel.id] = channel
    world.channels[channel.id] = channel
    world.tell(Event("CHANNEL_CREATE", payloads.channel(channel), Intent.GUILDS))


def open_thread(world: World, parent: Channel, plan: ThreadPlan) -> Channel:
    """Open a thread with no message to start from; the parent shows a line about it."""
    thread = _make(world, parent, plan, world.ids.next())
    if plan.kind is not ChannelKind.PRIVATE_THREAD:
        reference = {"channel_id": str(thread.id), "guild_id": _guild_id(thread)}
        line = Draft(plan.owner, plan.name, MessageKind.THREAD_CREATED, reference=reference)
        post(world, parent, line)
    return thread


def open_thread_on(world: World, message: Message, plan: ThreadPlan) -> Channel:
    """Open a thread on a message; both share their id."""
    thread = _make(world, message.channel, plan, message.id)
    message.started = thread
    message.flags |= HAS_THREAD
    starter = Draft(plan.owner, kind=MessageKind.THREAD_STARTER, reply_to=message, pings=_QUIET)
    post(world, thread, starter)
    return thread


def open_post(world: World, forum: Channel, plan: ThreadPlan, first: Draft) -> Channel:
    """Open a forum post: a thread whose first message shares its id."""
    thread = _make(world, forum, plan, world.ids.next())
    opening = Draft(
        author=first.author,
        content=first.content,
        embeds=first.embeds,
        components=first.components,
        attachments=first.attachments,
        flags=first.flags,
        pings=first.pings,
        message_id=thread.id,
    )
    post(world, thread, opening)
    return thread


def rename(world: World, channel: Channel, name: str, by: User) -> None:
    channel.name = name
    if channel.thread is not None:
        post(world, channel, Draft(by, name, MessageKind.CHANNEL_NAME_CHANGE))
    tell_update(world, channel)


def set_archived(world: World, thread: Channel, archived: bool) -> None:
    state = _state(thread)
    if state.archived != archived:
        state.archived = archived
        state.archive_changed_at = world.clock.now()
    tell_update(world, thread)


def set_locked(world: World, thread: Channel, locked: bool) -> None:
    _state(thread).locked = locked
    tell_update(world, thread)


def tell_update(world: World, channel: Channel) -> None:
    name = "CHANNEL_UPDATE" if channel.thread is None else "THREAD_UPDATE"
    seen_by_bot = payloads.channel(channel, world.bot)
    about = None if channel.thread is None else channel
    world.tell(Event(name, seen_by_bot, Intent.GUILDS), about)


def delete_channel(world: World, channel: Channel) -> None:
    """Delete a channel with its threads, or a thread alone."""
    guild = channel.guild
    assert guild is not None
    if channel.thread is None:
        for thread in [t for t in world.threads(guild) if t.root is channel]:
            _forget(world, guild, thread)
        _forget(world, guild, channel)
        world.tell(Event("CHANNEL_DELETE", payloads.channel(channel), Intent.GUILDS))
        return
    data = {
        "id": str(channel.id),
        "guild_id": str(guild.id),
        "parent_id": str(channel.root.id),
        "type": int(channel.kind),
    }
    event = Event("THREAD_DELETE", data, Intent.GUILDS)
    _forget(world, guild, channel)
    world.tell(event, channel)


def join(world: World, thread: Channel, user: User) -> None:
    """Make a user a member of a thread; one who is already stays so."""
    state = _state(thread)
    if user.id in state.members:
        return
    state.members[user.id] = world.clock.now()
    if user is world.bot and thread.kind is ChannelKind.PRIVATE_THREAD:
        _tell_created(world, thread, newly=False)
    added = payloads.thread_member(thread, user.id, state.members[user.id])
    _tell_members(world, thread, user, added=[added])


def leave(world: World, thread: Channel, user: User) -> None:
    if _state(thread).members.pop(user.id, None) is not None:
        _tell_members(world, thread, user, removed=[str(user.id)])


def sync_threads(world: World, parent: Channel) -> None:
    """Tell the active threads of a channel that the bot has come to see."""
    guild = parent.guild
    assert guild is not None
    found = [t for t in world.threads(guild) if t.root is parent and not _state(t).archived]
    mine = [(t, joined) for t in found if (joined := _state(t).members.get(world.bot.id))]
    data = {
        "guild_id": str(guild.id),
        "channel_ids": [str(parent.id)],
        "threads": [payloads.channel(t, world.bot) for t in found],
        "members": [payloads.thread_member(t, world.bot.id, joined) for t, joined in mine],
    }
    world.tell(Event("THREAD_LIST_SYNC", data, Intent.GUILDS), parent)


def _make(world: World, parent: Channel, plan: ThreadPlan, thread_id: int) -> Channel:
    assert parent.guild is not None
    now = world.clock.now()
    state = ThreadState(
        parent=parent,
        owner_id=plan.owner.id,
        created_at=now,
        archive_changed_at=now,
        invitable=plan.invitable,
        auto_archive_minutes=plan.auto_archive_minutes,
        members={plan.owner.id: now},
        applied_tags=list(plan.applied_tags),
    )
    thread = Channel(thread_id, plan.kind, plan.name, guild=parent.guild, thread=state)
    parent.guild.channels[thread.id] = thread
    world.channels[thread.id] = thread
    _tell_created(world, thread, newly=True)
    return thread


def _tell_created(world: World, thread: Channel, newly: bool) -> None:
    data = payloads.channel(thread, world.bot)
    if newly:
        data["newly_created"] = True
    world.tell(Event("THREAD_CREATE", data, Intent.GUILDS), thread)


def _tell_members(
    world: World,
    thread: Channel,
    user: User,
    added: list[JsonObject] | None = None,
    removed: list[str] | None = None,
) -> None:
    data: JsonObject = {
        "id": str(thread.id),
        "guild_id": _guild_id(thread),
        "member_count": len(_state(thread).members),
        "added_members": added or [],
        "removed_member_ids": removed or [],
    }
    # Without the members intent a bot hears only of its own coming and going.
    intent = Intent.GUILDS if user is world.bot else Intent.GUILD_MEMBERS
    world.tell(Event("THREAD_MEMBERS_UPDATE", data, intent), thread)


def _forget(world: World, guild: Guild, channel: Channel) -> None:
    del guild.channels[channel.id]
    world.deleted_channels[channel.id] = world.channels.pop(channel.id)


def _state(thread: Channel) -> ThreadState:
    if thread.thread is None:
        raise ValueError(f"channel {thread.id} is not a thread")
    return thread.thread


def _guild_id(channel: Channel) -> str:
    assert channel.guild is not None
    return str(channel.guild.id)
