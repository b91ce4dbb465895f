"""Permission bits, and who may do what in which channel."""

from enum import IntFlag

from tests.emulators.discord.nouns import Channel, ChannelKind, Guild, Member, User


class Permission(IntFlag):
    """The bits of https://discord.com/developers/docs/topics/permissions that matter here."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYTHING = Permission(sum(Permission))
TALKING = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
NOTHING = Permission(0)


def guild_permissions(guild: Guild, member: Member) -> Permission:
    """Combine the everyone role and the member's roles; owners and administrators may all."""
    granted = Permission(guild.everyone.permissions)
    for role in member.roles:
        granted |= Permission(role.permissions)
    if member.user.id == guild.owner_id or Permission.ADMINISTRATOR in granted:
        return EVERYTHING
    return granted


def permissions_in(channel: Channel, user: User) -> Permission:
    """Compute what a user may do in a channel; a thread inherits from its parent.

    https://discord.com/developers/docs/topics/permissions#permission-overwrites
    """
    if channel.guild is None:
        return TALKING if user in channel.recipients else NOTHING
    member = channel.guild.members.get(user.id)
    if member is None:
        return NOTHING
    granted = guild_permissions(channel.guild, member)
    if granted == EVERYTHING:
        return granted
    granted = _overwritten(channel.root, channel.guild, member, granted)
    if Permission.VIEW_CHANNEL not in granted:
        return NOTHING
    return granted if _inside(channel, user, granted) else NOTHING


def can_see(channel: Channel, user: User) -> bool:
    return Permission.VIEW_CHANNEL in permissions_in(channel, user)


def can_send(channel: Channel, user: User) -> bool:
    needed = Permission.SEND_MESSAGES
    if channel.thread is not None:
        needed = Permission.SEND_MESSAGES_IN_THREADS
    return needed in permissions_in(channel, user)


def _overwritten(channel: Channel, guild: Guild, member: Member, granted: Permission) -> Permission:
    of_roles = {role.id for role in member.roles}
    layers = (
        [o for o in channel.overwrites if o.target_id == guild.id],
        [o for o in channel.overwrites if not o.for_member and o.target_id in of_roles],
        [o for o in channel.overwrites if o.for_member and o.target_id == member.user.id],
    )
    for layer in layers:
        for overwrite in layer:
            granted &= ~Permission(overwrite.deny)
        for overwrite in layer:
            granted |= Permission(overwrite.allow)
    return granted


def _inside(channel: Channel, user: User, granted: Permission) -> bool:
    if channel.kind is not ChannelKind.PRIVATE_THREAD or channel.thread is None:
        return True
    return user.id in channel.thread.members or Permission.MANAGE_THREADS in granted
